/**
 * What an administrator sees of the sessions and nodes of a cluster, and does to them: end a session,
 * break its lock, take a node out of service and back. With the real command beside real nodes.
 */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { addNumbered, isLocked, sessionAudits } from '../support/accidents.ts';
import { LmtpClient } from '../support/lmtp-client.ts';
import { maildropNamed } from '../support/maildrops.ts';
import { lines } from '../support/messages.ts';
import { eventually } from '../support/node-inspection.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { type CommandRun, poplar, runPoplar } from '../support/poplar-command.ts';
import { RawClient } from '../support/raw-client.ts';
import { type RunningNode, startNode } from '../support/start-node.ts';
import {
  openTestDatabase,
  type TestDatabase,
  type TestMailbox,
  testSecret,
} from '../support/test-database.ts';

const drainNoticeMs = 3_000;

let database: TestDatabase;
let first: RunningNode;
let second: RunningNode;
let mailboxes = 0;

async function start(name: string, environment: Record<string, string> = {}): Promise<RunningNode> {
  return startNode({
    databaseUrl: database.url,
    environment: {
      POPLAR_NODE_NAME: name,
      POPLAR_LOCK_WAIT_MS: '0',
      POPLAR_DRAIN_NOTICE_MS: String(drainNoticeMs),
      POPLAR_DRAIN_TIMEOUT_MS: '8000',
      ...environment,
    },
  });
}

before(async () => {
  database = await openTestDatabase();
  [first, second] = await Promise.all([start('first'), start('second')]);
});
after(async () => {
  await Promise.all([first.stop(), second.stop()]);
  await database.drop();
});

function run(...argv: readonly string[]): Promise<CommandRun> {
  return runPoplar(database.url, argv);
}

async function json(...argv: readonly string[]): Promise<unknown> {
  return JSON.parse(await poplar(database.url, [...argv, '--json']));
}

function newMailbox(): Promise<TestMailbox> {
  mailboxes += 1;
  return database.addMailbox(`user${mailboxes}@example.org`, maildropNamed('three-messages'));
}

async function markedSession(node: RunningNode, { address }: TestMailbox): Promise<Pop3Client> {
  const client = await Pop3Client.connect({ port: node.pop3 });
  await client.login(address, testSecret);
  await client.ok('DELE 1');
  await client.ok('DELE 3');
  return client;
}

async function nothingIsGone(mailbox: TestMailbox): Promise<void> {
  // The client hears of its end before the database does.
  await eventually(async () => assert.equal(await isLocked(database, mailbox), false), 1_500);
  assert.equal((await database.visible(mailbox)).length, 3);
  assert.deepEqual(await database.flagged(mailbox), []);
  const client = await Pop3Client.connect({ port: second.pop3 });
  await client.login(mailbox.address, testSecret);
  assert.match((await client.ok('STAT')).text, /^3 620\b/);
  await client.quit();
}

/** Whether every thread of the node is stopped, by /proc. */
function hasStopped({ pid }: RunningNode): boolean {
  return readdirSync(`/proc/${pid}/task`).every((thread) =>
    /\) T /.test(readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8')),
  );
}

async function toldToGo(client: Pop3Client): Promise<void> {
  const word = await client.reply();
  assert.deepEqual([word.ok, word.code], [false, 'SYS/TEMP']);
  await client.wire.closed();
  client.destroy();
}

