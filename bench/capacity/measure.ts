/**
 * Measures the costs that the model needs, each on nodes of its own, and keeps them as JSON.
 *
 * All of it is done three times, and the medians are kept.
 *
 * Usage: node bench/capacity/measure.ts [--quick] [--rounds N] [--out bench/results/capacity-costs.json]
 *
 * Never: a cost that was measured under another load than it stands for.
 */

import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { hashPassword } from '@poplar/identity';
import type { Task } from '../load/order.ts';
import { circumstances } from '../measured.ts';
import {
  type Cost,
  type Costs,
  type MeasuredCosts,
  nothing,
  type PollCost,
  plus,
  type Slope,
} from './costs.ts';
import { medianOf } from './median.ts';
import { lockTable, standing } from './standing.ts';
import { attempt, type Outcome, type Pace, type Trial } from './trial.ts';
import { helpIfAsked, readOrEnd } from './usage.ts';

helpIfAsked(
  process.argv.slice(2),
  'node_modules/.bin/node bench/capacity/measure.ts [--quick] [--rounds N] [--out FILE.json]',
);
const { values } = readOrEnd(() =>
  parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      out: { type: 'string' },
    },
  }),
);
const pace: Pace = values.quick
  ? { seconds: 3, warmUpSeconds: 2 }
  : { seconds: 10, warmUpSeconds: 5 };
const rounds = Number(values.rounds ?? (values.quick ? 1 : 3));
const idleSeconds = values.quick ? 11 : 30;
const idleSessions = values.quick ? 1_000 : 10_000;
/** In one worker; the last one is as many as it can. */
const pollRates = [20, 100, 400, null];
/**
 * Everything else is measured at rates at which a site would run: what comes seldom shares less and wakes
 * processes up, and that is part of what it costs.
 */
const sessionsPerSecond = 100;
const messagesPerSecond = 50;

const poll: Task = { kind: 'poll', tls: false, pipelined: false };
const polled: Trial = { task: poll, mailboxes: 512, messages: 50, octets: 1_000, clients: 128 };
const steady: Trial = { ...polled, perSecond: sessionsPerSecond };
const longer: Trial = { ...steady, messages: 500, octets: 200, mailboxes: 128 };
const noLists = { server: { environment: { POPLAR_SNAPSHOT_CACHE_OCTETS: '0' } } };
const noLogins = { server: { environment: { POPLAR_AUTH_CACHE_SECONDS: '0' } } };

type Try = (trial: Trial) => Promise<Outcome>;

function minus(a: Cost, b: Cost): Cost {
  return plus(a, b, -1);
}

/** Less than nothing is what a busy machine makes of next to nothing. */
function atLeastNothing({ node, postgres, wal }: Cost): Cost {
  return { node: Math.max(0, node), postgres: Math.max(0, postgres), wal: Math.max(0, wal) };
}

/** Through two points. */
function slope(from: number, costFrom: Cost, to: number, costTo: Cost): Slope {
  const each = plus(nothing, minus(costTo, costFrom), 1 / (to - from));
  return { each, fixed: plus(costFrom, each, -from) };
}

function sensible({ fixed, each }: Slope): Slope {
  return { fixed: atLeastNothing(fixed), each: atLeastNothing(each) };
}

async function hashCost(): Promise<number> {
  const secret = new TextEncoder().encode('measured');
  await hashPassword(secret);
  const rounds = 20;
  const before = process.cpuUsage();
  for (let round = 0; round < rounds; round += 1) await hashPassword(secret);
  const used = process.cpuUsage(before);
  return (used.user + used.system) / rounds;
}

async function pollCosts(attempted: Try): Promise<PollCost[]> {
  const costs: PollCost[] = [];
  for (const rate of pollRates) {
    const perSecond = rate === null ? {} : { perSecond: rate };
    const outcome = await attempted({ ...polled, ...perSecond, server: { workers: 1 } });
    costs.push({ ...outcome.cost, perSecondOfWorker: outcome.perSecond });
  }
  return costs;
}

/** What is added when something is not remembered, and by TLS: each against the same load without. */
async function sessionCosts(
  attempted: Try,
  warm: Cost,
): Promise<Pick<Costs, 'handshake' | 'listMiss' | 'loginMiss'>> {
  const cost = async (trial: Trial): Promise<Cost> => (await attempted(trial)).cost;
  const short = minus(await cost({ ...steady, ...noLists }), warm);
  const long = minus(await cost({ ...longer, ...noLists }), await cost(longer));
  const secured = await cost({ ...steady, task: { kind: 'poll', tls: true, pipelined: false } });
  const { node, postgres } = minus(secured, warm);
  return {
    handshake: { node, postgres },
    listMiss: slope(polled.messages, short, longer.messages, long),
    loginMiss: minus(await cost({ ...steady, ...noLogins }), warm),
  };
}

