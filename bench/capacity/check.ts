/**
 * The model against two real nodes on one PostgreSQL: what it says of polls, of a mixed load and of what is
 * remembered, beside what was measured.
 *
 * Usage: node bench/capacity/check.ts [--quick] [--costs FILE.json] [--out NAME]
 *
 * Never: a cost that was measured on these two nodes put into the prediction for them.
 */

import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { circumstances } from '../measured.ts';
import { type PoplarServer, startPoplar } from '../servers/poplar.ts';
import { type Comparison, comparisonTable } from './comparison.ts';
import { type Cost, type Costs, nothing, readCosts } from './costs.ts';
import { connectionsBy, toldCounts } from './counters.ts';
import { connectionsOfNode, costOf, type Load, leaseWritesOf, verifiedShare } from './model.ts';
import { type Site, siteWith } from './site.ts';
import { type Outcome, type Pace, type Trial, tryOn } from './trial.ts';

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    costs: { type: 'string' },
    out: { type: 'string' },
  },
});
const pace: Pace = values.quick
  ? { seconds: 15, warmUpSeconds: 4 }
  : { seconds: 40, warmUpSeconds: 10 };
const nodes = 2;
const workers = 2;
const pollsPerSecond = 300;
const mixedPerSecond = 150;
const weights = { poll: 0.7, 'poll-tls': 0.1, fetch: 0.1, delivery: 0.1 };
const mixedOctets = 10_000;
/** Short, so that it matters within the run. */
const authCacheSeconds = 10;

const site: Site = siteWith({
  ...{ workersOfNode: workers, messagesStored: 50, balance: 'node', messageOctets: mixedOctets },
  ...{ deletedShare: 1, tlsShare: 0 },
});

async function onTwo<T>(
  environment: Readonly<Record<string, string>>,
  work: (server: PoplarServer) => Promise<T>,
): Promise<T> {
  const server = await startPoplar({ nodes, workers, environment });
  try {
    return await work(server);
  } finally {
    await server.stop();
  }
}

function predicted(costs: Costs, of: Site, load: Partial<Load>, perSecond: number): Cost {
  const sum = costOf(of, costs, {
    ...{
      polls: 0,
      newMessages: 0,
      deliveries: 0,
      updates: 0,
      misses: { hash: 0, login: 0, list: 0 },
    },
    ...load,
    pollsOfWorker: (load.polls ?? 0) / nodes / workers,
  });
  return {
    node: sum.node / perSecond,
    postgres: sum.postgres / perSecond,
    wal: sum.wal / perSecond,
  };
}

function costRows(what: string, model: Cost, { cost }: Outcome): Comparison[] {
  return [
    { what: `node CPU of ${what}, us`, predicted: model.node, measured: cost.node },
    { what: `PostgreSQL CPU of ${what}, us`, predicted: model.postgres, measured: cost.postgres },
    { what: `WAL of ${what}, octets`, predicted: model.wal, measured: cost.wal },
  ];
}

async function polls(costs: Costs): Promise<Comparison[]> {
  const trial: Trial = {
    ...{ task: { kind: 'poll', tls: false, pipelined: false }, mailboxes: 512, messages: 50 },
    ...{ octets: 1_000, clients: 256, perSecond: pollsPerSecond },
  };
  return onTwo({}, async (server) => {
    const outcome = await tryOn(server, trial, pace, costs.idle);
    const before = await toldCounts(server.database);
    await sleep(pace.seconds * 1_000);
    const after = await toldCounts(server.database);
    const seconds = (after.atMs - before.atMs) / 1_000;
    const { perSecond } = outcome;
    const model = predicted(costs, site, { polls: perSecond }, perSecond);
    const by = await connectionsBy(server.database);
    return [
      ...costRows('a poll', model, outcome),
      {
        what: 'owner rows written in a second',
        predicted: leaseWritesOf(site, nodes),
        measured: (after.ownerWrites - before.ownerWrites) / seconds,
      },
      {
        what: `PostgreSQL connections after polls alone (${said(by)}); the prediction is the most there may be`,
        predicted: nodes * connectionsOfNode(site),
        measured: total(by),
        isBound: true,
      },
    ];
  });
}

