/**
 * PostgreSQL has no room left: for data, so that it refuses statements, or for its log, so that it
 * crashes and cannot start. Deliveries are put off, a QUIT that could not be done is told so and removes
 * nothing, what was promised is there, and all is well when there is room again.
 */

import assert from 'node:assert/strict';
import { chownSync, cpSync, readdirSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startServer, superuserOf, type TemporaryServer } from '@poplar/store/testing';
import { heldLocks } from '../support/accidents.ts';
import { LmtpClient } from '../support/lmtp-client.ts';
import { maildropNamed } from '../support/maildrops.ts';
import { messageOfOctets } from '../support/messages.ts';
import { eventually, metric } from '../support/node-inspection.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { type SmallDisk, smallDisk } from '../support/small-disk.ts';
import { type RunningNode, startNode } from '../support/start-node.ts';
import {
  openTestDatabase,
  type TestDatabase,
  type TestMailbox,
  testSecret,
} from '../support/test-database.ts';

const diskMebibytes = 96;
const letterOctets = 300_000;
/** More than what is free in half-filled pages and files. */
const lettersMax = 200;
const patienceMs = 60_000;
/** A restart of a server that crashed, on a machine that is busy. */
const wellAgainWithinMs = 30_000;

interface Scene {
  readonly server: TemporaryServer;
  readonly disk: SmallDisk;
  readonly database: TestDatabase;
  readonly node: RunningNode;
}

/** A server whose disk `prepare` makes small, a database on it, and a node. */
async function onSmallDisk(
  prepare: (server: TemporaryServer) => Promise<SmallDisk>,
  work: (scene: Scene) => Promise<void>,
): Promise<void> {
  const server = await startServer({ settings: ['max_wal_size=32MB', 'min_wal_size=32MB'] });
  const disk = await prepare(server);
  const database = await openTestDatabase(server);
  try {
    await moveToTablespace(server, database);
    const node = await startNode({ databaseUrl: database.url, workers: 1 });
    try {
      await work({ server, disk, database, node });
    } finally {
      disk.free();
      await node.stop();
    }
  } finally {
    await database.drop();
    await server.stop();
    disk.end();
  }
}

/** Where there is one. Nobody is connected yet. */
async function moveToTablespace(server: TemporaryServer, database: TestDatabase): Promise<void> {
  const superuser = superuserOf(server.url);
  try {
    const found = await superuser.query(`select from pg_tablespace where spcname = 'small'`);
    const name = new URL(database.url).pathname.slice(1);
    if (found.length > 0) await superuser.query(`alter database ${name} set tablespace small`);
  } finally {
    await superuser.end();
  }
}

async function dataOnSmallDisk(server: TemporaryServer): Promise<SmallDisk> {
  const disk = smallDisk(diskMebibytes, server.data);
  const superuser = superuserOf(server.url);
  await superuser.query(`create tablespace small location '${disk.path}'`);
  await superuser.end();
  return disk;
}

async function logOnSmallDisk(server: TemporaryServer): Promise<SmallDisk> {
  const disk = smallDisk(diskMebibytes, server.data);
  await server.kill();
  const log = join(server.data, 'pg_wal');
  const { uid, gid } = statSync(log);
  cpSync(log, disk.path, { recursive: true });
  for (const file of readdirSync(disk.path, { recursive: true, encoding: 'utf8' })) {
    chownSync(join(disk.path, file), uid, gid);
  }
  rmSync(log, { recursive: true });
  symlinkSync(disk.path, log);
  await eventually(() => server.start(), 10_000, 200);
  // A standby that went away: nothing of the log is used again.
  const superuser = superuserOf(server.url);
  await superuser.query(`select pg_create_physical_replication_slot('gone', true)`);
  await superuser.end();
  return disk;
}

interface Session {
  readonly client: Pop3Client;
  readonly mailbox: TestMailbox;
}

async function markedSession({ node, database }: Scene, name: string): Promise<Session> {
  const address = `${name}@example.org`;
  const mailbox = await database.addMailbox(address, maildropNamed('three-messages'));
  const client = await Pop3Client.connect({ port: node.pop3, patienceMs });
  await client.login(address, testSecret);
  await client.ok('DELE 1');
  await client.ok('DELE 3');
  return { client, mailbox };
}

interface Sender {
  readonly mailbox: TestMailbox;
  /** Letters that were answered with 250. */
  acknowledged: number;
  send(): Promise<number | undefined>;
}

async function senderTo({ node, database }: Scene): Promise<Sender> {
  const mailbox = await database.addMailbox('receiver@example.org');
  const content = messageOfOctets(letterOctets);
  const sender: Sender = {
    mailbox,
    acknowledged: 0,
    send: async () => {
      const client = await LmtpClient.connect({ port: node.lmtp, patienceMs });
      const mail = { from: 'a@example.net', to: [mailbox.address], content };
      const [reply] = await client.deliver(mail).finally(() => client.destroy());
      if (reply?.code === 250) sender.acknowledged += 1;
      return reply?.code;
    },
  };
  return sender;
}