async function messageCosts(
  attempted: Try,
  warm: Cost,
): Promise<Pick<Costs, 'retrieve' | 'remove' | 'deliver'>> {
  const cost = async (trial: Trial): Promise<Cost> => (await attempted(trial)).cost;
  const perSecond = messagesPerSecond;
  const read = (octets: number): Promise<Cost> => {
    const task: Task = { kind: 'retrieval', tls: false, pipelined: 1 };
    return cost({ task, mailboxes: 16, messages: 200, octets, clients: 16, perSecond });
  };
  const delivered = (octets: number): Promise<Cost> =>
    cost({
      task: { kind: 'delivery' },
      mailboxes: 256,
      messages: 0,
      octets,
      clients: 16,
      perSecond,
    });
  const small = await read(readOctets);
  const retrieve = slope(readOctets / 1_000, small, 50, await read(50_000));
  /** Of a whole session, less what the same session costs that reads and deletes nothing. */
  const removed = async (messages: number): Promise<Cost> => {
    const one = await cost(drainOf(messages));
    return minus(plus(nothing, minus(one, small), messages), warm);
  };
  const remove = slope(1, await removed(1), messagesOfDrain, await removed(messagesOfDrain));
  const deliver = slope(4, await delivered(4_000), 50, await delivered(50_000));
  return { retrieve, remove, deliver };
}

const readOctets = 4_000;
const messagesOfDrain = 20;
const drainingClients = 32;

/** Sessions come at the same rate whatever they delete; a quarter of the maildrops goes to warm up. */
function drainOf(messages: number): Trial {
  const sessions = Math.ceil((pace.seconds * messagesPerSecond * 1.7) / drainingClients);
  return {
    ...{ task: { kind: 'drain', pipelined: 1 }, mailboxes: drainingClients * (sessions + 1) },
    ...{ messages, octets: readOctets, clients: drainingClients, perSecond: messagesPerSecond },
  };
}

async function sessionMemory(
  attempted: Try,
): Promise<Pick<Costs['memory'], 'session' | 'sessionTls'>> {
  const of = async (tls: boolean): Promise<number> => {
    const { measured } = await attempted({
      ...{ task: { kind: 'idle', tls, after: 'stat', seen: true }, messages: 3, octets: 1_000 },
      ...{ mailboxes: idleSessions, clients: idleSessions, server: { isWeighed: true } },
    });
    return (measured.memory?.octets ?? 0) / idleSessions;
  };
  return { session: await of(false), sessionTls: await of(true) };
}

async function costsOf(): Promise<Costs> {
  const { idle, ...weights } = await standing(idleSeconds);
  const attempted: Try = async (trial) => {
    const outcome = await attempt(trial, pace, idle);
    process.stderr.write(`${JSON.stringify(trial)}: ${JSON.stringify(outcome.cost)}\n`);
    return outcome;
  };
  const pollAtRates = await pollCosts(attempted);
  const { cost: warm } = await attempted(steady);
  return {
    poll: pollAtRates,
    ...(await sessionCosts(attempted, warm)),
    hash: await hashCost(),
    ...(await messageCosts(attempted, warm)),
    idle,
    ...(await lockTable()),
    memory: { ...weights, ...(await sessionMemory(attempted)) },
  };
}

const when = circumstances('node bench/capacity/measure.ts');
const all: Costs[] = [];
for (let round = 0; round < rounds; round += 1) {
  process.stderr.write(`round ${round + 1} of ${rounds}\n`);
  all.push(await costsOf());
}
const middle = medianOf(all);
const costs: Costs = {
  ...middle,
  handshake: atLeastNothing({ ...middle.handshake, wal: 0 }),
  loginMiss: atLeastNothing(middle.loginMiss),
  listMiss: sensible(middle.listMiss),
  retrieve: sensible(middle.retrieve),
  remove: sensible(middle.remove),
  deliver: sensible(middle.deliver),
};
const result: MeasuredCosts = { format: 1, circumstances: when, costs };
const text = `${JSON.stringify(result, null, 1)}\n`;
process.stdout.write(text);
if (values.out !== undefined) writeFileSync(values.out, text);
