/**
 * Tells what happens in the run of a seed: node_modules/.bin/node test/simulation/replay.ts SEED
 *
 * Exits with 1 when an invariant is broken.
 */

import { simulate } from './simulate.ts';

const seed = Number(process.argv[2]);
if (!Number.isSafeInteger(seed)) {
  process.stderr.write('usage: node_modules/.bin/node test/simulation/replay.ts SEED\n');
  process.exit(2);
}
const { violations, counts, events } = await simulate(seed, (text) => {
  process.stdout.write(`${text}\n`);
});
process.stdout.write(`${events} events, ${JSON.stringify(counts)}\n`);
for (const { invariant, what, atMs } of violations) {
  process.stdout.write(`BROKEN at ${Math.round(atMs)} ms: ${invariant}: ${what}\n`);
}
process.exitCode = violations.length === 0 ? 0 : 1;
