/**
 * SCRAM over the network with a client that computes: all four mechanisms, both bindings, everything
 * that must not get in, and where the secrets come from.
 */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  addMarkedMailbox,
  allClosed,
  assertOpened,
  assertRefused,
  leave,
} from '../support/login-witness.ts';
import { eventually, metric } from '../support/node-inspection.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { poplar } from '../support/poplar-command.ts';
import { authPlain, cancel } from '../support/sasl-client.ts';
import { bindingDataOf, type ScramAttempt, type ScramRun, scram } from '../support/scram-client.ts';
import type { ScramHash } from '../support/scram-keys.ts';
import { type RunningNode, startNode } from '../support/start-node.ts';
import { openTestDatabase, type TestDatabase, testSecret } from '../support/test-database.ts';

const ann = 'ann@example.org';
const kindsWithScram = ['password', 'scram-sha-1', 'scram-sha-256'];

let database: TestDatabase;
let node: RunningNode;
let second: RunningNode;
/** SCRAM is not offered here. */
let plain: RunningNode;

before(async () => {
  database = await openTestDatabase();
  const databaseUrl = database.url;
  const scramOn = { POPLAR_AUTH_SCRAM: 'on', POPLAR_AUTH_DEFAULT_DOMAIN: 'example.org' };
  [node, second, plain] = await Promise.all([
    startNode({ databaseUrl, environment: scramOn }),
    startNode({ databaseUrl, workers: 1, environment: { ...scramOn, POPLAR_LISTEN_LMTP: '' } }),
    startNode({ databaseUrl, workers: 1, environment: { POPLAR_LISTEN_LMTP: '' } }),
  ]);
  await makeScram(ann);
});
after(async () => {
  await Promise.all([node.stop(), second.stop(), plain.stop()]);
  await database.drop();
});

/** A mailbox whose SCRAM secrets came of its first login by PLAIN. */
async function makeScram(address: string): Promise<void> {
  const mailbox = await addMarkedMailbox(database, address);
  const client = await tls();
  assert.ok((await authPlain(client, { name: address, secret: testSecret })).ok);
  await leave(database, client);
  await eventually(async () => {
    const kinds = (await database.credentials(mailbox)).map(({ kind }) => kind);
    assert.deepEqual(kinds, kindsWithScram);
  });
}

function tls(on: RunningNode = node): Promise<Pop3Client> {
  return Pop3Client.connect({ port: on.pop3s, ca: on.ca });
}

function tls12(): Promise<Pop3Client> {
  return Pop3Client.connect({ port: node.pop3s, ca: node.ca, tls: { maxVersion: 'TLSv1.2' } });
}

const attempt: ScramAttempt = { hash: 'SHA-256', user: ann, password: testSecret };

async function tryOnce(
  changes: Partial<ScramAttempt>,
  connect: () => Promise<Pop3Client> = tls,
): Promise<ScramRun> {
  const client = await connect();
  const run = await scram(client, { ...attempt, ...changes });
  client.destroy();
  return run;
}

async function refuses(
  changes: Partial<ScramAttempt>,
  connect?: () => Promise<Pop3Client>,
): Promise<ScramRun> {
  const run = await tryOnce(changes, connect);
  assert.deepEqual([run.reply.ok, run.serverProved], [false, false], run.reply.text);
  assert.deepEqual(await database.locked(), []);
  return run;
}

const hashes: readonly ScramHash[] = ['SHA-1', 'SHA-256'];
const bindings = [undefined, 'tls-exporter', 'tls-server-end-point'] as const;

