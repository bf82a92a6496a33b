/**
 * Maildrops and messages of sizes where other servers cut, overflow or block: a hundred thousand
 * messages, totals beyond 4 GiB, a message of 100 MB.
 */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { addBulk, isLocked, numberedLines, numberedOctets } from '../support/accidents.ts';
import { eventually, metric, residentOctets, residentPeak } from '../support/node-inspection.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { RawClient } from '../support/raw-client.ts';
import { type RunningNode, startNode } from '../support/start-node.ts';
import { openTestDatabase, type TestDatabase, testSecret } from '../support/test-database.ts';

const many = 100_000;
const mebi = 1024 * 1024;
const largeOctets = 100 * mebi;

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

async function session(address: string): Promise<Pop3Client> {
  const client = await Pop3Client.connect({ port: node.pop3, patienceMs: 20_000 });
  await client.login(address, testSecret);
  return client;
}

test('100,000 messages are listed completely, and others are served meanwhile', async () => {
  const box = await database.addMailbox('many@example.org');
  const other = await database.addMailbox('other@example.org');
  await addBulk(database, box, { messages: many });
  const client = await session(box.address);
  const [count, octets] = (await client.ok('STAT')).text.split(' ').map(Number);
  assert.deepEqual([count, octets], [many, many * 40]);

  const busy = client.listing('LIST');
  const neighbour = await session(other.address);
  await neighbour.quit();
  const listed = await busy;
  assert.equal(listed.length, many);
  for (const [index, line] of listed.entries()) {
    if (line !== `${index + 1} 40`) assert.fail(`line ${index + 1} is ${line}`);
  }

  const uidls = await client.listing('UIDL');
  assert.equal(uidls.length, many);
  const seen = new Set<string>();
  for (const [index, line] of uidls.entries()) {
    const [, number = '', uidl = ''] = /^(\d+) ([!-~]{32})$/.exec(line) ?? [];
    if (number !== String(index + 1)) assert.fail(`line ${index + 1} is ${line}`);
    seen.add(uidl);
  }
  assert.equal(seen.size, many, 'no UIDL twice');
  assert.equal((await client.ok(`UIDL ${many}`)).text, uidls.at(-1));

  await markAll(client);
  await client.ok('RSET');
  assert.match((await client.ok('STAT')).text, /^100000 4000000\b/);
  await client.quit();
  assert.equal((await database.visible(box)).length, many, 'what RSET unmarked is there');

  // The same again, from the snapshot that is cached; and now all of it goes.
  const again = await session(box.address);
  assert.deepEqual(await again.listing('UIDL'), uidls);
  await markAll(again);
  await again.quit();
  assert.deepEqual(await database.visible(box), []);
  const last = await session(box.address);
  assert.match((await last.ok('STAT')).text, /^0 0\b/);
  await last.quit();
  assert.equal(await isLocked(database, box), false);
});

/** DELE for each of them, as pipelined as clients are. */
async function markAll(client: Pop3Client): Promise<void> {
  client.wire.write(Array.from({ length: many }, (_, i) => `DELE ${i + 1}\r\n`).join(''));
  for (let i = 0; i < many; i += 1) {
    if (!(await client.wire.line()).startsWith('+OK')) assert.fail(`DELE ${i + 1}`);
    client.wire.seen.length = 0;
  }
  assert.match((await client.ok('STAT')).text, /^0 0\b/);
}

test('totals beyond 4 GiB are right in STAT, LIST and their arithmetic', async () => {
  const box = await database.addMailbox('giant@example.org');
  const each = 3_000_000_001;
  await addBulk(database, box, { messages: 3, octets: each });
  const client = await session(box.address);
  assert.match((await client.ok('STAT')).text, new RegExp(`^3 ${3 * each}\\b`));
  assert.deepEqual(
    await client.listing('LIST'),
    [1, 2, 3].map((n) => `${n} ${each}`),
  );
  assert.equal((await client.ok('LIST 2')).text, `2 ${each}`);
  await client.ok('DELE 2');
  assert.match((await client.ok('STAT')).text, new RegExp(`^2 ${2 * each}\\b`));
  await client.quit();
  const again = await session(box.address);
  assert.match((await again.ok('STAT')).text, new RegExp(`^2 ${2 * each}\\b`));
  await again.quit();
  assert.equal((await database.visible(box)).length, 2);
});