/** Delivers until it is told to come again: 452 (RFC 5321 §4.2.2) would do as well as 451. */
async function untilPutOff(sender: Sender): Promise<void> {
  for (let letters = 0; letters < lettersMax; letters += 1) {
    const code = await sender.send();
    if (code === 250) continue;
    assert.ok(code === 451 || code === 452, `told ${code}`);
    return;
  }
  assert.fail('the disk is not full');
}

/** All is well: everything that was promised, and what comes now. */
async function wellAgain({ database, node }: Scene, sender: Sender): Promise<void> {
  await eventually(async () => assert.equal(await sender.send(), 250), wellAgainWithinMs, 200);
  const ids = await eventually(() => database.visible(sender.mailbox), wellAgainWithinMs);
  // The server may have crashed after a commit that nobody heard of: more is possible, less is not.
  assert.ok(ids.length >= sender.acknowledged, `${ids.length} of ${sender.acknowledged}`);
  const client = await eventually(
    async () => {
      const next = await Pop3Client.connect({ port: node.pop3, patienceMs });
      await next.login(sender.mailbox.address, testSecret);
      return next;
    },
    wellAgainWithinMs,
    200,
  );
  assert.equal((await client.listing('UIDL')).length, ids.length);
  assert.ok((await client.content(`RETR ${ids.length}`)).length > letterOctets);
  await client.ok('DELE 1');
  await client.quit();
  assert.equal((await database.visible(sender.mailbox)).length, ids.length - 1);
  const superuser = superuserOf(database.url);
  await eventually(async () => assert.deepEqual(await heldLocks(superuser), []), 20_000);
  await superuser.end();
  assert.equal(await metric(node, 'poplar_worker_restarts_total'), 0);
}

async function quitRefused({ database }: Scene, { client, mailbox }: Session): Promise<void> {
  const { ok, code } = await client.reply();
  assert.deepEqual([ok, code], [false, 'SYS/TEMP']);
  client.destroy();
  const visible = await eventually(() => database.visible(mailbox), wellAgainWithinMs);
  assert.equal(visible.length, 3, 'what could not be done was not done by half');
}

async function quitDone({ database }: Scene, { client, mailbox }: Session): Promise<void> {
  assert.equal((await client.reply()).ok, true);
  client.destroy();
  assert.equal((await database.visible(mailbox)).length, 1);
}

describe('the disk is full', { concurrency: 2 }, () => {
  test('for data: what needs room is refused, and done when there is some', async () => {
    await onSmallDisk(dataOnSmallDisk, async (scene) => {
      const [never, late] = [
        await markedSession(scene, 'never'),
        await markedSession(scene, 'late'),
      ];
      const sender = await senderTo(scene);
      for (let letters = 0; letters < 5; letters += 1) assert.equal(await sender.send(), 250);
      scene.disk.fill();
      await untilPutOff(sender);
      // No QUIT has written a receipt here yet, so the first one needs a page.
      never.client.wire.write('QUIT\r\n');
      await sleep(1_000);
      assert.equal((await scene.database.visible(never.mailbox)).length, 3);
      // Who only reads is served.
      const reader = await Pop3Client.connect({ port: scene.node.pop3 });
      await reader.login(sender.mailbox.address, testSecret);
      assert.equal((await reader.listing('LIST')).length, sender.acknowledged);
      assert.ok((await reader.content('RETR 1')).length > letterOctets);
      await reader.quit();
      await quitRefused(scene, never);
      late.client.wire.write('QUIT\r\n');
      await sleep(1_000);
      assert.equal((await scene.database.visible(late.mailbox)).length, 3);
      scene.disk.free();
      await quitDone(scene, late);
      await wellAgain(scene, sender);
      assert.equal((await scene.database.visible(never.mailbox)).length, 3, 'nor afterwards');
    });
  });

  test('for the log: PostgreSQL crashes, and nothing that it acknowledged is lost', async () => {
    await onSmallDisk(logOnSmallDisk, async (scene) => {
      const { server, disk, database } = scene;
      const [never, late] = [
        await markedSession(scene, 'never'),
        await markedSession(scene, 'late'),
      ];
      const sender = await senderTo(scene);
      for (let letters = 0; letters < 5; letters += 1) assert.equal(await sender.send(), 250);
      disk.fill();
      await untilPutOff(sender);
      never.client.wire.write('QUIT\r\n');
      const told = await never.client.reply();
      assert.deepEqual([told.ok, told.code], [false, 'SYS/TEMP']);
      late.client.wire.write('QUIT\r\n');
      await sleep(500);
      disk.free();
      // As an operator would, who has made room.
      await eventually(
        async () => {
          if (!isAlive(server.pid())) await server.start();
          await database.visible(late.mailbox);
        },
        wellAgainWithinMs,
        200,
      );
      await quitDone(scene, late);
      assert.equal((await database.visible(never.mailbox)).length, 3);
      never.client.destroy();
      await wellAgain(scene, sender);
    });
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
