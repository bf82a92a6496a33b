/**
 * A rolling upgrade seen from the older release: the next one has migrated the schema under a node that
 * runs. That node goes on, one that is started meanwhile joins it, and both keep the lock between them;
 * after a migration that takes away what this release uses, a node refuses to start and says why.
 *
 * Once there are two releases, a node of the former one takes the place of one of these.
 */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Migration, migrate, readMigrations } from '@poplar/store/testing';
import { LmtpClient } from '../support/lmtp-client.ts';
import { maildropNamed } from '../support/maildrops.ts';
import { lines } from '../support/messages.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { type RunningNode, startNode } from '../support/start-node.ts';
import { openTestDatabase, type TestDatabase, testSecret } from '../support/test-database.ts';

let database: TestDatabase;
const nodes: RunningNode[] = [];
const released: Migration[] = [];

async function start(name: string): Promise<RunningNode> {
  const node = await startNode({
    databaseUrl: database.url,
    workers: 1,
    environment: { POPLAR_NODE_NAME: name, POPLAR_LOCK_WAIT_MS: '0' },
  });
  nodes.push(node);
  return node;
}

before(async () => {
  database = await openTestDatabase();
});
after(async () => {
  await Promise.all(nodes.map((node) => node.stop()));
  await database.drop();
});

/** As the next release's `migrate` would leave it. */
async function migrated(name: string, text: string): Promise<void> {
  const checksum = 'of the next release';
  await migrate(database.url, [...(await readMigrations()), ...released, { name, text, checksum }]);
  released.push({ name, text, checksum });
}

test('a node runs on, and another one starts, beside a schema that was expanded', async () => {
  const older = await start('older');
  const mailbox = await database.addMailbox('upgrade@example.org', maildropNamed('two-messages'));
  const session = await Pop3Client.connect({ port: older.pop3 });
  await session.login(mailbox.address, testSecret);
  await session.ok('DELE 1');
  const last = (await readMigrations()).at(-1)?.name.slice(0, 4);
  await migrated(
    '9001-expand.sql',
    `-- Serves programs since ${last}.
     alter table message add column next text not null default '';
     alter table maildrop_lock add column next text;
     alter table owner add column next integer not null default 0`,
  );
  const newer = await start('started-since');
  const other = await Pop3Client.connect({ port: newer.pop3 });
  await other.ok(`USER ${mailbox.address}`);
  const refused = await other.command(`PASS ${testSecret}`);
  assert.deepEqual([refused.ok, refused.code], [false, 'IN-USE']);
  const lmtp = await LmtpClient.connect({ port: newer.lmtp });
  const content = lines('Subject: during the upgrade', '', 'x');
  await lmtp.delivered({ from: 'a@example.net', to: [mailbox.address], content });
  await lmtp.quit();
  await session.quit();
  await other.ok(`USER ${mailbox.address}`);
  await other.ok(`PASS ${testSecret}`);
  assert.match((await other.ok('STAT')).text, /^2 /);
  await other.ok('DELE 1');
  await other.quit();
  assert.equal((await database.flagged(mailbox)).length, 2);
  assert.equal((await database.visible(mailbox)).length, 1);
});

test('a node refuses a schema that has moved on beyond it, and touches nothing', async () => {
  await migrated(
    '9002-contract.sql',
    '-- Serves programs since 9001.\nalter table owner drop column next',
  );
  await assert.rejects(start('too-old'), /the database is newer: it has migration 9002-contract/);
  const names = (await database.store.listOwners()).map(({ nodeName }) => nodeName);
  assert.equal(names.includes('too-old'), false);
});
