/**
 * What grows and what does not, as Markdown and as plots.
 *
 * Never: a verdict without the numbers it comes from.
 */

import { brief, microseconds } from '../charts/axis.ts';
import { type Plot, plot } from '../charts/plot.ts';
import type { Circumstances } from '../measured.ts';
import { type Series, total } from './cost.ts';
import { type Scan, scanHolds } from './scan.ts';
import { growthOf, holds } from './slope.ts';

export interface GrowthResults {
  readonly format: 1;
  readonly circumstances: Circumstances;
  /** By name: `poll`, `open`, `delivery`, `purge`. */
  readonly series: Readonly<Record<string, readonly Series[]>>;
  readonly scan: Scan | null;
}

const mebi = 1_024 * 1_024;

export function growthReport({ circumstances, series, scan }: GrowthResults): string {
  const { date, commit, command, machine, loadBefore } = circumstances;
  const all = Object.values(series).flat();
  return [
    `# What grows, ${machine}`,
    '',
    `Measured on ${date} at commit ${commit} with \`${command}\`, at a load of ${loadBefore.toFixed(1)} with what else ran there.`,
    '',
    'CPU of an operation, of the node and of PostgreSQL. A slope of 0 is a cost that does not grow, of 1 one that grows as its',
    'size; the whole line is fitted by least squares, and the last step is between the two largest sizes.',
    '',
    '| | may grow with | slope | last step | holds |',
    '|---|---|---|---|---|',
    ...all.map(verdict),
    ...(scan === null ? [] : [scanVerdict(scan)]),
    ...all.flatMap((one) => ['', `## ${one.name}`, '', ...table(one)]),
    ...(scan === null ? [] : ['', '## A scan of all mailboxes', '', ...scanText(scan)]),
    '',
  ].join('\n');
}

function pointsOf({ costs }: Series): { readonly size: number; readonly cost: number }[] {
  return costs.map((cost) => ({ size: cost.size, cost: total(cost) }));
}

export function seriesHolds(series: Series): boolean {
  return holds(growthOf(pointsOf(series)), series.power);
}

function verdict(series: Series): string {
  const { name, power, of } = series;
  const { slope, lastStep } = growthOf(pointsOf(series));
  const may = power === 0 ? 'nothing' : of;
  const held = seriesHolds(series) ? 'yes' : '**no**';
  return `| ${name} | ${may} | ${slope.toFixed(2)} | ${lastStep.toFixed(2)} | ${held} |`;
}

function scanVerdict(scan: Scan): string {
  return `| caches under a scan | their settings | | | ${scanHolds(scan) ? 'yes' : '**no**'} |`;
}

function table({ of, costs }: Series): string[] {
  return [
    `| ${of} | CPU | node | PostgreSQL | operations |`,
    '|---|---|---|---|---|',
    ...costs.map((cost) =>
      [
        `| ${brief(cost.size)}`,
        `**${microseconds(total(cost))}**`,
        microseconds(cost.node),
        microseconds(cost.postgres),
        `${cost.operations} |`,
      ].join(' | '),
    ),
  ];
}

/** Rows of the table of samples; all are in the JSON. */
const shownSamples = 12;

function scanText({ mailboxes, polled, seconds, samples, ...bounds }: Scan): string[] {
  const each = Math.max(1, Math.ceil(samples.length / shownSamples));
  const shown = samples.filter((_, index) => index % each === 0 || index === samples.length - 1);
  return [
    `${brief(polled)} of ${brief(mailboxes)} mailboxes were polled once each in ${seconds.toFixed(0)} s. The caches of all workers may hold`,
    `${brief(bounds.loginEntriesMax)} logins and ${Math.round(bounds.snapshotOctetsMax / mebi)} MiB of lists.`,
    '',
    '| polled | RSS of the node, MiB | logins remembered | lists kept, MiB |',
    '|---|---|---|---|',
    ...shown.map(
      (sample) =>
        `| ${brief(sample.polled)} | ${Math.round(sample.residentOctets / mebi)} | ${brief(sample.loginEntries)} | ${(sample.snapshotOctets / mebi).toFixed(1)} |`,
    ),
  ];
}

function subtitleOf({ date, commit, machine, loadBefore }: Circumstances): string[] {
  return [
    `Measured on ${date} at commit ${commit}, at a load of ${loadBefore.toFixed(1)} with what else ran there.`,
    `${machine}.`,
  ];
}

/** By what they show. */
export function growthPlots({ circumstances, series, scan }: GrowthResults): Map<string, string> {
  const subtitle = subtitleOf(circumstances);
  const plots = new Map<string, string>();
  for (const [name, some] of Object.entries(series)) {
    const lines = some.flatMap((one) => [
      { name: one.name, points: one.costs.map((cost) => [cost.size, total(cost)] as const) },
      ...(some.length > 1 ? [] : partsOf(one)),
    ]);
    plots.set(name, plot({ ...costPlot(name, some), subtitle, series: lines }));
  }
  if (scan !== null) plots.set('scan', plot({ ...scanPlot, subtitle, series: scanLines(scan) }));
  return plots;
}

function costPlot(name: string, [one]: readonly Series[]): Omit<Plot, 'subtitle' | 'series'> {
  return {
    title: `CPU of an operation: ${name}`,
    across: { title: one?.of ?? '', text: brief },
    up: { title: 'CPU of node and PostgreSQL', text: microseconds },
    isLog: true,
  };
}

function partsOf({ costs }: Series): Plot['series'][number][] {
  return (['node', 'postgres'] as const).map((part) => ({
    name: part,
    points: costs.map((cost) => [cost.size, cost[part]] as const),
  }));
}

const scanPlot: Omit<Plot, 'subtitle' | 'series'> = {
  title: 'Memory while every mailbox is polled once',
  across: { title: 'mailboxes polled', text: brief },
  up: { title: 'MiB', text: brief },
  isLog: false,
};

function scanLines({ samples }: Scan): Plot['series'] {
  return [
    {
      name: 'RSS of the node',
      points: samples.map((one) => [one.polled, one.residentOctets / mebi] as const),
    },
    {
      name: 'lists kept',
      points: samples.map((one) => [one.polled, one.snapshotOctets / mebi] as const),
    },
    {
      name: 'logins kept, at 400 octets',
      points: samples.map((one) => [one.polled, (one.loginEntries * 400) / mebi] as const),
    },
  ];
}
