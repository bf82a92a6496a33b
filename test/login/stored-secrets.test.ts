/**
 * Passwords as other systems and this one store them, from the import of a passwd-file to the login by
 * POP3 and the hash that is there afterwards; and app passwords as people type them.
 */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { refusedVectors, vectors } from '@poplar/identity/testing';
import { addMarkedMailbox, assertOpened, leave } from '../support/login-witness.ts';
import { eventually } from '../support/node-inspection.ts';
import { Pop3Client, type Pop3Reply } from '../support/pop3-client.ts';
import { poplar, runPoplar } from '../support/poplar-command.ts';
import { authPlain } from '../support/sasl-client.ts';
import { scram } from '../support/scram-client.ts';
import { type RunningNode, startNode } from '../support/start-node.ts';
import { openTestDatabase, type TestDatabase, type TestMailbox } from '../support/test-database.ts';

let database: TestDatabase;
let node: RunningNode;
let second: RunningNode;
let directory: string;

before(async () => {
  directory = mkdtempSync(join(tmpdir(), 'poplar-secrets-'));
  database = await openTestDatabase();
  await database.store.directory.addDomain({ name: 'import.example' });
  const databaseUrl = database.url;
  [node, second] = await Promise.all([
    startNode({ databaseUrl, workers: 1 }),
    startNode({
      databaseUrl,
      workers: 1,
      environment: { POPLAR_LISTEN_LMTP: '', POPLAR_AUTH_SCRAM: 'on' },
    }),
  ]);
});
after(async () => {
  await Promise.all([node.stop(), second.stop()]);
  await database.drop();
  rmSync(directory, { recursive: true });
});

function connect(on: RunningNode): Promise<Pop3Client> {
  return Pop3Client.connect({ port: on.pop3s, ca: on.ca });
}

/** By USER and PASS, then gone. */
async function passTried(on: RunningNode, address: string, secret: string): Promise<Pop3Reply> {
  const client = await connect(on);
  await client.ok(`USER ${address}`);
  const reply = await client.command(`PASS ${Buffer.from(secret).toString('latin1')}`);
  if (reply.ok) await leave(database, client);
  else client.destroy();
  return reply;
}

async function plainTried(on: RunningNode, address: string, secret: string): Promise<Pop3Reply> {
  const client = await connect(on);
  const reply = await authPlain(client, { name: address, secret });
  if (reply.ok) await leave(database, client);
  else client.destroy();
  return reply;
}

async function mailboxOf(address: string): Promise<TestMailbox> {
  const details = await database.store.findLogin(address);
  assert.ok(details !== null, address);
  return { mailboxId: details.mailboxId, address };
}

async function importFile(lines: readonly string[]): Promise<Record<string, unknown>> {
  const file = join(directory, 'passwd');
  writeFileSync(file, `${lines.join('\n')}\n`, { mode: 0o600 });
  const run = await runPoplar(database.url, ['credential', 'import', file, '--create', '--json']);
  return JSON.parse(run.out);
}

function isOwnHash(secret: string): boolean {
  return secret.startsWith('$argon2id$');
}

describe('an imported password', () => {
  const users = vectors.map((vector, index) => ({ ...vector, name: `u${index}@import.example` }));

  before(async () => {
    const lines = users.map(
      ({ name, stored }) => `${name}:${stored}:1000:1000::/home/u::userdb_mail=x`,
    );
    const report = await importFile(lines);
    assert.deepEqual([report.end, report.created], ['complete', users.length]);
  });

  for (const { name, scheme, stored, secret } of users) {
    const prefix = /^\{[^}]*\}|^\$[^$]*\$/.exec(stored)?.[0] ?? '';
    test(`${scheme} as ${prefix}: logs in, and is hashed anew`, async () => {
      const mailbox = await mailboxOf(name);
      const version = await database.credentialVersion(mailbox);
      assert.deepEqual(await database.credentials(mailbox), [
        { kind: 'password', secret: stored, lastUsedOn: null },
      ]);
      // bcrypt looks at the first 72 octets alone, so the difference is in front.
      assert.equal((await passTried(node, name, `x!${secret}`)).code, 'AUTH');
      assert.equal((await passTried(node, name, `!${secret.slice(1)}`)).code, 'AUTH');
      assert.equal((await passTried(node, name, stored)).code, 'AUTH', 'the hash is no password');
      const [untouched] = await database.credentials(mailbox);
      assert.equal(untouched?.secret, stored);

      assert.ok((await passTried(node, name, secret)).ok);
      await eventually(async () => {
        const [now = '', ...more] = (await database.credentials(mailbox)).map((one) => one.secret);
        assert.deepEqual(more, []);
        const stays = /^\{(?:ARGON2ID|SCRAM-)/.test(stored);
        assert.ok(stays ? now === stored : isOwnHash(now), now);
      });
      assert.equal(await database.credentialVersion(mailbox), version);
      assert.ok((await passTried(node, name, secret)).ok, 'where it is remembered');
      assert.ok((await plainTried(second, name, secret)).ok, 'where only the new hash is known');
      assert.equal((await plainTried(second, name, `${secret}x`)).code, 'AUTH');
    });
  }

  test('that cannot be verified safely is skipped and told, and nobody is made of it', async () => {
    const lines = refusedVectors.map((stored, index) => `r${index}@import.example:${stored}`);
    const report = await importFile([...lines, 'r@import.example::', 'n@import.example:*:']);
    assert.equal(report.created, 0);
    assert.ok(Array.isArray(report.lines));
    assert.equal(report.lines.length, refusedVectors.length + 2);
    assert.equal(await database.store.findLogin('r0@import.example'), null);
    assert.equal((await passTried(node, 'r0@import.example', 'correct horse')).code, 'AUTH');
  });

  test('that is outdated where SCRAM is on gets both, the hash and the SCRAM secrets', async () => {
    const [vector] = vectors.filter(({ scheme }) => scheme === 'sha512-crypt');
    assert.ok(vector !== undefined);
    const address = 'both@import.example';
    await importFile([`${address}:${vector.stored}`]);
    assert.ok((await plainTried(second, address, vector.secret)).ok);
    const mailbox = await mailboxOf(address);
    await eventually(async () => {
      const stored = await database.credentials(mailbox);
      assert.deepEqual(
        stored.map(({ kind }) => kind),
        ['password', 'scram-sha-1', 'scram-sha-256'],
      );
      assert.ok(isOwnHash(stored[0]?.secret ?? ''));
    });
    const client = await connect(second);
    const run = await scram(client, { hash: 'SHA-256', user: address, password: vector.secret });
    assert.ok(run.reply.ok && run.serverProved, run.reply.text);
    await leave(database, client);
  });

  for (const hash of ['SHA-1', 'SHA-256'] as const) {
    test(`that was stored for ${hash} by another server is taken by SCRAM-${hash}`, async () => {
      const scheme = `scram-${hash.toLowerCase()}`;
      const vector = vectors.find((one) => one.scheme === scheme);
      assert.ok(vector !== undefined);
      const user = `${scheme}@import.example`;
      await importFile([`${user}:${vector.stored}`]);
      const client = await connect(second);
      const run = await scram(client, { hash, user, password: vector.secret });
      assert.ok(run.reply.ok && run.serverProved, run.reply.text);
      assert.deepEqual(await database.locked(), [user]);
      await leave(database, client);
    });
  }

  test('is replaced by another import, and the old one ends with it', async () => {
    const [other] = vectors.filter(({ scheme }) => scheme === 'ssha512');
    assert.ok(other !== undefined);
    const address = 'again@import.example';
    await importFile([`${address}:{PLAIN}the old one`]);
    assert.ok((await passTried(node, address, 'the old one')).ok);
    await importFile([`${address}:${other.stored}`]);
    assert.equal((await passTried(node, address, 'the old one')).code, 'AUTH');
    assert.ok((await passTried(node, address, other.secret)).ok);
  });
});

