/**
 * The probe login of a node: it says whether a user can read his mail, and leaves nothing behind.
 */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { isLocked } from '../support/accidents.ts';
import { maildropNamed } from '../support/maildrops.ts';
import { eventually, metric } from '../support/node-inspection.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { runPoplar } from '../support/poplar-command.ts';
import { type RunningNode, startNode } from '../support/start-node.ts';
import {
  openTestDatabase,
  type TestDatabase,
  type TestMailbox,
  testSecret,
} from '../support/test-database.ts';

const kept = 1_100;

let database: TestDatabase;
let folder: string;
let passwordFile: string;
let mailbox: TestMailbox;
let node: RunningNode;

before(async () => {
  database = await openTestDatabase();
  folder = mkdtempSync(join(tmpdir(), 'poplar-probe-'));
  passwordFile = join(folder, 'password');
  writeFileSync(passwordFile, `${testSecret}\n`, { mode: 0o600 });
  mailbox = await database.addMailbox('probe@example.org', maildropNamed('three-messages'));
  node = await start({});
});
after(async () => {
  await node.stop();
  rmSync(folder, { recursive: true });
  await database.drop();
});

function start(environment: Readonly<Record<string, string>>): Promise<RunningNode> {
  return startNode({
    databaseUrl: database.url,
    workers: 1,
    environment: {
      POPLAR_PROBE_ADDRESS: mailbox.address,
      POPLAR_PROBE_PASSWORD_FILE: passwordFile,
      POPLAR_LOCK_WAIT_MS: '0',
      ...environment,
    },
  });
}

async function probez({ ops }: RunningNode): Promise<{ status: number; text: string }> {
  const signal = AbortSignal.timeout(20_000);
  const answer = await fetch(`http://127.0.0.1:${ops}/probez`, { signal });
  return { status: answer.status, text: await answer.text() };
}

/** The answer to a login of its own, not one that is kept. */
async function fresh(to: RunningNode): Promise<{ status: number; text: string }> {
  await new Promise((resolve) => setTimeout(resolve, kept));
  return probez(to);
}

test("a login as a user's, once for many who ask, and nothing is changed by it", async () => {
  const many = await Promise.all(Array.from({ length: 20 }, () => probez(node)));
  for (const { status, text } of many) {
    assert.equal(status, 200, text);
    assert.match(text, /^ok \d+ ms\n$/);
  }
  assert.equal(new Set(many.map(({ text }) => text)).size, 1);
  await eventually(async () => assert.equal(await isLocked(database, mailbox), false), 2_000);
  assert.equal((await database.visible(mailbox)).length, 3);
  assert.deepEqual(await database.flagged(mailbox), []);
  assert.equal(await metric(node, 'poplar_logins_total'), 1);
});

test('a maildrop that somebody has open is no fault of the service', async () => {
  const client = await Pop3Client.connect({ port: node.pop3 });
  await client.login(mailbox.address, testSecret);
  const { status, text } = await fresh(node);
  assert.deepEqual([status, text.replace(/\d+/, 'N')], [200, 'ok N ms (IN-USE)\n']);
  await client.quit();
});

test('what a user would be refused is told, without the password', async () => {
  writeFileSync(passwordFile, 'another one');
  const wrong = await fresh(node);
  assert.deepEqual(
    [wrong.status, /^PASS: -ERR \[AUTH\]/.test(wrong.text)],
    [503, true],
    wrong.text,
  );
  writeFileSync(passwordFile, testSecret);
  const { address } = mailbox;
  await database.store.directory.setMailbox({ address, status: 'suspended' });
  const suspended = await fresh(node);
  assert.equal(suspended.status, 503);
  assert.match(suspended.text, /^PASS: -ERR \[SYS\/PERM\]/);
  await database.store.directory.setMailbox({ address, status: 'active' });
  rmSync(passwordFile);
  const absent = await fresh(node);
  const reason = 'configuration: probe.passwordFile cannot be read (ENOENT)\n';
  assert.deepEqual([absent.status, absent.text], [503, reason]);
  writeFileSync(passwordFile, `${testSecret}\r\n`);
  assert.equal((await fresh(node)).status, 200);
  assert.ok(!node.log().includes(testSecret) && !node.log().includes('another one'));
  assert.match(node.log(), /"event":"probe","step":"PASS"/);
});

test('STLS where there is no POP3S, and no probe where no mailbox is set', async () => {
  const other = await start({ POPLAR_LISTEN_POP3S: '', POPLAR_CLEARTEXT: 'never' });
  try {
    assert.match((await probez(other)).text, /^ok /);
  } finally {
    await other.stop();
  }
  const none = await start({ POPLAR_PROBE_ADDRESS: '', POPLAR_PROBE_PASSWORD_FILE: '' });
  try {
    assert.equal((await probez(none)).status, 404);
  } finally {
    await none.stop();
  }
});

test('the command does the same, and trusts only the certificate that it should', async () => {
  const run = (input: string, environment: Readonly<Record<string, string>> = {}) =>
    runPoplar(database.url, ['probe', mailbox.address, '--password-stdin'], {
      input,
      environment: {
        POPLAR_DATA_DIR: node.dataDir,
        POPLAR_LISTEN_POP3S: `127.0.0.1:${node.pop3s}`,
        POPLAR_LISTEN_POP3: `127.0.0.1:${node.pop3}`,
        ...environment,
      },
    });
  const good = await run(testSecret);
  assert.deepEqual([good.code, good.err], [0, '']);
  assert.match(good.out, /^127\.0\.0\.1:\d+: ok \d+ ms\n$/);
  const wrong = await run('x');
  assert.deepEqual([wrong.code, wrong.out], [1, '']);
  assert.match(wrong.err, /^poplar: 127\.0\.0\.1:\d+: PASS: -ERR \[AUTH\][^\n]*\n$/);
  const stranger = await run(testSecret, { POPLAR_DATA_DIR: join(folder, 'nowhere') });
  assert.match(stranger.err, /: TLS: [A-Z_]*SELF_SIGNED[A-Z_]*\n$/);
  const away = await run(testSecret, { POPLAR_LISTEN_POP3S: '127.0.0.1:1' });
  assert.match(away.err, /: connect: ECONNREFUSED\n$|: TLS: ECONNREFUSED\n$/);
});
