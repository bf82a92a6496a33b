/**
 * What goes wrong on purpose: processes that stop, die and come back, networks that are cut, databases
 * that crash, fail over and lose what they did not promise; and administrators who change passwords and
 * end sessions.
 */

import type { ClusterNode } from './cluster/node.ts';
import type { Database } from './database/database.ts';
import { addressOf } from './database/lock-statements.ts';
import type { MailboxRow } from './database/tables.ts';
import { type Stage, troubleFor } from './stage.ts';

export interface Scene {
  readonly nodes: readonly ClusterNode[];
  readonly database: Database;
  /** The database has a standby that commits wait for. */
  readonly hasStandby: boolean;
}

type Accident = (stage: Stage, scene: Scene) => void;

function stopNode(stage: Stage, { nodes }: Scene): void {
  const { chance } = stage;
  const ms = chance.hit(0.6) ? chance.between(15_000, 35_000) : chance.between(10, 14_000);
  troubleFor(stage, ms);
  chance.pick(nodes).pause(ms);
}

function killNode(stage: Stage, { nodes }: Scene): void {
  const node = stage.chance.pick(nodes);
  const ms = stage.chance.between(200, 30_000);
  troubleFor(stage, ms);
  node.kill();
  stage.schedule.after(null, ms, () => node.restart());
}

function crashWorker(stage: Stage, { nodes }: Scene): void {
  troubleFor(stage, 500);
  const node = stage.chance.pick(nodes);
  if (node.workers.length > 0) node.crashWorker(stage.chance.pick(node.workers));
}

function cutNode(stage: Stage, { nodes }: Scene): void {
  const ms = stage.chance.between(100, 40_000);
  troubleFor(stage, ms);
  stage.chance.pick(nodes).cutOff(ms);
}

function crashDatabase(stage: Stage, { database }: Scene): void {
  if (!database.isReachable) return;
  const ms = stage.chance.between(200, 12_000);
  troubleFor(stage, ms);
  database.crash(ms, stage.chance.hit(0.3));
}

function failOver(stage: Stage, { database, hasStandby }: Scene): void {
  if (!database.isReachable || !hasStandby) return;
  const { chance } = stage;
  const downMs = chance.between(500, 15_000);
  const lingersMs = chance.hit(0.5) ? 0 : chance.between(100, 30_000);
  troubleFor(stage, Math.max(downMs, lingersMs));
  database.failOver({ downMs, lingersMs, offsetMs: chance.between(-500, 500) });
}

function changePassword(stage: Stage, { database }: Scene): void {
  if (!database.isReachable) return;
  const mailboxId = stage.chance.pick(database.mailboxIds);
  const row = database.primary.tables.mailbox.row(mailboxId);
  const { credentialVersion = '1' } = row.committed ?? {};
  const changed: MailboxRow = {
    credentialVersion: String(Number(credentialVersion) + 1),
    isActive: true,
  };
  stage.trace?.(`mailbox ${mailboxId} gets a new password`);
  database.primary.administer('mailbox', mailboxId, changed);
}

/** A kick, or a lock that is broken. */
function endSession(stage: Stage, { nodes, database }: Scene): void {
  const address = addressOf(stage.chance.pick(database.mailboxIds));
  const isBroken = stage.chance.hit(0.5);
  const { cluster } = stage.chance.pick(nodes).store;
  cluster.endSession({ address, isBroken }).catch(() => undefined);
}

const accidents: readonly Accident[] = [
  ...[stopNode, stopNode, killNode, crashWorker, crashWorker, cutNode],
  ...[crashDatabase, crashDatabase, failOver, failOver, changePassword, endSession],
];

/** A few of them at any time until the storm is over. */
export function plan(stage: Stage, scene: Scene, stormMs: number): void {
  const { chance, schedule } = stage;
  const count = chance.below(6);
  for (let nth = 0; nth < count; nth += 1) {
    const accident = chance.pick(accidents);
    schedule.after(null, chance.between(100, stormMs), () => accident(stage, scene));
  }
}
