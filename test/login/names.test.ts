/**
 * Every form of a login name over the network: which maildrop it opens, on which listener, for whom,
 * and what opens none.
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
import { Pop3Client, type Pop3Reply } from '../support/pop3-client.ts';
import { poplar } from '../support/poplar-command.ts';
import { authPlain } from '../support/sasl-client.ts';
import { type RunningNode, startNode } from '../support/start-node.ts';
import { openTestDatabase, type TestDatabase, testSecret } from '../support/test-database.ts';

const idn = 'ann@xn--bcher-kva.example';
const mailboxes = [
  ...['ann@example.org', 'bob@example.org', 'box@example.org', 'a/b@example.org'],
  // Of example.org alone, and of all.
  ...['help@example.org', 'root@example.org'],
  ...['sue@example.org', 'jürgen@example.org', 'lonely@example.org'],
  ...['ann@second.example', 'box@second.example', idn],
];

let database: TestDatabase;
/** Names without a domain are of example.org, but of second.example on the cleartext port. */
let node: RunningNode;
/** Has no default domain, and no master separator. */
let plain: RunningNode;

before(async () => {
  database = await openTestDatabase();
  for (const address of mailboxes) await addMarkedMailbox(database, address);
  const { directory } = database.store;
  const actor = 'test';
  await directory.setMailboxStatus({ address: 'sue@example.org', status: 'suspended' });
  await directory.addGrant({ address: 'box@example.org', grantee: 'bob@example.org', actor });
  await directory.addGrant({ address: 'box@second.example', grantee: 'bob@example.org', actor });
  await directory.addGrant({ address: 'sue@example.org', grantee: 'bob@example.org', actor });
  await directory.addMasterGrant({ grantee: 'help@example.org', domain: 'example.org', actor });
  await directory.addMasterGrant({ grantee: 'root@example.org', domain: null, actor });
  const databaseUrl = database.url;
  [node, plain] = await Promise.all([
    startNode({
      databaseUrl,
      environment: {
        POPLAR_AUTH_DEFAULT_DOMAIN: 'example.org',
        POPLAR_POP3_DEFAULT_DOMAIN: 'second.example',
      },
    }),
    startNode({
      databaseUrl,
      workers: 1,
      environment: { POPLAR_AUTH_MASTER_SEPARATOR: '', POPLAR_LISTEN_LMTP: '' },
    }),
  ]);
  for (const name of ['annie@example.org', 'ann@other.example', 'solo']) {
    await poplar(database.url, ['mailbox', 'alias', 'add', 'ann@example.org', name]);
  }
});
after(async () => {
  await Promise.all([node.stop(), plain.stop()]);
  await database.drop();
});

type Place = 'pop3' | 'pop3s' | 'plain';

function connect(place: Place = 'pop3s'): Promise<Pop3Client> {
  if (place === 'plain') return Pop3Client.connect({ port: plain.pop3 });
  const { pop3, pop3s, ca } = node;
  return Pop3Client.connect(place === 'pop3s' ? { port: pop3s, ca } : { port: pop3 });
}

/** Names and secrets are UTF-8 on the wire. */
async function userPass(client: Pop3Client, name: string): Promise<Pop3Reply> {
  await client.ok(`USER ${Buffer.from(name).toString('latin1')}`);
  return client.command(`PASS ${testSecret}`);
}

interface Tried {
  readonly name: string;
  readonly authzid?: string;
  readonly place?: Place;
}

/** By AUTH PLAIN, and by USER and PASS where that can say it. */
async function opens({ name, authzid, place }: Tried, address: string): Promise<void> {
  for (const way of authzid === undefined ? ['plain', 'user'] : ['plain']) {
    const client = await connect(place);
    const identity = authzid === undefined ? {} : { authzid };
    const reply =
      way === 'user'
        ? await userPass(client, name)
        : await authPlain(client, { name, secret: testSecret, ...identity });
    assert.ok(reply.ok, `${way} ${name}: ${reply.text}`);
    await assertOpened(database, client, address);
    await leave(database, client);
  }
}

async function refuses({ name, authzid, place }: Tried, code = 'AUTH'): Promise<void> {
  const client = await connect(place);
  const identity = authzid === undefined ? {} : { authzid };
  const reply = await authPlain(client, { name, secret: testSecret, ...identity });
  await assertRefused(database, reply, code).finally(() => client.destroy());
}

