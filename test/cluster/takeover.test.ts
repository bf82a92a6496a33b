/**
 * A maildrop that is open on one node and wanted on another: who gives way under which rule, how soon,
 * and that nothing is removed by it. Both nodes are real, and so is what lies between them.
 */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { addNumbered, isLocked } from '../support/accidents.ts';
import { maildropNamed } from '../support/maildrops.ts';
import { eventually, metric } from '../support/node-inspection.ts';
import { Pop3Client, type Pop3Reply } from '../support/pop3-client.ts';
import { RawClient } from '../support/raw-client.ts';
import { type RunningNode, startNode } from '../support/start-node.ts';
import {
  openTestDatabase,
  type TestDatabase,
  type TestMailbox,
  testSecret,
} from '../support/test-database.ts';

const idleTakeoverMs = 700;
const lockWaitMs = 3_000;

let database: TestDatabase;
/** Where the other login comes to. */
let opener: RunningNode;
const owners: Partial<Record<string, RunningNode>> = {};
let mailboxes = 0;

before(async () => {
  database = await openTestDatabase();
  const start = async (name: string, environment: Record<string, string>): Promise<RunningNode> =>
    startNode({
      databaseUrl: database.url,
      environment: {
        POPLAR_NODE_NAME: name,
        POPLAR_ROLES: 'pop3',
        POPLAR_LISTEN_LMTP: '',
        POPLAR_LOCK_WAIT_MS: String(lockWaitMs),
        POPLAR_IDLE_TAKEOVER_MS: String(idleTakeoverMs),
        ...environment,
      },
    });
  await newMailbox();
  opener = await start('opener', {});
  await Promise.all(
    ['never', 'dead', 'idle'].map(async (rule) => {
      owners[rule] = await start(rule, { POPLAR_TAKEOVER: rule });
    }),
  );
});
after(async () => {
  await Promise.all([opener, ...Object.values(owners)].map((node) => node?.stop()));
  await database.drop();
});

function ownerUnder(rule: 'never' | 'dead' | 'idle'): RunningNode {
  const node = owners[rule];
  assert.ok(node);
  return node;
}

function newMailbox(): Promise<TestMailbox> {
  mailboxes += 1;
  return database.addMailbox(`user${mailboxes}@example.org`, maildropNamed('three-messages'));
}

async function session(node: RunningNode, { address }: TestMailbox): Promise<Pop3Client> {
  const client = await Pop3Client.connect({ port: node.pop3 });
  await client.login(address, testSecret);
  return client;
}

/** One login at another node; what it was told, and after how long. */
async function wanted(
  { address }: TestMailbox,
  at: RunningNode = opener,
): Promise<Pop3Reply & { afterMs: number }> {
  const client = await Pop3Client.connect({ port: at.pop3 });
  try {
    await client.ok(`USER ${address}`);
    const sinceMs = performance.now();
    const reply = await client.command(`PASS ${testSecret}`);
    const afterMs = performance.now() - sinceMs;
    if (reply.ok) {
      assert.match((await client.ok('STAT')).text, /^3 620\b/);
      await client.quit();
    }
    return { ...reply, afterMs };
  } finally {
    client.destroy();
  }
}

async function isKept(client: Pop3Client, mailbox: TestMailbox): Promise<void> {
  const { ok, code, afterMs } = await wanted(mailbox);
  assert.deepEqual([ok, code], [false, 'IN-USE']);
  assert.ok(afterMs > lockWaitMs - 200, 'it had its time');
  await client.ok('NOOP');
  assert.equal(await isLocked(database, mailbox), true);
}

