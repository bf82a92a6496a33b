/**
 * Runs one suite with node:test in a process group of its own, shows what it says, and reads the
 * sums from its last lines.
 *
 * Never: a suite that goes on when its time is over; a missing sum taken for zero failures.
 */

import { spawn } from 'node:child_process';
import { globSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Phase } from './phases.ts';

export interface Tally {
  tests: number;
  passed: number;
  failed: number;
}

export interface PhaseResult {
  readonly tally: Tally;
  /** What is wrong besides failed tests; null when nothing is. */
  readonly trouble: string | null;
}

const root = fileURLToPath(new URL('../..', import.meta.url));
/** With --soak everything may take this many times as long. */
const soakFactor = 20;
/** A single test or hook that takes longer is a failure; suites of many set their own. */
const testWithinMs = 120_000;

const children = new Set<number>();
process.on('exit', () => {
  for (const pid of children) killGroup(pid);
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));

export async function runPhase(phase: Phase, soak: boolean): Promise<PhaseResult> {
  const files = globSync([...phase.files], { cwd: root }).sort();
  process.stdout.write(`\n=== ${phase.name}: ${files.length} files\n`);
  if (files.length === 0) return { tally: none(), trouble: 'there are no tests' };
  const factor = soak ? soakFactor : 1;
  const child = spawn(process.execPath, [...argumentsOf(phase, factor), ...files], {
    cwd: root,
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_TEST_CONTEXT: undefined },
  });
  const pid = child.pid ?? 0;
  children.add(pid);
  let said = '';
  child.stdout.on('data', (text: Buffer) => {
    said += text.toString();
    process.stdout.write(text);
  });
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    killGroup(pid);
  }, phase.withinMs * factor);
  const { promise, resolve } = Promise.withResolvers<number | null>();
  child.once('close', resolve);
  const code = await promise;
  clearTimeout(timer);
  // Whatever a test process left in the group goes with it.
  killGroup(pid);
  children.delete(pid);
  const tally = tallyOf(said);
  if (isLate) return { tally, trouble: `not over within ${phase.withinMs * factor} ms` };
  return { tally, trouble: troubleOf(said, tally, code) };
}

function argumentsOf(phase: Phase, factor: number): string[] {
  const coverage =
    phase.branchesOf === undefined
      ? []
      : [
          '--experimental-test-coverage',
          '--test-coverage-branches=100',
          `--test-coverage-include=${phase.branchesOf}/**/*.ts`,
          `--test-coverage-exclude=${phase.branchesOf}/**/*.test.ts`,
          `--test-coverage-exclude=${phase.branchesOf}/**/testing/**`,
        ];
  return [
    '--test',
    '--test-reporter=spec',
    `--test-isolation=${phase.isolated ? 'process' : 'none'}`,
    `--test-concurrency=${phase.concurrency}`,
    `--test-timeout=${testWithinMs * factor}`,
    ...coverage,
  ];
}

function none(): Tally {
  return { tests: 0, passed: 0, failed: 0 };
}

/** The last sum of a kind in the output of the spec reporter. */
function sumOf(said: string, kind: string): number {
  const sums = [...said.matchAll(new RegExp(`^ℹ ${kind} (\\d+)$`, 'gm'))];
  return Number(sums.at(-1)?.[1] ?? 0);
}

function tallyOf(said: string): Tally {
  const failed = sumOf(said, 'fail') + sumOf(said, 'cancelled') + sumOf(said, 'skipped');
  return {
    tests: sumOf(said, 'tests'),
    passed: sumOf(said, 'pass'),
    failed: failed + sumOf(said, 'todo'),
  };
}

function troubleOf(said: string, tally: Tally, code: number | null): string | null {
  if (tally.tests === 0) return 'no test ran';
  if (sumOf(said, 'skipped') + sumOf(said, 'todo') > 0) return 'tests were skipped';
  if (code !== 0 && tally.failed === 0) return `ended with ${code}: see its output`;
  return null;
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It is gone.
  }
}
