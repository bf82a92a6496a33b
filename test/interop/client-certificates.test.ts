/**
 * EXTERNAL over the network: client certificates that openssl made, registered by the command.
 */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import tls from 'node:tls';
import { ClientAuthority, type ClientCertificate } from '../support/client-authority.ts';
import { addMarkedMailbox, assertOpened, assertRefused, leave } from '../support/login-witness.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { poplar, runPoplar } from '../support/poplar-command.ts';
import { authPlain, cancel, exchange } from '../support/sasl-client.ts';
import { type RunningNode, startNode } from '../support/start-node.ts';
import { openTestDatabase, type TestDatabase, testSecret } from '../support/test-database.ts';

const ann = 'ann@example.org';
const bob = 'bob@example.org';

let database: TestDatabase;
let node: RunningNode;
let directory: string;
let authority: ClientAuthority;
let annOwn: ClientCertificate;

before(async () => {
  directory = mkdtempSync(join(tmpdir(), 'poplar-external-'));
  authority = new ClientAuthority(directory, 'our');
  annOwn = authority.issue('/O=Example/CN=Ann Lee', `email:${ann}`);
  database = await openTestDatabase();
  for (const name of ['ann', 'bob', 'box', 'cn', 'print', 'both']) {
    await addMarkedMailbox(database, `${name}@example.org`);
  }
  node = await startNode({
    databaseUrl: database.url,
    environment: {
      POPLAR_TLS_CLIENT_CA: authority.caFile,
      POPLAR_AUTH_DEFAULT_DOMAIN: 'example.org',
    },
  });
  await register('add', ann, `email:${ann}`);
});
after(async () => {
  await node.stop();
  await database.drop();
  rmSync(directory, { recursive: true });
});

function register(change: 'add' | 'remove', address: string, name: string): Promise<string> {
  return poplar(database.url, ['mailbox', 'certificate', change, address, name]);
}

type Shown = Pick<ClientCertificate, 'cert' | 'key'>;

function connect(shown?: Shown): Promise<Pop3Client> {
  const own = shown === undefined ? {} : { tls: { cert: shown.cert, key: shown.key } };
  return Pop3Client.connect({ port: node.pop3s, ca: node.ca, ...own });
}

async function opens(shown: Shown, authzid: string, address: string): Promise<void> {
  const client = await connect(shown);
  const { reply } = await exchange(client, { mechanism: 'EXTERNAL', initial: authzid });
  assert.ok(reply.ok, `${authzid}: ${reply.text}`);
  await assertOpened(database, client, address);
  await leave(database, client);
}

async function refuses(shown: Shown, authzid: string, code = 'AUTH'): Promise<void> {
  const client = await connect(shown);
  const { reply } = await exchange(client, { mechanism: 'EXTERNAL', initial: authzid });
  await assertRefused(database, reply, code).finally(() => client.destroy());
}

/** TLS 1.3: the ticket comes behind the handshake, in a message of its own. */
function sessionOf({ cert, key }: Shown): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const options = { host: '127.0.0.1', port: node.pop3s, ca: node.ca, servername: 'localhost' };
  const socket = tls.connect({ ...options, cert, key });
  socket.once('session', (session) => {
    socket.destroy();
    resolve(session);
  });
  socket.once('error', reject);
  return promise;
}

async function mechanismsOf(client: Pop3Client): Promise<string> {
  return (await client.listing('CAPA')).find((line) => line.startsWith('SASL ')) ?? '';
}