describe('a name opens its own maildrop', () => {
  const forms: readonly (readonly [string, string, Place?])[] = [
    ['ann@example.org', 'ann@example.org'],
    ['ANN@Example.ORG', 'ann@example.org'],
    ['ann', 'ann@example.org', 'pop3s'],
    ['ann', 'ann@second.example', 'pop3'],
    ['ann@example.org', 'ann@example.org', 'pop3'],
    ['example.org\\ann', 'ann@example.org'],
    ['Second.Example\\Ann', 'ann@second.example'],
    ['example.org\\ann/ann', 'ann@example.org'],
    ['ann@example.org/ann@example.org', 'ann@example.org'],
    ['ann*ann', 'ann@example.org'],
    ['annie@example.org', 'ann@example.org'],
    ['annie', 'ann@example.org', 'pop3s'],
    ['other.example\\ANN', 'ann@example.org'],
    ['solo', 'ann@example.org', 'plain'],
    ['a/b@example.org', 'a/b@example.org'],
    ['a/b', 'a/b@example.org'],
    [idn, idn],
    ['ann@bücher.example', idn],
    ['Ann@BÜCHER.example', idn],
    ['bücher.example\\ann', idn],
    ['jürgen@example.org', 'jürgen@example.org'],
    ['JÜRGEN', 'jürgen@example.org'],
    // Decomposed, as some keyboards have it.
    ['jürgen@example.org'.normalize('NFD'), 'jürgen@example.org'],
  ];
  for (const [name, address, place] of forms) {
    test(`${JSON.stringify(name)} (${place ?? 'pop3s'})`, async () => {
      await opens({ name, ...(place === undefined ? {} : { place }) }, address);
    });
  }

  test('an authorization identity that is oneself', async () => {
    const address = 'ann@example.org';
    for (const authzid of ['ann@example.org', 'ann', 'ANN@EXAMPLE.ORG', 'annie@example.org']) {
      await opens({ name: 'ann@example.org', authzid }, address);
    }
    await opens({ name: 'annie', authzid: 'ann' }, address);
  });
});

describe('with a grant a name opens another maildrop', () => {
  const forms: readonly (readonly [string, string, string?])[] = [
    ['example.org\\bob/box', 'box@example.org'],
    ['example.org\\bob/box@second.example', 'box@second.example'],
    ['bob@example.org/box', 'box@example.org'],
    ['bob@example.org/box@example.org', 'box@example.org'],
    ['bob@example.org/BOX@Second.Example', 'box@second.example'],
    ['box*bob', 'box@example.org'],
    ['box@second.example*bob@example.org', 'box@second.example'],
    ['second.example\\box*example.org\\bob', 'box@second.example'],
    ['bob@example.org', 'box@example.org', 'box'],
    ['bob', 'box@second.example', 'box@second.example'],
    ['box*bob', 'box@example.org', 'box@example.org'],
    // A master of the domain.
    ['ann*help', 'ann@example.org'],
    ['annie@example.org*help@example.org', 'ann@example.org'],
    ['help', 'jürgen@example.org', 'JÜRGEN@example.org'],
    ['help@example.org/a/b@example.org', 'a/b@example.org'],
    // A master of all.
    ['ann@bücher.example*root', idn],
    ['root@example.org/ann@second.example', 'ann@second.example'],
  ];
  for (const [name, address, authzid] of forms) {
    test(`${JSON.stringify(name)} as ${authzid ?? 'it says'}`, async () => {
      await opens({ name, ...(authzid === undefined ? {} : { authzid }) }, address);
    });
  }
});

