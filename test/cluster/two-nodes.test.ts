/**
 * Two nodes of two workers on one database are one service: a maildrop is open once, whoever asks
 * where; what one node wrote the other one reads.
 */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { isLocked } from '../support/accidents.ts';
import { LmtpClient } from '../support/lmtp-client.ts';
import { maildropNamed } from '../support/maildrops.ts';
import { lines } from '../support/messages.ts';
import { eventually, metric } from '../support/node-inspection.ts';
import { Pop3Client, type Pop3Reply } from '../support/pop3-client.ts';
import { type RunningNode, startNode } from '../support/start-node.ts';
import {
  openTestDatabase,
  type TestDatabase,
  type TestMailbox,
  testSecret,
} from '../support/test-database.ts';

let database: TestDatabase;
let first: RunningNode;
let second: RunningNode;
let mailboxes = 0;

before(async () => {
  database = await openTestDatabase();
  const start = (name: string): Promise<RunningNode> =>
    startNode({
      databaseUrl: database.url,
      environment: { POPLAR_NODE_NAME: name, POPLAR_LOCK_WAIT_MS: '0' },
    });
  [first, second] = await Promise.all([start('first'), start('second')]);
});
after(async () => {
  await Promise.all([first.stop(), second.stop()]);
  await database.drop();
});

function mailboxWith(maildrop: string): Promise<TestMailbox> {
  mailboxes += 1;
  return database.addMailbox(`user${mailboxes}@example.org`, maildropNamed(maildrop));
}

async function session(node: RunningNode, { address }: TestMailbox): Promise<Pop3Client> {
  const client = await Pop3Client.connect({ port: node.pop3 });
  await client.login(address, testSecret);
  return client;
}

/** One attempt to log in; the connection is closed again. */
async function attempt(node: RunningNode, { address }: TestMailbox): Promise<Pop3Reply> {
  const client = await Pop3Client.connect({ port: node.pop3 });
  try {
    await client.ok(`USER ${address}`);
    const reply = await client.command(`PASS ${testSecret}`);
    if (reply.ok) await client.quit();
    return reply;
  } finally {
    client.destroy();
  }
}

describe('one maildrop, two nodes', () => {
  test('a second login is [IN-USE] on either node, and possible at once after QUIT', async () => {
    const mailbox = await mailboxWith('two-messages');
    const owner = await session(first, mailbox);
    // Often enough to meet both workers of both nodes.
    for (let round = 0; round < 6; round += 1) {
      for (const node of [first, second]) {
        const { ok, code } = await attempt(node, mailbox);
        assert.deepEqual([ok, code], [false, 'IN-USE']);
      }
    }
    await owner.ok('NOOP');
    await owner.quit();
    for (let round = 0; round < 10; round += 1) {
      const next = await session(round % 2 === 0 ? second : first, mailbox);
      assert.match((await next.ok('STAT')).text, /^2 320\b/);
      await next.quit();
    }
  });

  test('of twenty who ask at once exactly one is let in', async () => {
    const mailbox = await mailboxWith('two-messages');
    for (let round = 0; round < 3; round += 1) {
      const clients = await Promise.all(
        Array.from({ length: 20 }, (_, i) =>
          Pop3Client.connect({ port: i % 2 === 0 ? first.pop3 : second.pop3 }),
        ),
      );
      for (const client of clients) await client.ok(`USER ${mailbox.address}`);
      const replies = await Promise.all(
        clients.map((client) => client.command(`PASS ${testSecret}`)),
      );
      assert.equal(replies.filter(({ ok }) => ok).length, 1);
      for (const { ok, code } of replies) assert.ok(ok || code === 'IN-USE', `told ${code}`);
      for (const client of clients) client.destroy();
      await eventually(async () => assert.equal(await isLocked(database, mailbox), false));
    }
  });

  test('what one node removed, the other never shows', async () => {
    const mailbox = await mailboxWith('three-messages');
    const deleting = await session(first, mailbox);
    const [, uidl = ''] = (await deleting.listing('UIDL'))[1]?.split(' ') ?? [];
    await deleting.ok('DELE 2');
    await deleting.quit();
    const reading = await session(second, mailbox);
    const listed = await reading.listing('UIDL');
    assert.equal(listed.length, 2);
    assert.ok(!listed.some((line) => line.endsWith(uidl)));
    await reading.quit();
    assert.equal((await database.visible(mailbox)).length, 2);
  });

  test('QUIT of a session that lost its lock is -ERR [SYS/TEMP] and removes nothing', async () => {
    const mailbox = await mailboxWith('three-messages');
    const client = await session(first, mailbox);
    await client.ok('DELE 1');
    await client.ok('DELE 2');
    await database.loseLock(mailbox);
    const told = await client.command('QUIT');
    assert.deepEqual([told.ok, told.code], [false, 'SYS/TEMP']);
    await client.wire.closed();
    assert.equal((await database.visible(mailbox)).length, 3);
    assert.deepEqual(await database.flagged(mailbox), []);
    // Whoever took it still has it: a lock is given back by its holder alone.
    assert.equal(await isLocked(database, mailbox), true);
  });

  test('a wrong password never locks, and a lock is never taken for one', async () => {
    const mailbox = await mailboxWith('two-messages');
    const stranger = await Pop3Client.connect({ port: first.pop3 });
    await stranger.ok(`USER ${mailbox.address}`);
    assert.equal((await stranger.command('PASS wrong')).code, 'AUTH');
    assert.equal(await isLocked(database, mailbox), false);
    assert.equal((await attempt(second, mailbox)).ok, true);
    stranger.destroy();
  });

  test('a changed password is refused at once on both nodes', async () => {
    const mailbox = await mailboxWith('two-messages');
    for (const node of [first, second]) assert.equal((await attempt(node, mailbox)).ok, true);
    const password = '$argon2id$no';
    await database.store.credentials.setPassword({ address: mailbox.address, password });
    for (const node of [first, second]) assert.equal((await attempt(node, mailbox)).code, 'AUTH');
  });

  test('the successor of a node that was killed frees its maildrops at once', async () => {
    const mailbox = await mailboxWith('three-messages');
    const doomed = await startNode({
      databaseUrl: database.url,
      workers: 1,
      environment: { POPLAR_NODE_NAME: 'third', POPLAR_LISTEN_LMTP: '' },
    });
    const client = await session(doomed, mailbox);
    await client.ok('DELE 1');
    await doomed.kill();
    client.destroy();
    assert.equal((await attempt(first, mailbox)).code, 'IN-USE');
    const successor = await startNode({
      databaseUrl: database.url,
      workers: 1,
      environment: { POPLAR_NODE_NAME: 'third', POPLAR_LISTEN_LMTP: '' },
    });
    try {
      assert.equal((await attempt(first, mailbox)).ok, true);
      assert.equal((await database.visible(mailbox)).length, 3);
    } finally {
      await successor.stop();
    }
  });
});

