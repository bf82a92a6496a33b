/**
 * Clients that ask and do not read: what they may hold of memory and of PostgreSQL, for how long, and
 * that a client which reads on in time has lost nothing.
 */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  addBulk,
  addNumbered,
  busyBackends,
  isLocked,
  numberedLines,
  numberedOctets,
} from '../support/accidents.ts';
import { eventually, metric, residentOctets, residentPeak } from '../support/node-inspection.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { RawClient } from '../support/raw-client.ts';
import { slowLine } from '../support/slow-line.ts';
import { type RunningNode, startNode } from '../support/start-node.ts';
import {
  openTestDatabase,
  type TestDatabase,
  type TestMailbox,
  testSecret,
} from '../support/test-database.ts';

const mebi = 1024 * 1024;
const largeOctets = 30 * mebi;
const writeStallMs = 3_000;
const stalledClients = 10;
/** More than the kernel takes at once on loopback, which is 3 to 4 MB. */
const pacedOctets = 16 * mebi;
/** A step of loopback, 64 to 128 KiB, in an eighth of `writeStallMs`: also on a machine that is busy. */
const steadyOctetsPerSecond = 400_000;
/** Replies that one pipelining client asks for, of so many lines each. */
const listings = 10_000;
const listedMessages = 1_000;

let database: TestDatabase;
let node: RunningNode;
const boxes: TestMailbox[] = [];

before(async () => {
  database = await openTestDatabase();
  for (let number = 0; number < stalledClients + 2; number += 1) {
    boxes.push(await database.addMailbox(`reader${number}@example.org`));
  }
  await addNumbered(database, boxes, largeOctets);
  node = await startNode({
    databaseUrl: database.url,
    environment: { POPLAR_WRITE_STALL_MS: String(writeStallMs) },
  });
});
after(async () => {
  await node.stop();
  await database.drop();
});

function boxAt(index: number): TestMailbox {
  const box = boxes[index];
  assert.ok(box !== undefined);
  return box;
}

/** A client that has logged in and is told nothing more yet; every second one under TLS. */
async function loggedIn(
  mailbox: TestMailbox,
  isSecure: boolean,
  port: number = isSecure ? node.pop3s : node.pop3,
): Promise<RawClient> {
  const client = await RawClient.connect(isSecure ? { port, tls: {} } : { port });
  client.write(`USER ${mailbox.address}\r\nPASS ${testSecret}\r\n`);
  await client.until(() => client.text.split('\r\n').length === 4);
  return client;
}

/** The hash of all that is said from the greeting to the dot. */
function wholeHash(
  client: RawClient,
  opening: string,
  octets = largeOctets,
): { wanted: string; got: string } {
  const hash = createHash('sha256').update(opening, 'latin1');
  for (const line of numberedLines(octets)) hash.update(line);
  return { wanted: hash.update('.\r\n').digest('hex'), got: client.hash.copy().digest('hex') };
}

/** What was said up to the first line of the message. */
function openingOf(client: RawClient): string {
  const { text } = client;
  return text.slice(0, text.indexOf('Subject: numbered'));
}

test('ten readers that stop in a 30 MB message hold neither memory nor PostgreSQL', async () => {
  // The paths are warm before memory is measured.
  const warm = await loggedIn(boxAt(0), false);
  warm.write('RETR 1\r\nQUIT\r\n');
  await warm.closed();
  const before = residentOctets(node);

  const clients: RawClient[] = [];
  for (let index = 0; index < stalledClients; index += 1) {
    const client = await loggedIn(boxAt(index), index % 2 === 1);
    client.write('DELE 1\r\nRSET\r\nRETR 1\r\n');
    client.stopReading();
    clients.push(client);
  }
  const stalledAtMs = performance.now();
  const peak = await residentPeak(node, sleep(1_500));
  const grownMib = Math.round((peak - before) / mebi);
  assert.ok(grownMib < 64, `grew by ${grownMib} MiB for ten readers of 30 MiB`);
  assert.deepEqual(await busyBackends(database), [], 'PostgreSQL waits for none of them');

  // One reads on before its time is over, and gets every octet.
  const [patient] = clients;
  assert.ok(patient !== undefined);
  patient.goOn();
  await patient.until(() => patient.tail === '\r\n.\r\n', 20_000);
  const { wanted, got } = wholeHash(patient, openingOf(patient));
  assert.equal(got, wanted);
  patient.write('QUIT\r\n');
  await patient.closed();

  // The others are cut off at their time, not before.
  const stalled = { reason: 'write-stall' };
  await eventually(
    async () => {
      const cut = await metric(node, 'poplar_connections_closed_total', stalled);
      assert.equal(cut, stalledClients - 1);
    },
    writeStallMs + 5_000,
    100,
  );
  assert.ok(performance.now() - stalledAtMs >= writeStallMs, 'they had their time');
  for (const client of clients.slice(1)) {
    client.goOn();
    await client.closed();
    assert.ok(client.octets < numberedOctets(largeOctets));
    assert.notEqual(client.tail, '\r\n.\r\n', 'what was cut off does not look whole');
  }
  for (const box of boxes) {
    await eventually(async () => assert.equal(await isLocked(database, box), false));
    assert.equal((await database.visible(box)).length, 1);
  }
});

