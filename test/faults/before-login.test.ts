/**
 * What strangers may cost before they log in: memory, time, descriptors, and the place of those who
 * have logged in.
 */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isLocked } from '../support/accidents.ts';
import { maildropNamed } from '../support/maildrops.ts';
import {
  descriptors,
  eventually,
  metric,
  residentOctets,
  residentPeak,
} from '../support/node-inspection.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { RawClient } from '../support/raw-client.ts';
import { type RunningNode, startNode } from '../support/start-node.ts';
import {
  openTestDatabase,
  type TestDatabase,
  type TestMailbox,
  testSecret,
} from '../support/test-database.ts';

const loginTimeoutMs = 2_000;
/** A sweep a second, and two busy cores. */
const slackMs = 2_000;
const mebi = 1024 * 1024;

let database: TestDatabase;
/** Deadlines nearly as usual. */
let node: RunningNode;
/** A short login deadline. */
let hasty: RunningNode;
/** Room for twenty. */
let narrow: RunningNode;
let alice: TestMailbox;

before(async () => {
  database = await openTestDatabase();
  alice = await database.addMailbox('alice@example.org', maildropNamed('two-messages'));
  const databaseUrl = database.url;
  const off = { POPLAR_ROLES: 'pop3', POPLAR_LISTEN_LMTP: '' };
  [node, hasty, narrow] = await Promise.all([
    startNode({ databaseUrl, environment: { POPLAR_TLS_HANDSHAKE_TIMEOUT_MS: '4000' } }),
    startNode({
      databaseUrl,
      workers: 1,
      environment: { ...off, POPLAR_LOGIN_TIMEOUT_MS: String(loginTimeoutMs) },
    }),
    startNode({ databaseUrl, workers: 1, environment: { ...off, POPLAR_CONNECTIONS_MAX: '20' } }),
  ]);
});
after(async () => {
  await Promise.all([node.stop(), hasty.stop(), narrow.stop()]);
  await database.drop();
});

const connections = (of: RunningNode): Promise<number> => metric(of, 'poplar_connections');

async function session(of: RunningNode, address: string): Promise<Pop3Client> {
  const client = await Pop3Client.connect({ port: of.pop3 });
  await client.login(address, testSecret);
  return client;
}

/** Writes the piece again and again until so many octets are gone or the server has had enough. */
async function pour(client: RawClient, piece: Buffer, octets: number): Promise<void> {
  for (let sent = 0; sent < octets && client.endedAfterMs === null; sent += piece.length) {
    if (!client.write(piece)) await client.drained().catch(() => {});
  }
}

describe('input before login', () => {
  test('50 MB without an end of line: refused and closed, memory flat', async () => {
    (await session(node, alice.address)).destroy();
    const before = residentOctets(node);
    for (const [beginning, port] of [
      ['', node.pop3],
      ['AUTH PLAIN\r\n', node.pop3],
      ['', node.pop3s],
    ] as const) {
      const tls = port === node.pop3s ? { tls: {} } : {};
      const client = await RawClient.connect({ port, ...tls });
      await client.says('\r\n');
      client.write(beginning);
      const peak = await residentPeak(node, pour(client, Buffer.alloc(65_536, 'A'), 50 * mebi));
      await client.closed();
      assert.match(client.text, /-ERR [^\r\n]*\r\n/, 'it was told before it was closed');
      assert.ok(peak - before < 24 * mebi, `grew by ${Math.round((peak - before) / mebi)} MiB`);
    }
    assert.equal(await isLocked(database, alice), false);
  });

  test('many small commands add up: closed after 64 KiB', async () => {
    for (const line of ['CAPA\r\n', 'USER x\r\n', 'AUTH PLAIN\r\n*\r\n']) {
      const client = await RawClient.connect({ port: node.pop3 });
      await pour(client, Buffer.from(line.repeat(50)), 200 * 1024);
      await client.closed();
      const told = client.tail === '' ? 0 : client.octets;
      assert.ok(told > 0);
    }
    const reason = { reason: 'too-much-before-login' };
    assert.ok((await metric(node, 'poplar_connections_closed_total', reason)) >= 3);
  });

  test('a slow drip and a silent client are closed at the login deadline', async () => {
    const ports = [hasty.pop3, hasty.pop3, hasty.pop3s];
    const clients = await Promise.all(
      ports.map((port) =>
        RawClient.connect({ port, ...(port === hasty.pop3s ? { tls: {} } : {}) }),
      ),
    );
    const [silent, ...dripping] = clients;
    const drip = setInterval(() => {
      for (const client of dripping) if (client.endedAfterMs === null) client.write('A');
    }, 50);
    try {
      for (const client of clients) await client.closed(loginTimeoutMs + slackMs);
    } finally {
      clearInterval(drip);
    }
    for (const client of clients) {
      assert.ok((client.endedAfterMs ?? 0) >= loginTimeoutMs - 100, 'not before the deadline');
    }
    assert.ok(silent !== undefined);
    const timedOut = { reason: 'login-timeout' };
    assert.equal(await metric(hasty, 'poplar_connections_closed_total', timedOut), 3);
  });
});

