/**
 * A synchronous standby is gone and commits of the primary wait for it: nobody is told that something
 * is done that may be lost, clients are answered within a bound, and what needs no durable commit goes
 * on.
 */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Superuser } from '@poplar/store/testing';
import { LmtpClient, type LmtpReply } from '../support/lmtp-client.ts';
import { eventually } from '../support/node-inspection.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { type ServerPair, startServerPair } from '../support/server-pair.ts';
import { type RunningNode, startNode } from '../support/start-node.ts';
import {
  openTestDatabase,
  type TestDatabase,
  type TestMailbox,
  testSecret,
} from '../support/test-database.ts';

// Also when this file runs alone.
process.env.POPLAR_TEST_POSTGRES_BIN ??= '/usr/lib/postgresql/15/bin';

/** Beyond the bounds of the store: a statement of 60 s and 2 s of silence, 20 s for the receipt. */
const patienceMs = 120_000;

let pair: ServerPair;
let database: TestDatabase;
let node: RunningNode;
let primary: Superuser;
const letter = { content: 'Subject: one\r\n\r\none\r\n' };

before(async () => {
  pair = await startServerPair();
  primary = pair.superuser(pair.primary);
  database = await openTestDatabase(pair.primary);
  await pair.makeSynchronous();
  const databaseUrl = pair.urlOnBoth(new URL(database.url).pathname.slice(1));
  node = await startNode({ databaseUrl, workers: 1 });
});
after(async () => {
  await node.stop();
  await database.drop();
  await pair.stop();
});

async function waiting(): Promise<number> {
  const [row] = await primary.query(
    `select count(*)::int as n from pg_stat_activity where wait_event = 'SyncRep'`,
  );
  return Number(row?.n);
}

/** A session that has marked its only message. */
async function marked(mailbox: TestMailbox): Promise<Pop3Client> {
  const client = await Pop3Client.connect({ port: node.pop3, patienceMs });
  await client.login(mailbox.address, testSecret);
  await client.ok('DELE 1');
  return client;
}

async function delivered({ address }: TestMailbox): Promise<LmtpReply | undefined> {
  const client = await LmtpClient.connect({ port: node.lmtp, patienceMs });
  const content = 'Subject: two\r\n\r\ntwo\r\n';
  const [reply] = await client.deliver({ from: 'a@example.net', to: [address], content });
  client.destroy();
  return reply;
}

/** While commits wait: others log in, read, and leave without marks. */
async function othersAreServed(mailbox: TestMailbox): Promise<void> {
  const client = await Pop3Client.connect({ port: node.pop3 });
  await client.login(mailbox.address, testSecret);
  assert.match(await client.content('RETR 1'), /one/);
  await client.quit();
  const answer = await fetch(`http://127.0.0.1:${node.ops}/readyz`);
  assert.equal(answer.status, 200, await answer.text());
}

test('without its standby nothing durable is promised, within a bound', async (t) => {
  const names = ['quits', 'receives', 'reads', 'cancelled'];
  const [quits, receives, reads, cancelled] = await Promise.all(
    names.map((name) => database.addMailbox(`${name}@example.org`, [letter])),
  );
  assert.ok(quits && receives && reads && cancelled);
  const session = await marked(quits);
  await pair.standby.kill();
  const sinceMs = performance.now();
  const seconds = () => ((performance.now() - sinceMs) / 1_000).toFixed(1);

  // An administrator ends the wait: the commit is there, with a warning, and on no standby.
  const warned = delivered(cancelled);
  await eventually(async () => assert.equal(await waiting(), 1), 20_000);
  await primary.query(
    `select pg_cancel_backend(pid) from pg_stat_activity where wait_event = 'SyncRep'`,
  );
  assert.equal((await warned)?.code, 451);
  assert.equal((await database.visible(cancelled)).length, 2);

  // Nobody does.
  const quit = session.command('QUIT').finally(() => t.diagnostic(`QUIT after ${seconds()} s`));
  const delivery = delivered(receives).finally(() => t.diagnostic(`LMTP after ${seconds()} s`));
  await eventually(async () => assert.equal(await waiting(), 2), 20_000);
  await othersAreServed(reads);
  assert.equal((await delivery)?.code, 451);
  const told = await quit;
  assert.equal(told.ok, false);
  assert.equal(told.code, 'SYS/TEMP');
  session.destroy();

  // All or nothing, and known to the next session; the standby is back, and all is well.
  await pair.standby.start();
  await eventually(async () => assert.equal(await waiting(), 0), 20_000);
  await sleep(500);
  assert.equal((await database.visible(quits)).length, 0);
  assert.equal((await database.flagged(quits)).length, 1);
  assert.equal((await database.visible(receives)).length, 2);
  assert.equal((await delivered(receives))?.code, 250);
  const again = await marked(reads);
  await again.quit();
  assert.equal((await database.visible(reads)).length, 0);
});