describe('sessions', () => {
  test('are listed with node, worker, client and actor', async () => {
    const [mailbox, other] = [await newMailbox(), await newMailbox()];
    const grant = { address: mailbox.address, grantee: other.address };
    await database.store.directory.addGrant(grant);
    const client = await Pop3Client.connect({ port: second.pop3 });
    const [owner = ''] = mailbox.address.split('@');
    const [actor = ''] = other.address.split('@');
    await client.login(`example.org\\${actor}/${owner}`, testSecret);
    const held = { nodeName: 'second', client: '127.0.0.1', actor: other.address };
    const listed = (await json('session', 'list')) as Record<string, unknown>[];
    const row = listed.find(({ address }) => address === mailbox.address);
    assert.partialDeepStrictEqual(row, held);
    const shown = (await json('mailbox', 'show', mailbox.address)) as {
      openIn?: unknown;
    };
    assert.partialDeepStrictEqual(shown.openIn, held);
    const text = await run('mailbox', 'show', mailbox.address);
    assert.match(
      text.out,
      new RegExp(`node second, worker \\d since \\S+ \\S+ from 127.0.0.1, by ${other.address}`),
    );
    await client.quit();
  });

  test('end when they are kicked, wherever they are, and nothing is removed', async () => {
    const mailbox = await newMailbox();
    const client = await markedSession(first, mailbox);
    const told = toldToGo(client);
    const kicked = await run('session', 'kick', mailbox.address);
    assert.deepEqual([kicked.code, kicked.err], [0, '']);
    assert.match(
      kicked.out,
      /^ended in \d\.\d s: the session of \S+ on node first, worker \d, from 127\.0\.0\.1\n$/,
    );
    await told;
    await nothingIsGone(mailbox);
    assert.deepEqual(await sessionAudits(database, mailbox), ['session.kick by command']);
  });

  test('that are busy with a client that takes nothing are cut off soon after', async () => {
    const mailbox = await newMailbox();
    await addNumbered(database, [mailbox], 30_000_000);
    const client = await RawClient.connect({ port: first.pop3 });
    client.write(`USER ${mailbox.address}\r\nPASS ${testSecret}\r\nDELE 1\r\n`);
    await client.until(() => client.text.split('\r\n').length > 4);
    client.stopReading();
    client.write('RETR 4\r\nQUIT\r\n');
    const kicked = (await json('session', 'kick', mailbox.address)) as {
      releasedAfterMs: number;
    };
    assert.ok(kicked.releasedAfterMs < 8_000, `${kicked.releasedAfterMs} ms`);
    assert.equal(await isLocked(database, mailbox), false);
    assert.equal((await database.visible(mailbox)).length, 4, 'its QUIT was behind the RETR');
    client.reset();
  });

  test('on a node that hangs lose their lock when it is broken, and their QUIT does nothing', async () => {
    const frozen = await start('frozen', { POPLAR_ROLES: 'pop3', POPLAR_LISTEN_LMTP: '' });
    const mailbox = await newMailbox();
    const client = await markedSession(frozen, mailbox);
    frozen.signal('SIGSTOP');
    try {
      // A thread that still runs would take the QUIT.
      await eventually(() => assert.equal(hasStopped(frozen), true));
      client.wire.write('QUIT\r\n');
      const kicked = await run('session', 'kick', mailbox.address, '--break');
      assert.deepEqual([kicked.code, kicked.err], [0, '']);
      assert.match(kicked.out, /^the lock is free; it was of the session of \S+ on node frozen,/);
      await nothingIsGone(mailbox);
      frozen.signal('SIGCONT');
      await toldToGo(client);
      await nothingIsGone(mailbox);
      assert.deepEqual(await sessionAudits(database, mailbox), ['session.break by command']);
    } finally {
      frozen.signal('SIGCONT');
      client.destroy();
      await frozen.stop();
    }
  });

  test('that are not there cannot be kicked', async () => {
    const mailbox = await newMailbox();
    const nobody = await run('session', 'kick', mailbox.address);
    assert.deepEqual(
      [nobody.code, nobody.out, nobody.err],
      [1, '', `poplar: nobody has ${mailbox.address} open\n`],
    );
    const unknown = await run('session', 'kick', 'none@example.org');
    assert.equal(unknown.err, 'poplar: there is no mailbox none@example.org\n');
    assert.deepEqual(await sessionAudits(database, mailbox), []);
  });
});

interface NodeRow {
  readonly nodeName: string;
  readonly state: string;
  readonly version: string;
  readonly sessions: number;
  readonly leaseAgeSeconds: number;
}

async function nodeNamed(name: string): Promise<NodeRow | undefined> {
  const rows = (await json('node', 'list')) as NodeRow[];
  return rows.find(({ nodeName }) => nodeName === name);
}

async function readiness(node: RunningNode): Promise<string> {
  return (await (await fetch(`http://127.0.0.1:${node.ops}/readyz`)).text()).trim();
}

