/**
 * How costs grow: of a poll with the mailboxes there are, of opening with the messages of a maildrop, of a delivery with
 * its recipients, of a purge with what it removes; and memory while every mailbox of a large site is polled
 * once. What has to hold is said with each, and whether it does.
 *
 * Usage: node bench/growth/run.ts [--quick] [--only poll|open|delivery|purge|scan]... [--draw]
 * Keeps bench/results/growth.json, growth.md and a growth-NAME.svg of each; what is not run stays as it is there. Under
 * --quick nothing is kept. With --draw it measures nothing and draws what is kept.
 *
 * Never: a figure that was kept from a run under --quick.
 */

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { resultPath } from '../chart.ts';
import { circumstances } from '../measured.ts';
import type { Bench, Series } from './cost.ts';
import { deliveryGrowth, openGrowth } from './maildrops.ts';
import { pollGrowth } from './polls.ts';
import { purgeGrowth } from './purges.ts';
import { type GrowthResults, growthPlots, growthReport, seriesHolds } from './report.ts';
import { cacheScan, scanHolds } from './scan.ts';

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true },
    draw: { type: 'boolean', default: false },
  },
});

const startedAtMs = performance.now();
const bench: Bench = {
  timing: values.quick
    ? { warmUpSeconds: 0.5, seconds: 2, processes: 2 }
    : { warmUpSeconds: 3, seconds: 8, processes: 2 },
  isQuick: values.quick,
  tell: (text) => {
    const seconds = ((performance.now() - startedAtMs) / 1_000).toFixed(0);
    process.stderr.write(`${seconds.padStart(5)} s  ${text}\n`);
  },
};

const parts: Readonly<Record<string, (bench: Bench) => Promise<Series[]>>> = {
  poll: pollGrowth,
  open: openGrowth,
  delivery: deliveryGrowth,
  purge: purgeGrowth,
};

function kept(): GrowthResults | null {
  const file = resultPath('growth', 'json');
  if (values.quick || !existsSync(file)) return null;
  const results: GrowthResults = JSON.parse(readFileSync(file, 'utf8'));
  return results;
}

function keep(results: GrowthResults): void {
  writeFileSync(resultPath('growth', 'json'), `${JSON.stringify(results, null, 1)}\n`);
  writeFileSync(resultPath('growth', 'md'), growthReport(results));
  for (const [name, svg] of growthPlots(results)) {
    writeFileSync(resultPath(`growth-${name}`, 'svg'), svg);
  }
}

async function main(): Promise<void> {
  const names = [...Object.keys(parts), 'scan'];
  const wanted = values.only ?? names;
  const unknown = wanted.filter((name) => !names.includes(name));
  if (unknown.length > 0) throw new Error(`no such part: ${unknown}; there are ${names}`);
  const before = kept();
  if (values.draw) {
    if (before === null) throw new Error('nothing is kept');
    keep(before);
    return;
  }
  const when = circumstances('node bench/growth/run.ts');
  const series: Record<string, readonly Series[]> = { ...before?.series };
  for (const [name, part] of Object.entries(parts)) {
    if (wanted.includes(name)) series[name] = await part(bench);
  }
  const scan = wanted.includes('scan') ? await cacheScan(bench) : (before?.scan ?? null);
  const results: GrowthResults = { format: 1, circumstances: when, series, scan };
  process.stdout.write(growthReport(results));
  if (!values.quick) keep(results);
  const grown = Object.values(series)
    .flat()
    .filter((one) => !seriesHolds(one));
  if (grown.length > 0 || (scan !== null && !scanHolds(scan))) {
    bench.tell(`grows faster than it may: ${grown.map(({ name }) => name).join('; ') || 'caches'}`);
  }
}

try {
  await main();
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