describe('a session that is silent', { concurrency: true }, () => {
  test('gives way under idle: it is told so, and the other login has the maildrop', async () => {
    const mailbox = await newMailbox();
    const client = await session(ownerUnder('idle'), mailbox);
    await sleep(idleTakeoverMs + 100);
    const told = client.reply();
    const { ok, afterMs } = await wanted(mailbox);
    assert.equal(ok, true);
    assert.ok(afterMs < 1_500, `after ${afterMs} ms`);
    const word = await told;
    assert.deepEqual([word.ok, word.code], [false, 'SYS/TEMP']);
    await client.wire.closed();
    client.destroy();
    assert.equal((await database.visible(mailbox)).length, 3);
    const label = { reason: 'taken-over' };
    assert.equal(await metric(ownerUnder('idle'), 'poplar_connections_closed_total', label), 1);
  });

  test('keeps it under idle when it has said something lately', async () => {
    const mailbox = await newMailbox();
    const client = await session(ownerUnder('idle'), mailbox);
    const talk = setInterval(() => client.wire.write('NOOP\r\n'), 200);
    try {
      const { ok, code } = await wanted(mailbox);
      assert.deepEqual([ok, code], [false, 'IN-USE']);
    } finally {
      clearInterval(talk);
      client.destroy();
    }
  });

  test('keeps it under idle when it has marked a message, and removes that by its QUIT', async () => {
    const mailbox = await newMailbox();
    const client = await session(ownerUnder('idle'), mailbox);
    await client.ok('DELE 2');
    await sleep(idleTakeoverMs + 100);
    await isKept(client, mailbox);
    await client.quit();
    assert.equal((await database.visible(mailbox)).length, 2);
  });

  for (const rule of ['dead', 'never'] as const) {
    test(`keeps it under ${rule}`, async () => {
      const mailbox = await newMailbox();
      const client = await session(ownerUnder(rule), mailbox);
      await sleep(idleTakeoverMs + 100);
      await isKept(client, mailbox);
      await client.quit();
    });
  }

  test('keeps it when it is not asked, because the other node asks nobody', async () => {
    const mailbox = await newMailbox();
    const client = await session(ownerUnder('idle'), mailbox);
    await sleep(idleTakeoverMs + 100);
    const { ok, code } = await wanted(mailbox, ownerUnder('never'));
    assert.deepEqual([ok, code], [false, 'IN-USE']);
    await client.ok('NOOP');
    await client.quit();
  });
});

test('a client that takes nothing and has closed its side gives way under dead', async () => {
  const mailbox = await newMailbox();
  await addNumbered(database, [mailbox], 30_000_000);
  const client = await RawClient.connect({ port: ownerUnder('dead').pop3 });
  client.write(`USER ${mailbox.address}\r\nPASS ${testSecret}\r\n`);
  await client.until(() => client.text.split('\r\n').length > 3);
  client.stopReading();
  client.write('RETR 4\r\n');
  client.half();
  // Two looks at the kernel's queue, and a little.
  await sleep(14_000);
  assert.equal(await isLocked(database, mailbox), true, 'nobody wanted it');
  const login = await Pop3Client.connect({ port: opener.pop3 });
  const sinceMs = performance.now();
  await login.login(mailbox.address, testSecret);
  assert.ok(performance.now() - sinceMs < 1_500);
  assert.match((await login.ok('STAT')).text, /^4 /);
  await login.quit();
  client.reset();
});

/** The kernel's next look at this connection's other end, by /proc; in milliseconds. */
function nextLookMs(node: RunningNode, client: Pop3Client): number {
  const port = (of: number | undefined): string =>
    `:${(of ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
  const [local, remote] = [port(node.pop3), port(client.wire.localPort)];
  for (const line of readFileSync('/proc/net/tcp', 'utf8').split('\n')) {
    const [, from, to, , , timer = ''] = line.trim().split(/\s+/);
    if (from?.endsWith(local) !== true || to?.endsWith(remote) !== true) continue;
    const [kind, ticks = ''] = timer.split(':');
    assert.equal(kind, '02', 'the timer is that of keepalive');
    return Number.parseInt(ticks, 16) * 10;
  }
  return assert.fail('the kernel has no such connection');
}

test('a silent client is asked by TCP every second while it is wanted, and not for long', async () => {
  const mailbox = await newMailbox();
  const node = ownerUnder('dead');
  const client = await session(node, mailbox);
  await eventually(() => assert.ok(nextLookMs(node, client) > 20_000));
  const { code } = await wanted(mailbox);
  assert.equal(code, 'IN-USE', 'it is there');
  await eventually(() => assert.ok(nextLookMs(node, client) <= 1_100), 1_000);
  await eventually(() => assert.ok(nextLookMs(node, client) > 20_000), 6_000);
  await client.quit();
});