async function mixed(costs: Costs): Promise<Comparison[]> {
  const trial: Trial = {
    ...{ task: { kind: 'mixed', weights }, mailboxes: 1_024, messages: 50 },
    ...{ octets: mixedOctets, clients: 128, perSecond: mixedPerSecond },
  };
  return onTwo({}, async (server) => {
    const outcome = await tryOn(server, trial, pace, costs.idle);
    const { operationsOf, seconds } = outcome.measured;
    const rate = (kind: string): number => (operationsOf[kind] ?? 0) / seconds;
    const sessions = rate('poll') + rate('poll-tls') + rate('fetch');
    const load = {
      polls: sessions,
      newMessages: rate('fetch'),
      updates: rate('fetch'),
      deliveries: rate('fetch') + rate('delivery'),
      // Each fetch finds a maildrop that has changed twice.
      misses: { hash: 0, login: 0, list: rate('fetch') / sessions },
    };
    const secured = siteWith({ tlsShare: rate('poll-tls') / sessions }, site);
    const model = predicted(costs, secured, load, outcome.perSecond);
    const by = await connectionsBy(server.database);
    return [
      ...costRows('an operation of a mixed load', model, outcome),
      {
        what: `PostgreSQL connections after it (${said(by)})`,
        predicted: nodes * connectionsOfNode(site),
        measured: total(by),
        isBound: true,
      },
    ];
  });
}

/** Clients come to either node, and what a node knows lives for a few seconds. */
async function remembered(): Promise<Comparison[]> {
  const trial: Trial = {
    ...{ task: { kind: 'poll', tls: false, pipelined: false }, mailboxes: 600, messages: 5 },
    ...{ octets: 500, clients: 256, perSecond: pollsPerSecond },
  };
  return onTwo({ POPLAR_AUTH_CACHE_SECONDS: String(authCacheSeconds) }, async (server) => {
    const misses = async (): Promise<{ hits: number; misses: number }> => {
      const texts = await Promise.all(
        server.running.map(async ({ ops }) =>
          (await fetch(`http://127.0.0.1:${ops}/metrics`)).text(),
        ),
      );
      const sum = (name: string): number =>
        texts.reduce(
          (all, text) => all + Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1] ?? 0),
          0,
        );
      return {
        hits: sum('poplar_verification_cache_hits_total'),
        misses: sum('poplar_verification_cache_misses_total'),
      };
    };
    let before = { hits: 0, misses: 0 };
    const { perSecond } = await tryOn(server, trial, pace, nothing, async () => {
      before = await misses();
    });
    const after = await misses();
    const missed = after.misses - before.misses;
    const intervalSeconds = trial.mailboxes / perSecond;
    const few = siteWith(
      {
        ...{ mailboxes: trial.mailboxes, activeShare: 1, pollIntervalSeconds: intervalSeconds },
        settings: { authCacheSeconds },
      },
      site,
    );
    return [
      {
        what: `part of polls with no verification remembered (${authCacheSeconds} s, a poll every ${intervalSeconds.toFixed(1)} s)`,
        predicted: 1 - verifiedShare(few, nodes),
        measured: missed / (missed + after.hits - before.hits),
      },
    ];
  });
}

function total(by: Readonly<Record<string, number>>): number {
  return Object.values(by).reduce((sum, count) => sum + count, 0);
}

function said(by: Readonly<Record<string, number>>): string {
  return Object.entries(by)
    .map(([who, count]) => `${who.replace('poplar', '').trim() || 'main'} ${count}`)
    .join(', ');
}

const when = circumstances('node bench/capacity/check.ts');
const kept = new URL('../results/capacity-costs.json', import.meta.url);
const costs = readCosts(values.costs ?? kept);
const comparisons = [
  ...(await polls(costs.costs)),
  ...(await mixed(costs.costs)),
  ...(await remembered()),
];
const text = comparisonTable(comparisons, when, costs.circumstances);
process.stdout.write(text);
if (values.out !== undefined) {
  const result = { format: 1, circumstances: when, costsFrom: costs.circumstances, comparisons };
  writeFileSync(`${values.out}.json`, `${JSON.stringify(result, null, 1)}\n`);
  writeFileSync(`${values.out}.md`, text);
}
