/**
 * `npm run bench`: what an operation costs, as CPU time of all processes of a server; ours, or ours
 * and a peer in turns (A B A B) on the same machine with the same mail.
 *
 * Usage: node bench/run.ts [--quick] [--only NAME]... [--against dovecot|dovecot-default|courier|node-floor]
 *          [--install] [--rounds N] [--seconds N] [--out NAME] [--profile DIR]
 * With --out the results are kept as bench/results/NAME.json, NAME.md and NAME.svg, a whole run beside a peer as beside-PEER also
 * without; with --profile every thread of the node leaves a V8 CPU profile in DIR.
 *
 * Never: a claim about another machine; a figure that was not just measured; a package installed without
 * --install.
 */

import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { chartOf, resultPath } from './chart.ts';
import { corpusOf } from './corpus.ts';
import { measure } from './measure.ts';
import { circumstances, type Measured, type Results } from './measured.ts';
import { memoryPace, quickMemoryPace } from './memory.ts';
import { figureText, report } from './report.ts';
import { install, isPeer, type Peer, peers, startServers } from './servers/choose.ts';
import { type BenchServer, NotInstalled } from './servers/server.ts';
import { chosenWorkloads } from './workloads/index.ts';
import type { Workload } from './workloads/workload.ts';

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true },
    against: { type: 'string' },
    install: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    out: { type: 'string' },
    profile: { type: 'string' },
  },
});

/** Processes of the generator: each may keep a processor busy. */
const generatorProcesses = 2;

const timing = {
  // Until a compiler that works at run time has little left to do; later rounds are on the same servers.
  warmUpSeconds: values.quick ? 0.5 : 10,
  seconds: Number(values.seconds ?? (values.quick ? 1 : 8)),
  processes: generatorProcesses,
  memory: values.quick ? quickMemoryPace : memoryPace,
};
const rounds = Number(values.rounds ?? (values.quick ? 1 : 3));

/** Memory has groups of sessions instead of rounds. */
const roundsOf = ({ task }: Workload): number => (task.kind === 'idle' ? 1 : rounds);

function peerWanted(): Peer | null {
  const { against } = values;
  if (against === undefined) return null;
  if (!isPeer(against)) throw new Error(`no such peer: ${against}; there are ${peers.join(', ')}`);
  return against;
}

const startedAtMs = performance.now();

/** What it does, and when: it takes a while. */
function tell(text: string): void {
  const seconds = ((performance.now() - startedAtMs) / 1_000).toFixed(0);
  process.stderr.write(`${seconds.padStart(5)} s  ${text}\n`);
}

/** One round on each server, in turn. */
async function inTurn(
  servers: readonly BenchServer[],
  workload: Workload,
  round: number,
): Promise<Measured[]> {
  const { name, usesUp = false, mail } = workload;
  const corpus = corpusOf({ prefix: usesUp ? `${name}-${round}` : name, ...mail });
  const measured: Measured[] = [];
  for (const server of servers) {
    if (!canServe(server, workload)) continue;
    const which = round < 0 ? 'warm-up' : `round ${round + 1} of ${roundsOf(workload)}`;
    const what = `${name}, ${which}, ${server.name}`;
    if (usesUp || round === 0) {
      tell(`${what}: ${mail.count} maildrops of ${mail.messages} messages`);
      await server.fill(corpus);
    }
    tell(`${what}: measured`);
    try {
      const warmUpSeconds = round > 0 ? Math.min(timing.warmUpSeconds, 2) : timing.warmUpSeconds;
      const one = await measure(server, workload, { ...timing, warmUpSeconds, corpus, round });
      tell(`${what}: ${figureText(one)}`);
      measured.push(one);
    } catch (error) {
      process.stderr.write(`${server.lastWords()}\n`);
      throw error;
    }
  }
  return measured;
}

/** A drain is warmed up by a whole round, whose figures are thrown away: nothing else does what it does. */
function firstRound({ task }: Workload): number {
  return task.kind === 'drain' && !values.quick ? -1 : 0;
}

function canServe({ sessionsMax, nodes }: BenchServer, { clients, task }: Workload): boolean {
  const needsLmtp = ['poll-changed', 'churn', 'delivery', 'mixed'].includes(task.kind);
  return clients <= sessionsMax && !(needsLmtp && nodes.some(({ lmtp }) => lmtp === 0));
}

/**
 * Fresh servers for every workload: what one leaves behind must not help or hinder the next. Under --quick
 * all share them, because nothing is concluded from its figures.
 */
function turns(workloads: readonly Workload[]): (readonly Workload[])[] {
  return values.quick ? [workloads] : workloads.map((workload) => [workload]);
}

async function runAll(against: Peer | null): Promise<Results> {
  const when = circumstances('npm run bench --');
  const described: Record<string, string> = {};
  const runs: Measured[] = [];
  const { profile } = values;
  for (const workloads of turns(chosenWorkloads(values.only, values.quick))) {
    const isWeighed = workloads.some(({ task }) => task.kind === 'idle');
    tell('starting servers');
    const servers = await startServers({
      ...{ against, isWeighed },
      ...(profile === undefined ? {} : { profile }),
    });
    try {
      for (const { name, description } of servers) described[name] = description;
      for (const workload of workloads) {
        for (let round = firstRound(workload); round < roundsOf(workload); round += 1) {
          const measured = await inTurn(servers, workload, round);
          if (round >= 0) runs.push(...measured);
        }
      }
    } finally {
      for (const server of servers.toReversed()) await server.stop();
    }
  }
  return { format: 1, circumstances: when, servers: described, runs };
}

/** A whole run beside a peer is kept without being told to; one of a few workloads would stand for the others. */
function usualOut(against: Peer | null): string | null {
  const isWhole = !values.quick && values.only === undefined;
  return against === null || !isWhole ? null : `beside-${against}`;
}

async function main(): Promise<void> {
  const against = peerWanted();
  let results: Results;
  try {
    results = await runAll(against);
  } catch (error) {
    if (!(error instanceof NotInstalled && values.install)) throw error;
    install(error);
    results = await runAll(against);
  }
  const text = report(results);
  process.stdout.write(text);
  const out = values.out ?? usualOut(against);
  if (out === null) return;
  writeFileSync(resultPath(out, 'json'), `${JSON.stringify(results, null, 1)}\n`);
  writeFileSync(resultPath(out, 'md'), text);
  writeFileSync(resultPath(out, 'svg'), chartOf(results));
}

try {
  await main();
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
