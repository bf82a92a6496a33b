/**
 * SIGHUP takes settings and certificates over while sessions stand: what may change does at once, for
 * those who are there as well, and nobody is put out. A file with a mistake changes nothing.
 */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { isLocked } from '../support/accidents.ts';
import { maildropNamed } from '../support/maildrops.ts';
import { eventually } from '../support/node-inspection.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { type RunningNode, startNode } from '../support/start-node.ts';
import {
  openTestDatabase,
  type TestDatabase,
  type TestMailbox,
  testSecret,
} from '../support/test-database.ts';

let database: TestDatabase;
let node: RunningNode;
let directory: string;
let file: string;
let mailboxes = 0;

before(async () => {
  directory = mkdtempSync(join(tmpdir(), 'poplar-reload-'));
  file = join(directory, 'poplar.toml');
  writeFileSync(file, '');
  database = await openTestDatabase();
  node = await startNode({
    databaseUrl: database.url,
    environment: { POPLAR_CONFIG: file },
  });
});
after(async () => {
  await node.stop();
  await database.drop();
  rmSync(directory, { recursive: true });
});

/** Writes the file, sends SIGHUP and waits until the node has said `line` once more. */
async function reload(content: string, line: string): Promise<void> {
  const count = (): number => node.log().split(line).length;
  const before = count();
  writeFileSync(file, content);
  node.signal('SIGHUP');
  await eventually(() => assert.ok(count() > before, line));
}

async function mailbox(): Promise<TestMailbox> {
  mailboxes += 1;
  return database.addMailbox(`reloaded${mailboxes}@example.org`, maildropNamed('two-messages'));
}

/** Both workers have it: a message to a thread is not seen from outside. */
async function heardByAll(holds: () => Promise<boolean>): Promise<void> {
  for (let times = 0; times < 8; times += 1) {
    await eventually(async () => assert.ok(await holds(), 'the new setting'));
  }
}

describe('SIGHUP', () => {
  test('a session that stands goes on, and its silence is measured anew', async () => {
    const mine = await mailbox();
    const client = await Pop3Client.connect({ port: node.pop3 });
    await client.login(mine.address, testSecret);
    await client.ok('DELE 1');
    await reload('[limits]\nidleTimeoutMs = 1500\n', 'certificates reloaded');
    assert.match(node.log(), /"changed":"limits.idleTimeoutMs"/);
    await client.ok('NOOP');
    // RFC 1939 section 3: closed without a word, nothing removed.
    assert.equal(await client.wire.closed(), 'end');
    await eventually(() => assert.match(node.log(), /"event":"session","reason":"idle-timeout"/));
    assert.equal((await database.visible(mine)).length, 2);
    assert.equal(await isLocked(database, mine), false);
    await reload('', 'certificates reloaded');
  });

  test('the cleartext rule holds for newcomers, not for a session that stands', async () => {
    const mine = await mailbox();
    const client = await Pop3Client.connect({ port: node.pop3 });
    await client.login(mine.address, testSecret);
    await reload('cleartext = "never"\n', 'certificates reloaded');
    await heardByAll(async () => {
      const newcomer = await Pop3Client.connect({ port: node.pop3 });
      const { ok } = await newcomer.command('USER somebody');
      newcomer.destroy();
      return !ok;
    });
    await client.ok('DELE 2');
    await client.quit();
    assert.equal((await database.visible(mine)).length, 1);
    await reload('', 'certificates reloaded');
  });

  test('a mistake in the file changes nothing, and certificates are read all the same', async () => {
    await reload('limits = { idleTimeoutMs = "soon" }\n', 'settings not reloaded');
    assert.match(node.log(), /limits.idleTimeoutMs must be/);
    await reload('', 'certificates reloaded');
  });

  test('what waits for the next start is said', async () => {
    await reload('[locks]\ntakeover = "never"\n', 'these settings wait for the next start');
    assert.match(node.log(), /"waiting":"locks.takeover"/);
    await reload('', 'certificates reloaded');
  });
});
