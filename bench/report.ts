/**
 * What was measured, as Markdown: a table of each server's figures, and one of the ratios between two
 * servers, run by run.
 *
 * Never: a figure without its spread; a ratio of runs that were not made in turn.
 */

import { cpuOfOperation, figureOf, type Measured, type Results } from './measured.ts';
import { growthOf } from './memory.ts';

const explained = [
  'CPU is that of all processes and threads of the server, PostgreSQL included where it has one, for one',
  'operation, with the work that it does behind its replies: median (least to most) of the rounds. Memory is the',
  'proportional share (PSS) of the same processes, read while sessions are opened in eight groups one upon another, garbage collected',
  'where a server can be told to: median (least to most) of what the groups behind the first have added. The load generator runs on the same machine; its own CPU is',
  'shown because it must not be the bottleneck. Latencies are of an operation, of a batch where commands are pipelined, in',
  'an open loop from when it was due.',
];

export function report(results: Results): string {
  const { circumstances, servers, runs } = results;
  const { date, commit, command, machine, loadBefore } = circumstances;
  const names = Object.keys(servers);
  const [first = '', ...others] = names;
  return [
    `# ${names.join(' and ')}, ${machine}`,
    '',
    `Measured on ${date} at commit ${commit} with \`${command}\`, at a load of ${loadBefore.toFixed(1)} with what else ran there.`,
    '',
    ...names.map((name) => `- **${name}**: ${servers[name]}`),
    '',
    ...explained,
    ...names.flatMap((name) => ['', `## ${name}`, '', ...table(runs, name)]),
    ...others.flatMap((name) => [
      '',
      `## ${name} / ${first}`,
      '',
      `How many times as much ${name} needs, in runs made in turn.`,
      '',
      ...ratios(runs, first, name),
    ]),
    '',
  ].join('\n');
}

/** One run on one line. */
export function figureText(run: Measured): string {
  return (run.memory === null ? time : size)(figureOf(run));
}

/** What a spread is of: the one figure of a run, or what each group of sessions has added. */
export function figuresOf(run: Measured): number[] {
  return run.memory === null ? [figureOf(run)] : growthOf(run.memory.readings);
}

function table(runs: readonly Measured[], server: string): string[] {
  const own = runs.filter((run) => run.server === server);
  return [
    '| workload | operation | CPU or memory | goal | of it | operations/s | MB/s | p50 / p95 / p99 / max, ms | generator CPU |',
    '|---|---|---|---|---|---|---|---|---|',
    ...[...Map.groupBy(own, ({ workload }) => workload)].flatMap(([, rounds]) => rows(rounds)),
  ];
}

function rows(rounds: readonly Measured[]): string[] {
  const [one] = rounds;
  if (one === undefined) return [];
  const print = one.memory === null ? time : size;
  const figures = rounds.flatMap(figuresOf);
  const middle = <T>(of: (run: Measured) => number, text: (value: number) => T): T =>
    text(median(rounds.map(of)));
  const isMemory = one.memory !== null;
  const latency = (['p50', 'p95', 'p99', 'max'] as const)
    .map((part) => middle(({ latencyMs }) => latencyMs[part], milliseconds))
    .join(' / ');
  const whole = [
    `| ${one.workload}`,
    one.operation + (one.tls === '' ? '' : ` (${one.tls})`),
    `**${print(median(rounds.map(figureOf)))}** (${print(Math.min(...figures))} to ${print(Math.max(...figures))})`,
    one.goal === null ? '' : print(one.goal),
    isMemory ? '' : partsOf(rounds),
    isMemory ? '' : middle((run) => run.operations / run.seconds, count),
    isMemory ? '' : middle((run) => run.octets / run.seconds / 1e6, count),
    isMemory ? '' : latency + heldOf(rounds),
    isMemory ? '' : generatorOf(rounds),
  ];
  const kinds = Object.keys(one.latencyMsOf).sort();
  const ofKinds = kinds.length < 2 ? [] : kinds.map((kind) => rowOf(kind, rounds));
  return [`${whole.join(' | ')} |`, ...ofKinds];
}