/** Pieces of about 64 KiB. */
function* pieces(octets: number): Generator<string> {
  let piece: string[] = [];
  for (const line of numberedLines(octets)) {
    piece.push(line);
    if (piece.length < 1_024) continue;
    yield piece.join('');
    piece = [];
  }
  yield piece.join('');
}

/** All of it at the server's pace, and the reply to it. */
async function send(sender: RawClient, said: number): Promise<void> {
  for (const piece of pieces(largeOctets)) {
    if (!sender.write(piece)) await sender.until(() => !sender.socket.writableNeedDrain, 20_000);
  }
  sender.write('.\r\n');
  await sender.until(() => sender.text.length > said, 30_000);
}

test('a message of 100 MB comes in by LMTP and goes out by RETR, octet by octet', async (t) => {
  const box = await database.addMailbox('large@example.org');
  const sender = await RawClient.connect({ port: node.lmtp });
  const startedAtMs = performance.now();
  const residentBefore = residentOctets(node);
  sender.write(`LHLO a.example.net\r\nMAIL FROM:<a@example.net>\r\nRCPT TO:<${box.address}>\r\n`);
  sender.write('DATA\r\n');
  await sender.says('\r\n354 ');
  const said = sender.text.length;
  const peak = await residentPeak(node, send(sender, said));
  const grownMib = Math.round((peak - residentBefore) / mebi);
  assert.ok(grownMib < 400, `grew by ${grownMib} MiB`);
  assert.match(sender.text.slice(said), /^250 2\.\d\.\d /);
  sender.write('QUIT\r\n');
  await sender.closed();
  t.diagnostic(`in after ${Math.round(performance.now() - startedAtMs)} ms`);

  const reader = await RawClient.connect({ port: node.pop3s, tls: {} });
  reader.write(`USER ${box.address}\r\nPASS ${testSecret}\r\nLIST 1\r\nRETR 1\r\n`);
  await reader.until(() => reader.tail === '\r\n.\r\n', 30_000);
  t.diagnostic(`out after ${Math.round(performance.now() - startedAtMs)} ms`);
  const opening = reader.text.slice(0, reader.text.indexOf('Subject: numbered'));
  assert.match(opening, /\r\nReturn-Path: <a@example\.net>\r\n/);
  const wanted = createHash('sha256').update(opening, 'latin1');
  for (const line of numberedLines(largeOctets)) wanted.update(line);
  assert.equal(reader.hash.copy().digest('hex'), wanted.update('.\r\n').digest('hex'));
  // RFC 1939 §11: what LIST says is what RETR sends.
  const [, listed] = /\r\n\+OK 1 (\d+)\r\n/.exec(opening) ?? [];
  const headers = opening.slice(opening.indexOf('Return-Path:'));
  assert.equal(Number(listed), headers.length + numberedOctets(largeOctets));
  reader.write('QUIT\r\n');
  await reader.closed();

  // TOP reads what it needs and no more.
  const client = await session(box.address);
  const topAtMs = performance.now();
  const top = await client.content('TOP 1 3');
  assert.match(top, /\r\nSubject: numbered\r\n\r\nx{61}1\r\nx{61}2\r\nx{61}3\r\n$/);
  assert.ok(performance.now() - topAtMs < 1_000, 'TOP of a large message is quick');
  assert.match(await client.content('TOP 1 0'), /\r\nSubject: numbered\r\n\r\n$/);
  await client.ok('DELE 1');
  await client.quit();
  assert.deepEqual(await database.visible(box), []);
  assert.equal(await metric(node, 'poplar_worker_restarts_total'), 0);
  await eventually(async () => assert.equal(await metric(node, 'poplar_connections'), 0));
});