describe('nothing is opened', () => {
  const forms: readonly (readonly [string, string?])[] = [
    ['nobody@example.org'],
    ['lonely'.concat('@second.example')],
    // No grant, or one in the other direction only.
    ['ann@example.org/bob@example.org'],
    ['box@example.org/bob@example.org'],
    ['example.org\\ann/box'],
    ['box*ann'],
    ['ann@example.org', 'box@example.org'],
    ['ann', 'nobody@example.org'],
    ['ann@second.example', 'ann@example.org'],
    // Not the master's domain; a master who is none; masters of nothing that is there.
    ['ann@second.example*help'],
    ['ann*lonely'],
    ['nobody*root'],
    ['help@example.org', 'box@second.example'],
    // Two maildrops in one name.
    ['bob@example.org/box@example.org', 'box@second.example'],
    ['bob@example.org/box@example.org/ann@example.org'],
    ['box*bob*root'],
    ['box*bob', 'bob@example.org'],
    // What looks like somebody, or might become somebody.
    ['аnn@example.org'],
    ['ann@еxample.org'],
    ['ａnn＠example.org'],
    ['jurgen@example.org'],
    ['jürgen@example.org\u200d'],
    ['ann@example.org.'],
    ['ann@example.org '],
    [' ann@example.org'],
    ['ann@@example.org'],
    ['ann@example.org@example.org'],
    ['@example.org'],
    ['ann@'],
    ['ann+box@example.org'],
    ['ann%example.org'],
    ['ann@xn--nxasmq6b.example'],
    [`${'a'.repeat(65)}@example.org`],
    ["ann@example.org' or '1'='1"],
    ['%'],
  ];
  for (const [name, authzid] of forms) {
    test(`${JSON.stringify(name.slice(0, 60))} as ${authzid ?? 'it says'}`, async () => {
      await refuses({ name, ...(authzid === undefined ? {} : { authzid }) });
    });
  }

  test('a name without a domain where there is no default one', async () => {
    await refuses({ name: 'ann', place: 'plain' });
    await refuses({ name: 'ann*root', place: 'plain' });
    await refuses({ name: 'ann@example.org*root@example.org', place: 'plain' });
    await opens({ name: 'ann@example.org', place: 'plain' }, 'ann@example.org');
  });

  test('a suspended mailbox, by itself or by whoever has a grant', async () => {
    await refuses({ name: 'sue@example.org' }, 'SYS/PERM');
    for (const name of ['sue*bob', 'sue*root', 'bob@example.org/sue@example.org']) {
      await refuses({ name }, 'SYS/PERM');
    }
    await refuses({ name: 'sue*ann' });
  });

  test('a NUL never ends a name early', async () => {
    const client = await connect();
    const initial = `\0ann@example.org\0x\0${testSecret}`;
    const text = Buffer.from(initial).toString('base64');
    assert.equal((await client.command(`AUTH PLAIN ${text}`)).ok, false);
    client.wire.write(`USER ann@example.org\0x\r\n`);
    assert.equal((await client.reply()).ok, false);
    assert.deepEqual(await database.locked(), []);
    client.destroy();
  });
});

test('what a grant opens is closed from the next login on, whatever is remembered', async () => {
  const pair = { address: 'ann@example.org', to: 'lonely@example.org' };
  const grant = (change: string) =>
    poplar(database.url, ['mailbox', 'grant', change, pair.address, '--to', pair.to]);
  const name = 'ann*lonely';
  await refuses({ name });
  await grant('add');
  await opens({ name }, pair.address);
  const client = await connect();
  assert.ok((await authPlain(client, { name, secret: testSecret })).ok);
  await grant('remove');
  await assertOpened(database, client, pair.address);
  await leave(database, client);
  await refuses({ name });
  await refuses({ name: 'lonely', authzid: pair.address });
  await opens({ name: 'lonely' }, pair.to);

  const master = ['mailbox', 'grant'];
  const all = ['lonely@example.org', '--master'];
  await poplar(database.url, [...master, 'add', ...all]);
  await opens({ name: 'ann@second.example*lonely' }, 'ann@second.example');
  await poplar(database.url, [...master, 'remove', ...all]);
  await refuses({ name: 'ann@second.example*lonely' });
});

test('an alias that is removed opens nothing, and can be given to another', async () => {
  const change = (...argv: string[]) => poplar(database.url, ['mailbox', 'alias', ...argv]);
  await change('add', 'ann@example.org', 'shared@example.org');
  await opens({ name: 'shared' }, 'ann@example.org');
  await change('remove', 'ann@example.org', 'shared@example.org');
  await refuses({ name: 'shared' });
  await change('add', 'bob@example.org', 'shared@example.org');
  await opens({ name: 'shared' }, 'bob@example.org');
  await allClosed(database);
});
