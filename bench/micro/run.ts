/**
 * Micro-benchmarks without sockets: lines and sessions of the protocol, inputs and rows of the store. Shows
 * how many there are in a second and what they allocate; keeps the allocations, and the plans of the
 * store's statements, for the test that guards them.
 *
 * Usage: node bench/micro/run.ts [--keep]
 *
 * Never: something kept that was not just counted.
 */

import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { startServer } from '@poplar/store/testing';
import { count, type Kept, keptFile, keptPlansFile } from './counted.ts';
import { guardFlags } from './micro-case.ts';
import { storePlans } from './store-plans.ts';

const { values } = parseArgs({ options: { keep: { type: 'boolean', default: false } } });

const compiled = count([]);
const guarded = count(guardFlags);

const rows = compiled.map(({ name, operation, octets, perSecond }, index) => {
  const interpreted = guarded[index]?.octets ?? 0;
  const rate = Math.round(perSecond).toLocaleString('en');
  return `| ${name} | ${operation} | ${rate} | ${octets.toFixed(1)} | ${interpreted.toFixed(1)} |`;
});
process.stdout.write(
  [
    `Node ${process.version}. Octets are those of V8's heap for one operation, with its compilers and without them.`,
    '',
    '| case | an operation | in a second | octets | octets, interpreted |',
    '|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n'),
);

if (values.keep) {
  const octets = Object.fromEntries(
    guarded.map((result) => [result.name, Number(result.octets.toFixed(1))]),
  );
  const kept: Kept = { node: process.version, octets };
  writeFileSync(keptFile, `${JSON.stringify(kept, null, 1)}\n`);
  const server = await startServer();
  try {
    writeFileSync(keptPlansFile, await storePlans(server));
  } finally {
    await server.stop();
  }
}