/** Of a mixed load: CPU cannot be told apart, latency can. */
function rowOf(kind: string, rounds: readonly Measured[]): string {
  const latency = (['p50', 'p95', 'p99', 'max'] as const)
    .map((part) => milliseconds(median(rounds.map((run) => run.latencyMsOf[kind]?.[part] ?? 0))))
    .join(' / ');
  const rate = median(rounds.map((run) => (run.operationsOf[kind] ?? 0) / run.seconds));
  return `| | of these: ${kind} | | | | ${count(rate)} | | ${latency} | |`;
}

/** CPU of an operation by processes, where there are several kinds, and what came after the replies. */
function partsOf(rounds: readonly Measured[]): string {
  const parts = Object.keys(rounds[0]?.cpuSeconds ?? {});
  const each = parts.map((part) => {
    const cost = rounds.map((run) => ((run.cpuSeconds[part] ?? 0) / run.operations) * 1e6);
    return `${part} ${time(median(cost))}`;
  });
  const later = median(rounds.map((run) => (run.settleCpuSeconds / run.operations) * 1e6));
  const shown = parts.length > 1 ? each : [];
  const isMuch = later > median(rounds.map(cpuOfOperation)) / 20;
  return [...shown, ...(isMuch ? [`${time(later)} behind replies`] : [])].join(', ');
}

function heldOf(rounds: readonly Measured[]): string {
  const held = rounds.reduce((sum, run) => sum + run.held, 0);
  return held === 0 ? '' : `, ${held} not begun`;
}

/** Of an operation, and how many of its processors each process kept busy. */
function generatorOf(rounds: readonly Measured[]): string {
  const cost = median(rounds.map((run) => (run.generatorCpuSeconds / run.operations) * 1e6));
  const busy = median(
    rounds.map((run) => run.generatorCpuSeconds / run.seconds / run.generatorProcesses),
  );
  return `${time(cost)}, ${Math.round(busy * 100)}% of ${rounds[0]?.generatorProcesses}`;
}

function ratios(runs: readonly Measured[], ours: string, theirs: string): string[] {
  const pairs = runs.flatMap((run) => {
    if (run.server !== ours) return [];
    const { workload, round } = run;
    const other = runs.find(
      (one) => one.server === theirs && one.workload === workload && one.round === round,
    );
    return other === undefined
      ? []
      : [{ workload, ratio: figureOf(other) / figureOf(run), run, other }];
  });
  return [
    `| workload | what | ${ours} | ${theirs} | ratio: median | min | max |`,
    '|---|---|---|---|---|---|---|',
    ...[...Map.groupBy(pairs, ({ workload }) => workload)].map(([workload, rounds]) => {
      const isMemory = rounds[0]?.run.memory !== null;
      const print = isMemory ? size : time;
      const all = rounds.map(({ ratio }) => ratio);
      return [
        `| ${workload}`,
        isMemory ? 'memory' : 'CPU',
        print(median(rounds.map(({ run }) => figureOf(run)))),
        print(median(rounds.map(({ other }) => figureOf(other)))),
        `**${median(all).toFixed(2)}**`,
        Math.min(...all).toFixed(2),
        `${Math.max(...all).toFixed(2)} |`,
      ].join(' | ');
    }),
  ];
}

/** The one in the middle; of an even number the mean of the two. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const above = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  const below = sorted[Math.ceil(sorted.length / 2) - 1] ?? Number.NaN;
  return (above + below) / 2;
}

function time(microseconds: number): string {
  return microseconds >= 1_000
    ? `${(microseconds / 1_000).toFixed(2)} ms`
    : `${microseconds.toFixed(1)} us`;
}

function size(octets: number): string {
  return `${(octets / 1_024).toFixed(1)} KiB`;
}

function milliseconds(value: number): string {
  return value.toFixed(value < 10 ? 2 : 0);
}

function count(value: number): string {
  return value < 10 ? value.toFixed(1) : String(Math.round(value));
}