describe('mail that comes in', () => {
  test('during a session changes no number of it; the next session has it', async () => {
    const mailbox = await mailboxWith('two-messages');
    const client = await session(first, mailbox);
    const before = await client.listing('LIST');
    const uidls = await client.listing('UIDL');
    for (const node of [first, second]) {
      const lmtp = await LmtpClient.connect({ port: node.lmtp });
      const content = lines('Subject: new', '', 'while you read');
      await lmtp.delivered({ from: 'a@example.net', to: [mailbox.address], content });
      await lmtp.quit();
    }
    assert.match((await client.ok('STAT')).text, /^2 320\b/);
    assert.deepEqual(await client.listing('LIST'), before);
    assert.deepEqual(await client.listing('UIDL'), uidls);
    assert.equal((await client.command('RETR 3')).ok, false);
    await client.ok('DELE 1');
    await client.quit();

    const next = await session(second, mailbox);
    const now = await next.listing('UIDL');
    assert.equal(now.length, 3);
    assert.equal(now[0], uidls[1]?.replace('2 ', '1 '), 'what was there comes first');
    for (const number of [2, 3]) {
      assert.match(
        await next.content(`RETR ${number}`),
        /\r\nSubject: new\r\n\r\nwhile you read\r\n$/,
      );
    }
    await next.quit();
  });

  test('fifty clients poll fifty maildrops on both nodes while it does', async () => {
    const boxes: TestMailbox[] = [];
    for (let i = 0; i < 50; i += 1) boxes.push(await mailboxWith('three-messages'));
    const opened = { outcome: 'opened' };
    const name = 'poplar_logins_total';
    const before = (await metric(first, name, opened)) + (await metric(second, name, opened));
    const sender = await LmtpClient.connect({ port: second.lmtp });
    const to = boxes.map(({ address }) => address);
    const polls = boxes.map(async (mailbox, index) => {
      for (let round = 0; round < 3; round += 1) {
        const client = await session((index + round) % 2 === 0 ? first : second, mailbox);
        const { text } = await client.ok('STAT');
        const listed = await client.listing('LIST');
        assert.equal(listed.length, Number.parseInt(text, 10));
        const octets = listed.reduce((sum, line) => sum + Number(line.split(' ')[1]), 0);
        assert.equal(octets, Number(text.split(' ')[1]));
        if (round === 0) await client.ok('DELE 2');
        await client.quit();
      }
    });
    for (let i = 0; i < 3; i += 1) {
      const content = lines('Subject: to all', '', `number ${i}`);
      await sender.delivered({ from: 'a@example.net', to, content });
    }
    await Promise.all(polls);
    await sender.quit();
    const after = (await metric(first, name, opened)) + (await metric(second, name, opened));
    assert.equal(after - before, 150);
    for (const mailbox of boxes) {
      assert.equal((await database.visible(mailbox)).length, 3 - 1 + 3);
      await eventually(async () => assert.equal(await isLocked(database, mailbox), false));
    }
  });
});
