/**
 * The one entry of `npm test`: every suite in turn, each in its own processes, each bounded in time,
 * over one PostgreSQL server that is started here and removed afterwards, or another one for a suite
 * that asks for it. Ends with the sums, and with 1 if anything failed, was skipped, or did not run; a
 * suite whose peers this machine lacks is left out and named, but in CI.
 *
 * Usage: node_modules/.bin/node test/run.ts [--soak] [--only NAME]...   (names: see phases.ts)
 *
 * Never: a pass because nothing ran; a process that is left behind.
 */

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startServer } from '@poplar/store/testing';
import { missingPeers } from './support/missing-peers.ts';
import { type Phase, phases } from './support/phases.ts';
import { type PhaseResult, runPhase, type Tally } from './support/run-phase.ts';

const { values } = parseArgs({
  options: { soak: { type: 'boolean' }, only: { type: 'string', multiple: true } },
});
const wanted = values.only ?? [];
const unknown = wanted.filter((name) => !phases.some((phase) => phase.name === name));
if (unknown.length > 0) {
  process.stderr.write(`no such suite: ${unknown.join(', ')}\n`);
  process.exit(2);
}

const startedAtMs = performance.now();
const postgres = await startServer();
process.env.POPLAR_TEST_DATABASE_URL = postgres.url;
if (values.soak === true) process.env.POPLAR_TEST_SOAK = '1';

/** Runs a suite over another PostgreSQL, which must be there and be what it is taken for. */
async function runOn(
  phase: Phase,
  { directory, major }: NonNullable<Phase['postgres']>,
): Promise<PhaseResult> {
  const { stdout } = spawnSync(join(directory, 'postgres'), ['--version'], { encoding: 'utf8' });
  if (!new RegExp(`\\b${major}\\.`).test(stdout ?? '')) {
    const tally = { tests: 0, passed: 0, failed: 0 };
    return {
      tally,
      trouble: `no PostgreSQL ${major} in ${directory}; install postgresql-${major}`,
    };
  }
  process.env.POPLAR_TEST_POSTGRES_BIN = directory;
  const other = await startServer();
  process.env.POPLAR_TEST_DATABASE_URL = other.url;
  try {
    return await runPhase(phase, values.soak === true);
  } finally {
    delete process.env.POPLAR_TEST_POSTGRES_BIN;
    process.env.POPLAR_TEST_DATABASE_URL = postgres.url;
    await other.stop();
  }
}

const total: Tally = { tests: 0, passed: 0, failed: 0 };
const troubles: string[] = [];
const leftOut: string[] = [];
try {
  for (const phase of phases) {
    const isChosen = wanted.length === 0 ? phase.always !== false : wanted.includes(phase.name);
    if (!isChosen && !(values.soak === true && wanted.length === 0)) continue;
    const missing = missingPeers(phase);
    if (missing !== null) {
      const mayBeLeftOut = process.env.CI === undefined && wanted.length === 0;
      const line = `${phase.name}: ${missing}`;
      (mayBeLeftOut ? leftOut : troubles).push(line);
      continue;
    }
    const { tally, trouble } = await (phase.postgres === undefined
      ? runPhase(phase, values.soak === true)
      : runOn(phase, phase.postgres));
    total.tests += tally.tests;
    total.passed += tally.passed;
    total.failed += tally.failed;
    if (trouble !== null) troubles.push(`${phase.name}: ${trouble}`);
  }
} finally {
  await postgres.stop();
}

const seconds = Math.round((performance.now() - startedAtMs) / 1_000);
for (const line of leftOut) process.stdout.write(`left out: ${line}\n`);
for (const trouble of troubles) process.stdout.write(`✖ ${trouble}\n`);
process.stdout.write(
  `\nall suites in ${seconds} s\n` +
    `ℹ tests ${total.tests}\nℹ pass ${total.passed}\nℹ fail ${total.failed}\n` +
    `${total.passed} passed, ${total.failed} failed\n`,
);
process.exit(total.failed === 0 && troubles.length === 0 ? 0 : 1);
