/**
 * A thread that runs seed after seed, and says which of them broke an invariant. It may run them on
 * mutants: a mutant is the text of a file with one thing changed, put in its place before anything is
 * imported.
 */

import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';
import { type Change, noCounts, type SweepOrder, type SweepReport } from './sweep.ts';

const order = workerData as SweepOrder;
Error.stackTraceLimit = order.mutant === null ? 10 : 0;
for (const change of changes()) make(change);
const { simulate } = await import('./simulate.ts');

const report: SweepReport = { seeds: 0, events: 0, counts: { ...noCounts }, failures: [] };
/** What nobody caught while a seed was running is that seed's failure. */
let uncaught: string[] = [];
process.on('unhandledRejection', (error) => void uncaught.push(textOf(error)));
process.on('uncaughtException', (error) => void uncaught.push(textOf(error)));

const last = order.from + order.count;
const untilMs = performance.now() + order.withinMs;
for (let seed = order.from + order.nth; seed < last; seed += order.threads) {
  if (performance.now() > untilMs || Atomics.load(order.failed, 0) >= order.failuresMax) break;
  const broken = await run(seed);
  if (broken.length === 0) continue;
  report.failures.push({ seed, broken });
  Atomics.add(order.failed, 0, 1);
}
parentPort?.postMessage(report);

async function run(seed: number): Promise<string[]> {
  uncaught = [];
  let broken: string[];
  try {
    const outcome = await simulate(seed);
    report.events += outcome.events;
    for (const key of Object.keys(noCounts) as (keyof typeof noCounts)[]) {
      report.counts[key] += outcome.counts[key];
    }
    broken = outcome.violations.map(({ invariant, what }) => `${invariant}: ${what}`);
  } catch (error) {
    broken = [`defect: ${textOf(error)}`];
  }
  report.seeds += 1;
  return [...broken, ...uncaught.map((text) => `defect: ${text}`)];
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function changes(): Change[] {
  const { mutant } = order;
  if (mutant === null) return [];
  return mutant.also === undefined ? [mutant] : [mutant, mutant.also];
}

function make({ file, find, replace }: Change): void {
  const url = new URL(`../../${file}`, import.meta.url).href;
  const text = readFileSync(fileURLToPath(url), 'utf8');
  if (text.split(find).length !== 2) throw new Error(`${file} does not have once: ${find}`);
  const source = text.replace(find, () => replace);
  registerHooks({
    load: (wanted, context, nextLoad) => {
      const loaded = nextLoad(wanted, context);
      return wanted === url ? { ...loaded, source } : loaded;
    },
  });
}