describe('SCRAM opens', () => {
  for (const hash of hashes) {
    for (const binding of bindings) {
      test(`${hash}, bound to ${binding ?? 'nothing'}`, async () => {
        const client = await tls();
        const bound = binding === undefined ? {} : { binding };
        const run = await scram(client, { ...attempt, hash, ...bound });
        assert.ok(run.reply.ok, run.reply.text);
        assert.ok(run.serverProved);
        assert.ok(run.iterations >= 4096);
        await assertOpened(database, client, ann);
        await leave(database, client);
      });
    }
  }

  test('behind STLS, and in the clear over loopback', async () => {
    const client = await Pop3Client.connect({ port: node.pop3 });
    await client.stls(node.ca);
    const run = await scram(client, { ...attempt, binding: 'tls-exporter' });
    assert.ok(run.reply.ok && run.serverProved, run.reply.text);
    await assertOpened(database, client, ann);
    await leave(database, client);
    const clear = await Pop3Client.connect({ port: node.pop3 });
    assert.doesNotMatch((await clear.listing('CAPA')).join('\n'), /-PLUS/);
    assert.ok((await scram(clear, { ...attempt, flag: 'y' })).reply.ok, 'nobody took -PLUS away');
    await assertOpened(database, clear, ann);
    await leave(database, clear);
  });

  test('TLS 1.2 by tls-server-end-point, never by tls-exporter', async () => {
    const client = await tls12();
    const run = await scram(client, { ...attempt, binding: 'tls-server-end-point' });
    assert.ok(run.reply.ok && run.serverProved, run.reply.text);
    await leave(database, client);
    await refuses({ binding: 'tls-exporter' }, tls12);
  });

  test('on a node that has not seen the password', async () => {
    const client = await tls(second);
    assert.ok((await scram(client, attempt)).reply.ok);
    await assertOpened(database, client, ann);
    await leave(database, client);
  });

  test('by every form of a name, and another maildrop with a grant', async () => {
    await addMarkedMailbox(database, 'box@example.org');
    for (const user of ['ann', 'ANN@Example.ORG', 'example.org\\ann', 'ann*ann']) {
      const client = await tls();
      assert.ok((await scram(client, { ...attempt, user })).reply.ok, user);
      await assertOpened(database, client, ann);
      await leave(database, client);
    }
    const others = [
      { authzid: 'box@example.org' },
      { user: 'box*ann' },
      { user: 'ann@example.org/box' },
    ];
    for (const other of others) {
      const run = await tryOnce(other);
      assert.deepEqual([run.reply.ok, run.reply.code], [false, 'AUTH']);
      assert.deepEqual(await database.locked(), []);
    }
    const grant = { address: 'box@example.org', grantee: ann, actor: 'test' };
    await database.store.directory.addGrant(grant);
    for (const other of others) {
      const client = await tls();
      assert.ok((await scram(client, { ...attempt, ...other })).reply.ok);
      await assertOpened(database, client, 'box@example.org');
      await leave(database, client);
    }
  });
});

describe('SCRAM does not open', () => {
  for (const hash of hashes) {
    test(`by a wrong password (${hash})`, async () => {
      const run = await refuses({ hash, password: 'open sesam' });
      assert.equal(run.reply.code, 'AUTH');
      assert.equal(run.challenges.length, 1, 'no server-final');
    });

    test(`for a name that is nobody's, whose salt stays the same everywhere (${hash})`, async () => {
      const user = 'nobody@example.org';
      const first = await refuses({ hash, user });
      const again = await refuses({ hash, user });
      const there = await refuses({ hash, user }, () => tls(second));
      assert.deepEqual([again.salt, there.salt], [first.salt, first.salt]);
      const real = await tryOnce({ hash });
      await allClosed(database);
      assert.equal(first.iterations, real.iterations);
      assert.equal(first.salt.length, real.salt.length);
      assert.deepEqual([first.reply, there.reply], [again.reply, again.reply]);
      const other = await refuses({ hash, user: 'nobody2@example.org' });
      assert.notEqual(other.salt, first.salt);
      assert.equal((await refuses({ hash, user: 'NOBODY' })).salt, first.salt, 'the same name');
    });
  }

  test('a mailbox that has no SCRAM secret looks as if it had', async () => {
    await addMarkedMailbox(database, 'new@example.org');
    const run = await refuses({ user: 'new@example.org' });
    const again = await refuses({ user: 'new@example.org' }, () => tls(second));
    assert.deepEqual([run.salt, run.reply], [again.salt, again.reply]);
    assert.equal(run.reply.code, 'AUTH');
  });

  test('a maildrop that can be nobody’s changes nothing about the salt', async () => {
    const real = await tryOnce({ password: 'x' });
    for (const other of [{ user: `${ann}/a..b@example.org` }, { authzid: 'a..b@example.org' }]) {
      const run = await refuses({ ...other, password: 'x' });
      assert.deepEqual([run.salt, run.reply.code], [real.salt, 'AUTH']);
      assert.equal((await tryOnce(other)).reply.code, 'AUTH', 'also with the right password');
    }
    await allClosed(database);
  });

  test('proofs that were held back until others had failed are not looked at', async () => {
    const guarded = await startNode({
      databaseUrl: database.url,
      workers: 1,
      environment: {
        ...{ POPLAR_AUTH_SCRAM: 'on', POPLAR_AUTH_TRUSTED_NETWORKS: '' },
        POPLAR_LISTEN_LMTP: '',
      },
    });
    try {
      const { promise: held, resolve: letGo } = Promise.withResolvers<void>();
      const attempts = Array.from({ length: 30 }, () =>
        tryOnce({ password: 'guess', held }, () => tls(guarded)),
      );
      await eventually(async () => assert.equal(await metric(guarded, 'poplar_connections'), 30));
      // All of them have been asked for their proof by then.
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      letGo();
      const codes = (await Promise.all(attempts)).map(({ reply }) => reply.code);
      const looked = codes.filter((code) => code === 'AUTH').length;
      assert.ok(looked >= 1 && looked <= 6, `${looked} were looked at`);
      assert.equal(codes.filter((code) => code === 'SYS/TEMP').length, codes.length - looked);
    } finally {
      await guarded.stop();
    }
  });

  test('bound to another connection, or to nothing it has', async () => {
    const other = await tls();
    const { tls: socket } = other.wire;
    assert.ok(socket !== null);
    const foreign = bindingDataOf(socket, 'tls-exporter');
    await refuses({ binding: 'tls-exporter', bindingData: foreign });
    await refuses({ binding: 'tls-exporter', bindingData: new Uint8Array(0) });
    await refuses({ binding: 'tls-server-end-point', bindingData: foreign });
    other.destroy();
  });

  test('a client that says `y`: somebody took -PLUS away from what we announced', async () => {
    assert.match((await (await tls()).listing('CAPA')).join('\n'), /^SASL .*SCRAM-SHA-256-PLUS/m);
    const run = await refuses({ flag: 'y' });
    assert.equal(run.challenges.length, 0, 'before anything is told');
  });

  test('when it is cancelled, at either challenge', async () => {
    for (const answers of [{ final: cancel }, { last: cancel }]) {
      const client = await tls();
      const run = await scram(client, { ...attempt, ...answers });
      assert.equal(run.reply.ok, false);
      assert.deepEqual(await database.locked(), []);
      assert.ok((await scram(client, attempt)).reply.ok, 'the connection goes on');
      await leave(database, client);
    }
  });

  test('a client that leaves when it has seen server-final leaves no lock', async () => {
    const opened = () => metric(node, 'poplar_logins_total', { outcome: 'opened' });
    const before = await opened();
    // Who left may have learnt that its password is right: that must be seen.
    const abandoned = () => metric(node, 'poplar_login_reasons_total', { reason: 'abandoned' });
    const abandonedBefore = await abandoned();
    for (let tries = 0; tries < 5; tries += 1) {
      const client = await tls();
      const gone = scram(client, {
        ...attempt,
        last: () => {
          client.destroy();
          return '';
        },
      });
      await assert.rejects(gone);
    }
    await allClosed(database);
    await eventually(async () => assert.ok((await abandoned()) >= abandonedBefore + 5));
    const client = await tls();
    assert.ok((await scram(client, attempt)).reply.ok, 'the maildrop is free');
    await leave(database, client);
    assert.equal(await opened(), before + 1, 'nothing was opened for who left');
  });

  test('a server-final that is answered by more than nothing', async () => {
    const client = await tls();
    const run = await scram(client, { ...attempt, last: () => 'x' });
    assert.equal(run.reply.ok, false);
    assert.deepEqual(await database.locked(), []);
    client.destroy();
  });

  test('where it is not offered', async () => {
    const run = await refuses({}, () => tls(plain));
    assert.equal(run.challenges.length, 0);
    assert.doesNotMatch((await (await tls(plain)).listing('CAPA')).join('\n'), /SCRAM/);
  });
});