describe('EXTERNAL opens', () => {
  test('the maildrop that the certificate names, and no other', async () => {
    for (const authzid of ['', ann, 'ann', 'ANN@Example.org', 'example.org\\ann']) {
      await opens(annOwn, authzid, ann);
    }
    for (const authzid of [bob, 'bob', 'nobody@example.org', 'box*ann', `${ann}/${bob}`, '@']) {
      await refuses(annOwn, authzid);
    }
  });

  test('in two steps, and cancelled', async () => {
    const client = await connect(annOwn);
    const cancelled = await exchange(client, { mechanism: 'EXTERNAL', answers: [cancel] });
    assert.equal(cancelled.reply.ok, false);
    const { reply, challenges } = await exchange(client, { mechanism: 'EXTERNAL', answers: [''] });
    assert.ok(reply.ok, reply.text);
    assert.deepEqual(challenges, [Buffer.alloc(0)]);
    await assertOpened(database, client, ann);
    await leave(database, client);
  });

  test('behind STLS', async () => {
    const client = await Pop3Client.connect({ port: node.pop3 });
    assert.doesNotMatch(await mechanismsOf(client), /EXTERNAL/);
    await client.stls(node.ca, { cert: annOwn.cert, key: annOwn.key });
    assert.match(await mechanismsOf(client), /^SASL EXTERNAL /, 'preferred');
    const { reply } = await exchange(client, { mechanism: 'EXTERNAL', initial: '' });
    assert.ok(reply.ok, reply.text);
    await assertOpened(database, client, ann);
    await leave(database, client);
  });

  test('on a TLS session that is resumed', async () => {
    const session = await sessionOf(annOwn);
    const { cert, key } = annOwn;
    const resumed = { tls: { cert, key, session } };
    const client = await Pop3Client.connect({ port: node.pop3s, ca: node.ca, ...resumed });
    assert.ok(client.wire.tls?.isSessionReused());
    const { reply } = await exchange(client, { mechanism: 'EXTERNAL', initial: '' });
    assert.ok(reply.ok, reply.text);
    await assertOpened(database, client, ann);
    await leave(database, client);
  });

  test('by the common name, by the fingerprint, in what form openssl prints it', async () => {
    const byName = authority.issue('/O=Example/CN=Printer 7');
    await refuses(byName, 'cn@example.org');
    await register('add', 'cn@example.org', 'CN=Printer 7');
    await opens(byName, 'cn@example.org', 'cn@example.org');
    await refuses(byName, '', 'AUTH');
    const byPrint = authority.issue('/CN=whatever');
    const printed = byPrint.fingerprint.toUpperCase().replace(/..(?=.)/g, '$&:');
    await register('add', 'print@example.org', `sha256:${printed}`);
    await opens(byPrint, 'print', 'print@example.org');
    await refuses(byName, 'print');
  });

  test('another maildrop with a grant', async () => {
    const { directory: names } = database.store;
    const grant = { address: 'box@example.org', grantee: ann, actor: 'test' };
    await names.addGrant(grant);
    for (const authzid of [`${ann}/box@example.org`, 'box*ann', 'example.org\\ann/box']) {
      await opens(annOwn, authzid, 'box@example.org');
    }
    await names.removeGrant(grant);
    await refuses(annOwn, 'box*ann');
  });

  test('two addresses in one certificate only by naming one', async () => {
    const shared = authority.issue('/CN=Both', `email:both@example.org,email:${bob}`);
    await register('add', 'both@example.org', 'both@example.org');
    await refuses(shared, '');
    await opens(shared, 'both', 'both@example.org');
    await refuses(shared, bob);
  });
});

describe('EXTERNAL does not open', () => {
  test('without a certificate, where it is not offered', async () => {
    const client = await connect();
    assert.doesNotMatch(await mechanismsOf(client), /EXTERNAL/);
    const { reply } = await exchange(client, { mechanism: 'EXTERNAL', initial: ann });
    assert.equal(reply.ok, false);
    assert.deepEqual(await database.locked(), []);
    assert.ok((await authPlain(client, { name: ann, secret: testSecret })).ok, 'by other means');
    await leave(database, client);
  });

  test('by a certificate of somebody else’s authority', async () => {
    const foreign = new ClientAuthority(directory, 'foreign').issue('/CN=Ann', `email:${ann}`);
    const client = await connect(foreign);
    assert.doesNotMatch(await mechanismsOf(client), /EXTERNAL/);
    const { reply } = await exchange(client, { mechanism: 'EXTERNAL', initial: ann });
    assert.equal(reply.ok, false);
    assert.deepEqual(await database.locked(), []);
    client.destroy();
  });

  test('by a certificate that nobody registered, or whose registration ended', async () => {
    const bobOwn = authority.issue('/CN=Bob', `email:${bob}`);
    await refuses(bobOwn, '');
    await refuses(bobOwn, bob);
    await register('add', bob, bob);
    await opens(bobOwn, '', bob);
    await register('remove', bob, `email:${bob}`);
    await refuses(bobOwn, '');
  });

  test('a mailbox that is suspended', async () => {
    const { directory: names } = database.store;
    await names.setMailboxStatus({ address: ann, status: 'suspended' });
    await refuses(annOwn, '', 'SYS/PERM');
    await names.setMailboxStatus({ address: ann, status: 'active' });
    await opens(annOwn, '', ann);
  });
});

test('a name that no certificate can have is not registered', async () => {
  for (const name of ['Ann Lee', 'email:', 'email:ann', 'sha256:12', 'dn:x', 'cn:']) {
    const argv = ['mailbox', 'certificate', 'add', ann, name];
    const { code, err } = await runPoplar(database.url, argv);
    assert.equal(code, 2, name);
    assert.match(err, /email:.*cn:.*sha256:/);
  }
});