describe('connections that never log in', () => {
  test('with 2,000 of them a user logs in within 2 s, and their descriptors come back', async () => {
    const before = descriptors(node);
    const clients: RawClient[] = [];
    for (let round = 0; round < 20; round += 1) {
      const port = round % 4 === 3 ? node.pop3s : node.pop3;
      const some = Array.from({ length: 100 }, () => RawClient.connect({ port }));
      clients.push(...(await Promise.all(some)));
    }
    for (const [index, client] of clients.entries()) if (index % 2 === 0) client.write('USE');
    await eventually(async () => assert.equal(await connections(node), 2_000));
    const startedAtMs = performance.now();
    const user = await session(node, alice.address);
    assert.match((await user.ok('STAT')).text, /^2 320\b/);
    await user.quit();
    const tookMs = performance.now() - startedAtMs;
    assert.ok(tookMs < 2_000, `the user waited ${Math.round(tookMs)} ms`);
    for (const [index, client] of clients.entries()) {
      if (index % 3 === 0) client.reset();
      else client.destroy();
    }
    await eventually(async () => assert.equal(await connections(node), 0), 10_000);
    assert.ok(descriptors(node) <= before + 8, `${descriptors(node)} after ${before}`);
  });

  test('a full node puts out the oldest stranger, and nobody who has logged in', async () => {
    const users = await Promise.all(
      Array.from({ length: 5 }, async (_, number) => {
        const { address } = await database.addMailbox(`user${number}@example.org`);
        return session(narrow, address);
      }),
    );
    const strangers: RawClient[] = [];
    for (let number = 0; number < 60; number += 1) {
      strangers.push(await RawClient.connect({ port: narrow.pop3 }));
    }
    await eventually(() => {
      const alive = strangers.filter((stranger) => stranger.endedAfterMs === null);
      assert.deepEqual(alive, strangers.slice(-15), 'the youngest are left');
    });
    for (const user of users) await user.ok('NOOP');
    // However full it is of strangers, who has a password gets in.
    const late = await session(narrow, alice.address);
    for (const user of [...users, late]) {
      await user.ok('STAT');
      await user.quit();
    }
    for (const stranger of strangers) stranger.destroy();
    const evicted = { reason: 'evicted' };
    assert.ok((await metric(narrow, 'poplar_connections_closed_total', evicted)) >= 45);
    await eventually(async () => assert.equal(await connections(narrow), 0));
  });
});

describe('leaving at the wrong moment', () => {
  test('while the password is verified: no lock, no session, no counter stays behind', async () => {
    for (let round = 0; round < 30; round += 1) {
      const client = await RawClient.connect({ port: node.pop3 });
      client.write(`USER ${alice.address}\r\nPASS ${testSecret}\r\n`);
      await sleep(round * 2);
      if (round % 2 === 0) client.reset();
      else client.destroy();
    }
    await eventually(async () => {
      assert.equal(await metric(node, 'poplar_sessions'), 0);
      assert.equal(await connections(node), 0);
      assert.equal(await isLocked(database, alice), false);
    });
    const user = await session(node, alice.address);
    await user.quit();
    assert.equal((await database.visible(alice)).length, 2);
  });

  test('QUIT before login touches nobody: the session of the named user goes on', async () => {
    const owner = await session(node, alice.address);
    await owner.ok('DELE 1');
    const stranger = await Pop3Client.connect({ port: node.pop3 });
    await stranger.ok(`USER ${alice.address}`);
    await stranger.quit();
    assert.equal(await isLocked(database, alice), true);
    await owner.ok('RSET');
    assert.match((await owner.ok('STAT')).text, /^2 320\b/);
    await owner.quit();
    assert.equal((await database.visible(alice)).length, 2);
  });

  test('a hundred exchanges cancelled or garbled leave others undisturbed', async () => {
    const bad = ['*', '!!!!', '=', 'AAAA', Buffer.from('\0\0').toString('base64')];
    for (let round = 0; round < 100; round += 1) {
      const client = await RawClient.connect({ port: node.pop3 });
      client.write(`AUTH PLAIN\r\n${bad[round % bad.length] ?? ''}\r\nAUTH NTLM\r\nAUTH PLAIN\r\n`);
      if (round % 2 === 0) await client.until(() => client.text.split('\r\n').length >= 5);
      client.destroy();
    }
    await eventually(async () => assert.equal(await connections(node), 0));
    assert.equal(await metric(node, 'poplar_worker_restarts_total'), 0);
    await (await session(node, alice.address)).quit();
  });
});