async function isRefused(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return false;
  } catch {
    return true;
  } finally {
    socket.destroy();
  }
}

describe('a node', () => {
  test('is listed with version, sessions and the age of its lease', async () => {
    const clients = await Promise.all(
      [1, 2, 3].map(async () => markedSession(first, await newMailbox())),
    );
    await eventually(
      async () => {
        const row = await nodeNamed('first');
        assert.deepEqual([row?.state, row?.sessions], ['up', 3]);
        assert.match(row?.version ?? '', /^\d+\.\d+\.\d+/);
        assert.ok((row?.leaseAgeSeconds ?? 99) <= 6);
      },
      25_000,
      500,
    );
    for (const client of clients) client.destroy();
  });

  test('that is drained says so first, finishes what runs, stays so, and comes back', async () => {
    const port = first.pop3;
    const [idle, busy] = [await newMailbox(), await newMailbox()];
    await addNumbered(database, [busy], 20_000_000);
    const sleeper = await markedSession(first, idle);
    const reader = await RawClient.connect({ port });
    reader.write(`USER ${busy.address}\r\nPASS ${testSecret}\r\n`);
    await reader.until(() => reader.text.split('\r\n').length > 3);
    reader.stopReading();
    reader.write('RETR 4\r\nNOOP\r\n');
    const draining = run('node', 'drain', 'first');
    await eventually(async () => assert.equal(await readiness(first), 'draining'), 25_000);
    const heardAtMs = performance.now();
    // The balancer has not looked yet.
    const late = await Pop3Client.connect({ port });
    await late.ok('CAPA');
    late.destroy();
    const { code, out } = await draining;
    assert.deepEqual([code, /^node first takes no sessions; it has \d+$/m.test(out)], [0, true]);
    await toldToGo(sleeper);
    assert.ok(performance.now() - heardAtMs > drainNoticeMs - 500, 'not before the notice');
    await nothingIsGone(idle);
    assert.equal(await isRefused(port), true);
    assert.equal(await isLocked(database, busy), true, 'its command runs');
    const waiting = run('node', 'drain', 'first', '--wait');
    const isOver = { yet: false };
    void waiting.then(() => {
      isOver.yet = true;
    });
    await sleep(1_000);
    assert.equal(isOver.yet, false, 'it waits for the reader');
    reader.goOn();
    await reader.closed();
    assert.ok(reader.octets > 20_000_000, 'it has the whole message');
    await eventually(async () => assert.equal(await isLocked(database, busy), false));
    // Mail still comes in.
    const lmtp = await LmtpClient.connect({ port: first.lmtp });
    const content = lines('Subject: x', '', 'y');
    await lmtp.delivered({ from: 'a@example.net', to: [idle.address], content });
    await lmtp.quit();
    const waited = await waiting;
    assert.deepEqual([waited.code, waited.out], [0, 'node first takes no sessions; it has 0\n']);
    assert.equal((await nodeNamed('first'))?.state, 'drained');

    // Who restarts it does not put it into service.
    await first.stop();
    const again = await start('first', { POPLAR_LISTEN_POP3: `127.0.0.1:${port}` });
    assert.equal(again.pop3, 0, 'it does not say that it listens there');
    first = { ...again, pop3: port };
    assert.equal(await readiness(first), 'draining');
    assert.equal(await isRefused(port), true);
    const back = await run('node', 'undrain', 'first');
    assert.deepEqual([back.code, back.out], [0, 'node first takes sessions\n']);
    await eventually(async () => assert.equal(await readiness(first), 'ok'));
    const client = await markedSession(first, await newMailbox());
    await client.quit();
    await eventually(async () => assert.equal((await nodeNamed('first'))?.state, 'up'), 20_000);
  });

  test('that is not there, or not drained, is told as much', async () => {
    const drain = await run('node', 'drain', 'none');
    assert.deepEqual([drain.code, drain.err], [1, 'poplar: there is no node none\n']);
    const undrain = await run('node', 'undrain', 'second');
    assert.deepEqual(
      [undrain.code, undrain.err],
      [1, 'poplar: node second was not told to drain\n'],
    );
  });
});
