/**
 * One run from one seed: a storm in which clients read and senders deliver while things go wrong, then
 * calm, then the check that every maildrop can be opened and holds what it must.
 *
 * Never: anything that the seed does not decide.
 */

import { plan } from './accidents.ts';
import { Chance } from './chance.ts';
import { LmtpClient } from './clients/lmtp-client.ts';
import { Pop3Client } from './clients/pop3-client.ts';
import { type Cluster, ClusterNode } from './cluster/node.ts';
import { Database } from './database/database.ts';
import { History, type Violation } from './history.ts';
import { Schedule } from './schedule.ts';
import { calm, type Stage, weatherOf } from './stage.ts';

export interface Outcome {
  readonly violations: readonly Violation[];
  readonly counts: History['counts'];
  readonly events: number;
}

/** For what is not over with the trouble: keepalive, a lease, retries, a silent connection. */
const settlingMs = 75_000;
/** A QUIT on connections that fell silent, one after the other, takes long to be given up. */
const silentQuitMs = 200_000;
const visitsMax = 8;
const revisitMs = 2_500;
/** A run that comes this far hangs. */
const eventsMax = 400_000;

export async function simulate(
  seed: number,
  say: ((text: string) => void) | null = null,
): Promise<Outcome> {
  const chance = new Chance(seed);
  const schedule = new Schedule(chance);
  const trace = say && ((text: string) => say(`${schedule.nowMs.toFixed(1).padStart(9)} ${text}`));
  const stage: Stage = { chance, schedule, weather: weatherOf(chance), troubleUntilMs: 0, trace };
  const hasStandby = chance.hit(0.5);
  if (!hasStandby) stage.weather.unreplicated = 0;
  const history = new History(stage);
  const mailboxIds = Array.from({ length: 1 + chance.below(3) }, (_, nth) => String(nth + 1));
  const database = new Database(stage, mailboxIds, {
    committed: (server, logged) => history.committed(server, logged),
    recovered: (server) => history.recovered(server),
    lingers: () => history.twoServers(),
  });
  const workersOfNode = 1 + chance.below(2);
  const lockWaitMs = chance.hit(0.5) ? 0 : 2_000;
  const cluster: Cluster = { stage, database, history, workersOfNode, lockWaitMs };
  const nodes = [new ClusterNode(cluster, 'a'), new ClusterNode(cluster, 'b')];
  const stormMs = chance.between(8_000, 50_000);
  plan(stage, { nodes, database, hasStandby }, stormMs);
  people(cluster, nodes, { mailboxIds, untilMs: stormMs });

  const isStuck = () => schedule.events > eventsMax;
  await schedule.runUntil(stormMs, isStuck);
  stage.weather = calm;
  trace?.('the storm is over');
  await schedule.runUntil(Math.max(stage.troubleUntilMs, stormMs) + settlingMs, isStuck);
  await schedule.runUntil(schedule.nowMs + silentQuitMs, () => !history.isBusy || isStuck());
  await visitAll(cluster, nodes, isStuck);
  history.checkPromises();
  if (isStuck()) history.broken('defect', 'the run does not come to an end');
  return { violations: history.violations, counts: history.counts, events: schedule.events };
}

/** Readers and senders. */
function people(
  cluster: Cluster,
  nodes: readonly ClusterNode[],
  life: { mailboxIds: readonly string[]; untilMs: number },
): void {
  const { stage, history } = cluster;
  const { chance } = stage;
  const anyNode = () => {
    const alive = nodes.filter(({ isAlive }) => isAlive);
    return alive.length === 0 ? null : chance.pick(alive);
  };
  const anyWorker = () => {
    const workers = anyNode()?.workers ?? [];
    return workers.length === 0 ? null : chance.pick(workers);
  };
  const readers = 2 + chance.below(3);
  for (let nth = 0; nth < readers; nth += 1) {
    void new Pop3Client(stage, { ...life, history, anyWorker }).live();
  }
  let attempts = 0;
  const nextAttempt = () => {
    attempts += 1;
    return attempts;
  };
  const maildropWorker = () => anyNode()?.maildrop ?? null;
  const senders = 1 + chance.below(2);
  for (let nth = 0; nth < senders; nth += 1) {
    const options = { ...life, history, nextAttempt, anyWorker: maildropWorker };
    void new LmtpClient(stage, options).live();
  }
}

/** Everybody can read their mail again: no lock outlived its session. */
async function visitAll(
  { stage, history, database }: Cluster,
  nodes: readonly ClusterNode[],
  isStuck: () => boolean,
): Promise<void> {
  const { schedule, chance } = stage;
  const { mailboxIds } = database;
  const workers = nodes.flatMap((node) => node.workers);
  if (workers.length === 0) {
    history.broken('lock-ends', 'no worker is there when the storm is over');
    return;
  }
  const client = new Pop3Client(stage, { mailboxIds, history, anyWorker: () => null, untilMs: 0 });
  for (const mailboxId of mailboxIds) {
    let isOpened = false;
    let isOver = false;
    // The first tries may find connections whose server fell silent long ago.
    const visit = async () => {
      for (let tries = 0; tries < visitsMax && !isOpened; tries += 1) {
        if (tries > 0) await schedule.pauseFor(revisitMs);
        isOpened = await client.session(chance.pick(workers), mailboxId, 'quit');
      }
      isOver = true;
    };
    void visit();
    await schedule.runUntil(schedule.nowMs + 200_000, () => isOver || isStuck());
    if (!isOpened) {
      const holder = history.holderOf(mailboxId);
      history.broken('lock-ends', `mailbox ${mailboxId} cannot be opened: ${holder} has it`);
    }
  }
}
