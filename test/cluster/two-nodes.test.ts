/**
 * Two nodes on one database: a maildrop is open in one session at a time, whichever node it is on,
 * and a node that dies keeps nothing locked. Only a QUIT that still holds the lock removes anything.
 */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { eventually } from '../support/node-inspection.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { type RunningNode, startNode } from '../support/start-node.ts';
import {
  openTestDatabase,
  type TestDatabase,
  type TestMailbox,
  testSecret,
} from '../support/test-database.ts';

const letters = ['one', 'two', 'three'].map((word) => ({
  content: `Subject: ${word}\r\n\r\n${word}\r\n`,
}));

/** A lease lasts 15 s; a second more for the look that finds it over. */
const leaseOverMs = 17_000;

describe('two nodes', () => {
  let database: TestDatabase;
  let first: RunningNode;
  let second: RunningNode;
  before(async () => {
    database = await openTestDatabase();
    const environment = { POPLAR_LOCK_WAIT_MS: '300' };
    [first, second] = await Promise.all([
      startNode({ databaseUrl: database.url, environment }),
      startNode({ databaseUrl: database.url, environment }),
    ]);
  });
  after(async () => {
    await Promise.all([first.stop(), second.stop()]);
    await database.drop();
  });

  const login = async (node: RunningNode, mailbox: TestMailbox): Promise<Pop3Client> => {
    const client = await Pop3Client.connect({ port: node.pop3 });
    await client.login(mailbox.address, testSecret);
    return client;
  };

  const refused = async (node: RunningNode, mailbox: TestMailbox): Promise<string | null> => {
    const client = await Pop3Client.connect({ port: node.pop3 });
    await client.ok(`USER ${mailbox.address}`);
    const reply = await client.command(`PASS ${testSecret}`);
    assert.equal(reply.ok, false);
    client.destroy();
    return reply.code;
  };

  const lockIsFree = async ({ mailboxId }: TestMailbox): Promise<void> => {
    const [row] = await database.query('select token from maildrop_lock where mailbox_id = $1', [
      mailboxId,
    ]);
    assert.equal(row?.token, null);
  };

  test('the second session is told [IN-USE] on either node, and comes in after QUIT', async () => {
    const mailbox = await database.addMailbox('lock@example.org', letters);
    const holder = await login(first, mailbox);
    assert.equal(await refused(first, mailbox), 'IN-USE');
    assert.equal(await refused(second, mailbox), 'IN-USE');
    await holder.quit();
    // +OK to QUIT was said, so the lock is free: no second try is needed.
    const next = await login(second, mailbox);
    assert.equal((await next.ok('STAT')).text.split(' ')[0], '3');
    await next.quit();
    await lockIsFree(mailbox);
  });

  test('a wrong password never locks, and a lock is never taken for one', async () => {
    const mailbox = await database.addMailbox('stranger@example.org', letters);
    const client = await Pop3Client.connect({ port: first.pop3 });
    await client.ok(`USER ${mailbox.address}`);
    assert.equal((await client.command('PASS wrong')).code, 'AUTH');
    await lockIsFree(mailbox);
    const owner = await login(second, mailbox);
    await owner.quit();
    client.destroy();
  });

  test('what one node deletes the other does not list', async () => {
    const mailbox = await database.addMailbox('delete@example.org', letters);
    const warm = await login(second, mailbox);
    await warm.quit();
    const client = await login(first, mailbox);
    const before = await client.listing('UIDL');
    await client.ok('DELE 2');
    await client.quit();
    assert.equal((await database.flagged(mailbox)).length, 1);
    const other = await login(second, mailbox);
    const uidls = (await other.listing('UIDL')).map((line) => line.slice(2));
    assert.deepEqual(uidls, [before[0]?.slice(2), before[2]?.slice(2)]);
    await other.quit();
  });

  test('a QUIT whose lock was taken removes nothing and says so', async () => {
    const mailbox = await database.addMailbox('thief@example.org', letters);
    const client = await login(first, mailbox);
    await client.ok('DELE 1');
    await database.loseLock(mailbox);
    const reply = await client.command('QUIT');
    assert.deepEqual([reply.ok, reply.code], [false, 'SYS/TEMP']);
    await client.wire.closed();
    assert.equal((await database.visible(mailbox)).length, 3);
    assert.equal((await database.flagged(mailbox)).length, 0);
    // The thief's lock is not ours to release.
    const [row] = await database.query('select token from maildrop_lock where mailbox_id = $1', [
      mailbox.mailboxId,
    ]);
    assert.notEqual(row?.token, null);
  });

  test('a delivery during a session changes no number and is there at the next', async () => {
    const mailbox = await database.addMailbox('during@example.org', letters);
    const client = await login(first, mailbox);
    const listed = await client.listing('LIST');
    await database.deliver(mailbox, { content: 'Subject: new\r\n\r\nnew\r\n' });
    await client.ok('DELE 3');
    await client.ok('RSET');
    assert.deepEqual(await client.listing('LIST'), listed);
    await client.ok('DELE 1');
    await client.quit();
    const next = await login(second, mailbox);
    assert.equal((await next.listing('LIST')).length, 3);
    assert.match(await next.content('RETR 3'), /Subject: new/);
    await next.quit();
  });

  test('a changed password is refused at once on both nodes', async () => {
    const mailbox = await database.addMailbox('changed@example.org', letters);
    for (const node of [first, second]) await (await login(node, mailbox)).quit();
    await database.store.setPassword({ address: mailbox.address, secret: '$argon2id$no' });
    assert.equal(await refused(first, mailbox), 'AUTH');
    assert.equal(await refused(second, mailbox), 'AUTH');
  });

  test('a node that is killed frees its maildrops within the lease', async () => {
    const mailbox = await database.addMailbox('killed@example.org', letters);
    const doomed = await startNode({ databaseUrl: database.url });
    const client = await login(doomed, mailbox);
    await client.ok('DELE 1');
    await doomed.kill();
    assert.equal(await refused(first, mailbox), 'IN-USE');
    const next = await eventually(() => login(first, mailbox), leaseOverMs, 500);
    assert.equal((await next.listing('LIST')).length, 3);
    await next.quit();
    client.destroy();
    assert.equal((await database.flagged(mailbox)).length, 0);
  });
});