describe('a reader at a pace of its own', { concurrency: true }, () => {
  const paced: TestMailbox[] = [];
  before(async () => {
    for (let number = 0; number < 6; number += 1) {
      paced.push(await database.addMailbox(`paced${number}@example.org`));
    }
    await addNumbered(database, paced, pacedOctets);
  });

  for (const isSecure of [false, true]) {
    const over = isSecure ? 'TLS' : 'TCP';

    /** A client that asks for a message and takes so many octets of it a second. */
    async function pacedReader(octetsPerSecond: number) {
      const mailbox = paced.pop();
      assert.ok(mailbox !== undefined);
      const line = await slowLine(isSecure ? node.pop3s : node.pop3);
      const client = await loggedIn(mailbox, isSecure, line.port);
      line.pace(octetsPerSecond);
      client.write('RETR 1\r\n');
      return { line, client, mailbox, sinceMs: performance.now() };
    }

    for (const octetsPerSecond of [1, 5]) {
      test(`of ${octetsPerSecond} octets a second is cut off in its time over ${over}`, async () => {
        const { line, client, mailbox, sinceMs } = await pacedReader(octetsPerSecond);
        try {
          await eventually(
            async () => assert.equal(await isLocked(database, mailbox), false),
            writeStallMs + 6_000,
            100,
          );
          assert.ok(performance.now() - sinceMs >= writeStallMs, 'not before');
          // The first read may be of what the line still had a buffer for.
          assert.ok(line.octets < 128 * 1024, 'it was slow');
        } finally {
          client.destroy();
          line.end();
        }
      });
    }

    test(`above the minimum gets all of a large message over ${over}`, async () => {
      const { line, client, mailbox, sinceMs } = await pacedReader(steadyOctetsPerSecond);
      try {
        // Until the kernel has the rest, which takes several times what a reader of nothing gets.
        await sleep(3 * writeStallMs);
        assert.ok(line.octets < pacedOctets / 2, 'it is slow all the time');
        await sleep(2 * writeStallMs);
        assert.equal(await isLocked(database, mailbox), true, 'its session lives');
        assert.ok(performance.now() - sinceMs > 5 * writeStallMs);
        line.pace(null);
        await client.until(() => client.tail === '\r\n.\r\n', 20_000);
        const { wanted, got } = wholeHash(client, openingOf(client), pacedOctets);
        assert.equal(got, wanted);
        client.write('DELE 1\r\nQUIT\r\n');
        await client.closed();
        assert.deepEqual(await database.visible(mailbox), []);
      } finally {
        client.destroy();
        line.end();
      }
    });
  }
});

test('10,000 pipelined LISTs that nobody reads stay in the client and the kernel', async () => {
  const box = await database.addMailbox('lists@example.org');
  await addBulk(database, box, { messages: listedMessages });
  const client = await loggedIn(box, false);
  client.write('LIST\r\n');
  await client.until(() => client.text.endsWith('\r\n.\r\n'));
  const opening = client.octets;
  const listingOctets = opening - client.text.indexOf(`+OK ${listedMessages} messages`);
  const before = residentOctets(node);

  client.stopReading();
  client.write('LIST\r\n'.repeat(listings));
  const peak = await residentPeak(node, sleep(1_500));
  const grownMib = Math.round((peak - before) / mebi);
  assert.ok(
    grownMib < 32,
    `grew by ${grownMib} MiB for ${Math.round((listings * listingOctets) / mebi)} MiB of replies`,
  );
  assert.deepEqual(await busyBackends(database), []);

  client.goOn();
  await client.until(() => client.octets >= opening + listings * listingOctets, 30_000);
  assert.equal(client.octets, opening + listings * listingOctets, 'each is there, and no more');
  client.write('QUIT\r\n');
  await client.closed();
});

test('while readers are stalled, another user is served at once', async () => {
  const clients: RawClient[] = [];
  for (let index = 0; index < stalledClients; index += 1) {
    const client = await loggedIn(boxAt(index), false);
    client.write('RETR 1\r\nRETR 1\r\n');
    client.stopReading();
    clients.push(client);
  }
  const startedAtMs = performance.now();
  const user = await Pop3Client.connect({ port: node.pop3 });
  await user.login(boxAt(stalledClients + 1).address, testSecret);
  assert.equal((await user.content('TOP 1 1')).length, 21 + 64);
  await user.quit();
  const tookMs = performance.now() - startedAtMs;
  assert.ok(tookMs < 2_000, `took ${Math.round(tookMs)} ms`);
  for (const client of clients) client.reset();
  await eventually(async () => assert.equal(await metric(node, 'poplar_sessions'), 0));
});