describe('an app password', () => {
  const address = 'app@example.org';
  let mailbox: TestMailbox;
  before(async () => {
    mailbox = await addMarkedMailbox(database, address);
  });

  async function add(...argv: string[]): Promise<{ password: string; credentialId: string }> {
    const command = ['mailbox', 'app-password', 'add', address, '--json', ...argv];
    return JSON.parse(await poplar(database.url, command));
  }

  test('opens however it is typed, and beside the password', async () => {
    const { password } = await add('--label', 'phone');
    assert.match(password, /^[0-9a-z]{4}(?:-[0-9a-z]{4}){6}$/);
    const typed = [
      password,
      password.replaceAll('-', ' '),
      password.replaceAll('-', ''),
      password.toUpperCase(),
      password.replaceAll('0', 'o').replaceAll('1', 'l'),
      password.replaceAll('-', ' - '),
    ].filter((text) => text.length <= 56);
    for (const text of typed) {
      assert.ok((await passTried(node, address, text)).ok, `PASS ${text}`);
      assert.ok((await plainTried(node, address, text)).ok, `PLAIN ${text}`);
    }
    const client = await connect(node);
    await client.login(address, 'open sesame');
    await assertOpened(database, client, address);
    await leave(database, client);
    const wrong = `${password.slice(0, -1)}${password.endsWith('z') ? 'y' : 'z'}`;
    for (const text of [wrong, password.slice(0, -1), `${password}x`]) {
      assert.equal((await passTried(node, address, text)).code, 'AUTH');
    }
    const stored = await database.credentials(mailbox);
    assert.ok(stored.every(({ secret }) => !secret.includes(password.replaceAll('-', ''))));
  });

  test('ends when it is revoked, at once and on every node', async () => {
    const { password, credentialId } = await add('--label', 'tablet');
    for (const on of [node, second]) assert.ok((await passTried(on, address, password)).ok);
    await poplar(database.url, ['mailbox', 'app-password', 'revoke', address, credentialId]);
    for (const on of [node, second]) {
      assert.equal((await passTried(on, address, password)).code, 'AUTH');
    }
  });

  test('ends when its time is over, also where it is remembered', async () => {
    const { password, credentialId } = await add('--label', 'guest', '--expires', '1');
    await database.expireCredential(credentialId, 3);
    assert.ok((await passTried(node, address, password)).ok);
    await eventually(
      async () => assert.equal((await passTried(node, address, password)).code, 'AUTH'),
      8_000,
      250,
    );
  });

  test('is found used on the day, when that has been written down', async () => {
    const own = await startNode({
      databaseUrl: database.url,
      workers: 1,
      environment: { POPLAR_LISTEN_LMTP: '' },
    });
    const { password } = await add('--label', 'watch');
    assert.ok((await passTried(own, address, password)).ok);
    await own.stop();
    const used = (await database.credentials(mailbox)).filter(
      ({ kind, lastUsedOn }) => kind === 'app-password' && lastUsedOn !== null,
    );
    const [today] = await database.query('select current_date::text as day');
    assert.ok(used.some(({ lastUsedOn }) => lastUsedOn === today?.day));
  });
});