describe('SCRAM secrets', () => {
  test('come of the first login by a password, without a new version', async () => {
    const address = 'first@example.org';
    const mailbox = await addMarkedMailbox(database, address);
    const version = await database.credentialVersion(mailbox);
    await refuses({ user: address });
    const elsewhere = await tls(plain);
    assert.ok((await authPlain(elsewhere, { name: address, secret: testSecret })).ok);
    await leave(database, elsewhere);
    assert.equal((await database.credentials(mailbox)).length, 1, 'not where SCRAM is off');
    const client = await tls();
    assert.ok((await authPlain(client, { name: address, secret: testSecret })).ok);
    await leave(database, client);
    await eventually(async () => {
      const stored = await database.credentials(mailbox);
      assert.deepEqual(
        stored.map(({ kind }) => kind),
        kindsWithScram,
      );
      assert.ok(stored.every(({ secret }) => !secret.includes(testSecret)));
    });
    assert.equal(await database.credentialVersion(mailbox), version);
    assert.ok((await tryOnce({ user: address })).reply.ok);
    await allClosed(database);
  });

  test('end with the password they were made of', async () => {
    const address = 'changed@example.org';
    await makeScram(address);
    await poplar(database.url, ['mailbox', 'passwd', address, '--password-stdin'], 'another one\n');
    await refuses({ user: address });
    await refuses({ user: address }, () => tls(second));
    const client = await tls();
    assert.ok((await authPlain(client, { name: address, secret: 'another one' })).ok);
    await leave(database, client);
    await eventually(async () => {
      const run = await tryOnce({ user: address, password: 'another one' });
      assert.ok(run.reply.ok && run.serverProved, run.reply.text);
    });
    await allClosed(database);
  });

  test('a maildrop that is taken, or suspended, is told as such behind the proof', async () => {
    const address = 'busy@example.org';
    await makeScram(address);
    const holder = await tls();
    assert.ok((await scram(holder, { ...attempt, user: address })).reply.ok);
    const taken = await tryOnce({ user: address });
    assert.deepEqual([taken.reply.code, taken.serverProved], ['IN-USE', true]);
    await leave(database, holder);
    await database.store.directory.setMailboxStatus({ address, status: 'suspended' });
    const suspended = await tryOnce({ user: address });
    await assertRefused(database, suspended.reply, 'SYS/PERM');
    const guessed = await refuses({ user: address, password: 'x' });
    assert.equal(guessed.reply.code, 'AUTH', 'a stranger does not learn it');
  });
});
