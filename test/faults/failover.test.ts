/**
 * The primary fails and its synchronous standby takes over, under load: clients are served again
 * within ten seconds, everything that was promised is on the new primary, and the former one, dead or
 * left up but read-only, is not used.
 */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Superuser } from '@poplar/store/testing';
import { type FailoverScene, failoverScene } from '../support/failover-scene.ts';
import { eventually, metric } from '../support/node-inspection.ts';
import { poplar } from '../support/poplar-command.ts';

// Also when this file runs alone.
process.env.POPLAR_TEST_POSTGRES_BIN ??= '/usr/lib/postgresql/15/bin';

const recoveredWithinMs = 10_000;
const lookMs = 3_000;
/** Until a server that says nothing is given up: a short statement's bound and its grace. */
const silenceMs = 13_000;

/** Connections of nodes. */
const nodesOn = `select count(*)::int as n from pg_stat_activity
  where application_name ~ '^poplar (main|pop3|maildrop)'`;

async function numberOf(user: Superuser, text: string): Promise<number> {
  const [row] = await user.query(text);
  return Number(row?.n);
}

/** The session that kept its lock removes what it marked; the other one, whose lock is gone, nothing. */
async function sessionsFromBefore({ kept, robbed, after: there }: FailoverScene): Promise<void> {
  const database = there();
  const quit = await kept.client.command('QUIT');
  assert.equal(quit.ok, true, quit.text);
  assert.deepEqual(await database.flagged(kept.mailbox), [kept.messageId]);
  assert.ok(!(await database.visible(kept.mailbox)).includes(kept.messageId));
  // It may have been told before, when its node looked after its locks.
  const refused = await robbed.client.command('QUIT');
  assert.equal(refused.ok, false);
  assert.equal(refused.code, 'SYS/TEMP');
  assert.deepEqual(await database.flagged(robbed.mailbox), []);
  assert.ok((await database.visible(robbed.mailbox)).includes(robbed.messageId));
}

async function noWorkerWasReplaced({ nodes }: FailoverScene): Promise<void> {
  for (const node of nodes) assert.equal(await metric(node, 'poplar_worker_restarts_total'), 0);
}

describe('the primary is killed', () => {
  let scene: FailoverScene;
  before(async () => {
    scene = await failoverScene();
  });
  after(() => scene.end());

  test('the standby takes over and loses nothing', async (t) => {
    await scene.pair.primary.kill();
    await scene.untilReadyIs(503);
    const sinceMs = await scene.takeOver();
    await scene.after().loseLock(scene.robbed.mailbox);
    await scene.recovered(sinceMs, recoveredWithinMs);
    t.diagnostic(`all clients served ${Math.round(performance.now() - sinceMs)} ms after it`);
    await scene.untilReadyIs(200);
    t.diagnostic(`both nodes ready ${Math.round(performance.now() - sinceMs)} ms after it`);
    await sessionsFromBefore(scene);
  });

  test('the former primary comes back as a standby and is left alone', async () => {
    await scene.pair.startFormerAsStandby();
    const former = scene.pair.superuser(scene.pair.primary);
    assert.equal(await numberOf(former, 'select pg_is_in_recovery()::int as n'), 1);
    const sinceMs = performance.now();
    await sleep(lookMs);
    assert.equal(await numberOf(former, nodesOn), 0);
    await scene.recovered(sinceMs, recoveredWithinMs);
    const domains = await poplar(scene.pair.urlOnBoth(scene.name), ['domain', 'list']);
    assert.match(domains, /example\.org/);
  });

  test('all that was promised is there', async (t) => {
    t.diagnostic(await scene.agree());
    await noWorkerWasReplaced(scene);
  });
});

describe('the primary stands still and answers nothing', () => {
  let scene: FailoverScene;
  before(async () => {
    scene = await failoverScene();
  });
  after(async () => {
    scene.pair.thawPrimary();
    await scene.end();
  });

  test('nobody waits for it when another has taken its place', async (t) => {
    scene.pair.freezePrimary();
    await scene.untilReadyIs(503);
    const sinceMs = await scene.takeOver();
    await scene.after().loseLock(scene.robbed.mailbox);
    await scene.recovered(sinceMs, recoveredWithinMs + silenceMs);
    t.diagnostic(`all clients served ${Math.round(performance.now() - sinceMs)} ms after it`);
    await scene.untilReadyIs(200);
    await sessionsFromBefore(scene);
  });

  test('it goes on, takes writes, is first in the list, and is left alone', async () => {
    scene.pair.thawPrimary();
    const former = scene.pair.superuser(scene.pair.primary);
    // What had been sent before it stood still waits for a standby that is none any more, for ever.
    const inUse = `${nodesOn} and wait_event is distinct from 'SyncRep'`;
    await eventually(async () => assert.equal(await numberOf(former, inUse), 0), 10_000);
    const sinceMs = performance.now();
    await sleep(lookMs);
    assert.equal(await numberOf(former, inUse), 0);
    await scene.recovered(sinceMs, recoveredWithinMs);
  });

  test('all that was promised is there', async (t) => {
    t.diagnostic(await scene.agree());
    await noWorkerWasReplaced(scene);
  });
});

describe('the primary is left up, read-only', () => {
  let scene: FailoverScene;
  before(async () => {
    scene = await failoverScene();
  });
  after(() => scene.end());

  test('it is not written to, and left by all connections', async (t) => {
    const former = scene.pair.superuser(scene.pair.primary);
    await former.set('default_transaction_read_only', 'on');
    // What had begun before ends, and is acknowledged by the standby.
    const writing = `select count(*)::int as n from pg_stat_activity
      where backend_xid is not null and pid <> pg_backend_pid()`;
    await eventually(async () => assert.equal(await numberOf(former, writing), 0), 10_000);
    await scene.untilReadyIs(503);
    assert.equal(await numberOf(former, nodesOn), 0, 'nobody stays where nothing can be written');
    // Each transaction that writes takes a number. Before, server processes that had not heard took some.
    const nextXid = 'select pg_snapshot_xmax(pg_current_snapshot())::text as n';
    const xid = await numberOf(former, nextXid);
    const sinceMs = await scene.takeOver();
    await scene.after().loseLock(scene.robbed.mailbox);
    await scene.recovered(sinceMs, recoveredWithinMs);
    t.diagnostic(`all clients served ${Math.round(performance.now() - sinceMs)} ms after it`);
    await scene.untilReadyIs(200);
    t.diagnostic(`both nodes ready ${Math.round(performance.now() - sinceMs)} ms after it`);
    await sessionsFromBefore(scene);

    const refusals = `select xact_rollback::int as n from pg_stat_database
      where datname = '${scene.name}'`;
    // Counters are written down with a delay.
    await sleep(lookMs / 2);
    const refused = await numberOf(former, refusals);
    await sleep(lookMs);
    t.diagnostic(`${refused} statements were refused by the former primary`);
    assert.equal(await numberOf(former, refusals), refused, 'it is not asked again and again');
    assert.equal(await numberOf(former, nodesOn), 0);
    assert.equal(await numberOf(former, nextXid), xid, 'nothing was written to it');
  });

  test('all that was promised is there', async (t) => {
    t.diagnostic(await scene.agree());
    await noWorkerWasReplaced(scene);
  });
});
