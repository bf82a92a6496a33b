/**
 * What a running node makes of a QUIT that deletes: the messages are gone at once for every session,
 * and their rows and bodies some seconds later, once the domain's undelete window is over.
 */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { keepDeleted, storedIds } from '../support/accidents.ts';
import { maildropNamed } from '../support/maildrops.ts';
import { eventually, metric } from '../support/node-inspection.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { type RunningNode, startNode } from '../support/start-node.ts';
import {
  openTestDatabase,
  type TestDatabase,
  type TestMailbox,
  testSecret,
} from '../support/test-database.ts';

/** Twice the pause of the purge loop (services/maildrop/src/limits.ts), and two busy cores. */
const purgedWithinMs = 12_000;

let database: TestDatabase;
let node: RunningNode;

before(async () => {
  database = await openTestDatabase();
  node = await startNode({ databaseUrl: database.url });
});
after(async () => {
  await node.stop();
  await database.drop();
});

async function session({ address }: TestMailbox): Promise<Pop3Client> {
  const client = await Pop3Client.connect({ port: node.pop3 });
  await client.login(address, testSecret);
  return client;
}

/** A maildrop of three, the first and the last of which are marked. */
async function marked(address: string): Promise<{
  mailbox: TestMailbox;
  client: Pop3Client;
  ids: bigint[];
}> {
  const mailbox = await database.addMailbox(address, [
    ...maildropNamed('two-messages'),
    ...maildropNamed('two-messages').slice(0, 1),
  ]);
  const ids = await database.visible(mailbox);
  const client = await session(mailbox);
  await client.ok('DELE 1');
  await client.ok('DELE 3');
  return { mailbox, client, ids };
}

test('what QUIT deleted is purged, rows and bodies, and nothing else is', async () => {
  const keeping = await marked('keeping@kept.example');
  await keepDeleted(database, 86_400);
  const leaving = await marked('leaving@example.org');
  const purging = await marked('purging@example.org');

  await keeping.client.quit();
  // RFC 1939 §6: without QUIT nothing is removed.
  leaving.client.destroy();
  await purging.client.quit();
  for (const { mailbox, ids } of [keeping, purging]) {
    assert.deepEqual(await database.visible(mailbox), [ids[1]], 'gone for every session at once');
  }

  await eventually(async () => {
    const left = [purging.ids[1]];
    assert.deepEqual(await storedIds(database, purging.mailbox), { rows: left, bodies: left });
  }, purgedWithinMs);
  // The rows are gone a moment before the node has heard of it.
  await eventually(async () => {
    assert.equal(await metric(node, 'poplar_messages_purged_total'), 2);
  });
  const next = await session(purging.mailbox);
  assert.match((await next.ok('STAT')).text, /^1 /);
  await next.quit();

  // The loop has come round once more, and has left the others alone.
  await sleep(purgedWithinMs / 2);
  for (const { mailbox, ids } of [keeping, leaving]) {
    assert.deepEqual(await storedIds(database, mailbox), { rows: ids, bodies: ids });
  }
  assert.deepEqual(await database.visible(leaving.mailbox), leaving.ids);
});
