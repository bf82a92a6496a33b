/**
 * Draws kept results of `npm run bench` as bars: CPU of an operation and memory of a session, with least, median and
 * most of the rounds.
 *
 * Usage: node bench/chart.ts NAME      redraws bench/results/NAME.svg from NAME.json
 *
 * Never: a figure that is not in the results; one without its commit and its machine.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { brief, microseconds } from './charts/axis.ts';
import { type BarChart, barChart } from './charts/bars.ts';
import type { Measured, Results } from './measured.ts';
import { figureOf } from './measured.ts';
import { figuresOf, median } from './report.ts';

type Section = BarChart['sections'][number];
type Bar = NonNullable<Section['groups'][number]['bars'][number]>;

const kibi = 1_024;
const leastDrawn = 0.1;

export function chartOf({ circumstances, servers, runs }: Results): string {
  const names = Object.keys(servers);
  const { date, commit, machine, loadBefore } = circumstances;
  const cpu = runs.filter(({ memory }) => memory === null);
  const memory = runs.filter((run) => run.memory !== null);
  const sections: readonly Section[] = [
    {
      title: 'CPU of all processes of the server for one operation (less is better)',
      unit: microseconds,
      groups: groupsOf(cpu, names),
    },
    {
      title: 'Memory of one idle session (less is better)',
      unit: (value: number) => `${brief(value)} KiB`,
      groups: groupsOf(memory, names, kibi),
    },
  ];
  return barChart({
    title: `What an operation costs: ${names.join(', ')}`,
    subtitle: [
      `Measured on ${date} at commit ${commit}, at a load of ${loadBefore.toFixed(1)} with what else ran there.`,
      `${machine}. Powers of ten; whiskers from least to most.`,
    ],
    names,
    sections: sections.filter(({ groups }) => groups.length > 0),
  });
}

function groupsOf(
  runs: readonly Measured[],
  names: readonly string[],
  unit = 1,
): Section['groups'] {
  return [...Map.groupBy(runs, ({ workload }) => workload)].map(([name, own]) => ({
    name,
    operation: own[0]?.operation ?? '',
    bars: names.map((server) =>
      barOf(
        own.filter((run) => run.server === server),
        unit,
      ),
    ),
  }));
}

/** Less than nothing, which noise may make of next to nothing, cannot be drawn. */
function barOf(rounds: readonly Measured[], unit: number): Bar | null {
  const drawn = (value: number): number => Math.max(value / unit, leastDrawn);
  if (rounds.length === 0) return null;
  const figures = rounds.flatMap(figuresOf);
  const middle = drawn(median(rounds.map(figureOf)));
  return {
    median: middle,
    least: Math.min(middle, drawn(Math.min(...figures))),
    most: Math.max(middle, drawn(Math.max(...figures))),
  };
}

export function resultPath(name: string, extension: string): string {
  return join(import.meta.dirname, 'results', `${basename(name, extname(name))}.${extension}`);
}

if (import.meta.main) {
  const [name] = process.argv.slice(2);
  if (name === undefined) {
    process.stderr.write('usage: node bench/chart.ts NAME\n');
    process.exit(2);
  }
  const results: Results = JSON.parse(readFileSync(resultPath(name, 'json'), 'utf8'));
  writeFileSync(resultPath(name, 'svg'), chartOf(results));
}
