/**
 * Passwords over the network: USER and PASS, AUTH PLAIN and LOGIN in all their steps, and that nobody
 * learns from a refusal who is there.
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
import { type Answer, authPlain, cancel, exchange } from '../support/sasl-client.ts';
import { type RunningNode, startNode } from '../support/start-node.ts';
import { openTestDatabase, type TestDatabase, testSecret } from '../support/test-database.ts';

const ann = 'ann@example.org';
const spaced = '  two  in front, one behind ';
const umlauts = 'pässwörd ключ 鍵';

let database: TestDatabase;
let node: RunningNode;

before(async () => {
  database = await openTestDatabase();
  for (const name of ['ann', 'sue', 'off', 'spaced', 'umlauts']) {
    await addMarkedMailbox(database, `${name}@example.org`);
  }
  const { directory } = database.store;
  await directory.setMailboxStatus({ address: 'sue@example.org', status: 'suspended' });
  await poplar(database.url, ['mailbox', 'set', 'off@example.org', '--pop3', 'off']);
  for (const [name, secret] of [
    ['spaced', spaced],
    ['umlauts', umlauts],
  ] as const) {
    const argv = ['mailbox', 'passwd', `${name}@example.org`, '--password-stdin'];
    await poplar(database.url, argv, `${secret}\n`);
  }
  node = await startNode({ databaseUrl: database.url });
});
after(async () => {
  await node.stop();
  await database.drop();
});

function connect(): Promise<Pop3Client> {
  return Pop3Client.connect({ port: node.pop3s, ca: node.ca });
}

type Way = (client: Pop3Client, name: string, secret: string) => Promise<Pop3Reply>;

async function sasl(
  client: Pop3Client,
  mechanism: string,
  parts: { readonly initial?: string; readonly answers?: readonly Answer[] },
): Promise<Pop3Reply> {
  return (await exchange(client, { mechanism, ...parts })).reply;
}

const ways: Readonly<Record<string, Way>> = {
  'USER and PASS': async (client, name, secret) => {
    await client.ok(`USER ${name}`);
    return client.command(`PASS ${Buffer.from(secret).toString('latin1')}`);
  },
  'PLAIN at once': (client, name, secret) => authPlain(client, { name, secret }),
  'PLAIN in two steps': (client, name, secret) =>
    sasl(client, 'PLAIN', { answers: [`\0${name}\0${secret}`] }),
  'LOGIN in three steps': (client, name, secret) =>
    sasl(client, 'LOGIN', { answers: [name, secret] }),
  'LOGIN in two steps': (client, name, secret) =>
    sasl(client, 'LOGIN', { initial: name, answers: [secret] }),
};

for (const [title, logIn] of Object.entries(ways)) {
  describe(title, () => {
    test('opens, with every space of the password and in any script', async () => {
      const right = { ann: testSecret, spaced, umlauts };
      for (const [name, secret] of Object.entries(right)) {
        const client = await connect();
        const reply = await logIn(client, `${name}@example.org`, secret);
        assert.ok(reply.ok, `${name}: ${reply.text}`);
        await assertOpened(database, client, `${name}@example.org`);
        await leave(database, client);
      }
    });

    test('takes a password decomposed, too', async () => {
      const client = await connect();
      const reply = await logIn(client, 'umlauts@example.org', umlauts.normalize('NFD'));
      assert.ok(reply.ok, reply.text);
      await leave(database, client);
    });

    test('says the same to wrong, unknown, suspended and nobody’s', async () => {
      const tried: readonly (readonly [string, string])[] = [
        [ann, 'open  sesame'],
        [ann, 'open sesame '],
        [ann, 'Open sesame'],
        [ann, 'x'],
        ['nobody@example.org', testSecret],
        ['nobody@nowhere.example', testSecret],
        ['not a name', testSecret],
        ['sue@example.org', 'wrong'],
        ['off@example.org', 'wrong'],
        ['spaced@example.org', spaced.trim()],
      ];
      const replies = new Set<string>();
      for (const [name, secret] of tried) {
        const client = await connect();
        const reply = await logIn(client, name, secret);
        await assertRefused(database, reply).finally(() => client.destroy());
        replies.add(`${reply.code} ${reply.text}`);
      }
      assert.equal(replies.size, 1, [...replies].join('; '));
    });

    test('tells a suspended mailbox, and one without POP3, to those who know its password', async () => {
      for (const name of ['sue@example.org', 'off@example.org']) {
        const client = await connect();
        const reply = await logIn(client, name, testSecret);
        await assertRefused(database, reply, 'SYS/PERM').finally(() => client.destroy());
      }
    });

    test('tells a maildrop that is taken to those who know its password', async () => {
      const holder = await connect();
      await holder.login(ann, testSecret);
      for (const [secret, code] of [
        [testSecret, 'IN-USE'],
        ['wrong', 'AUTH'],
      ] as const) {
        const client = await connect();
        assert.equal((await logIn(client, ann, secret)).code, code);
        client.destroy();
      }
      await assertOpened(database, holder, ann);
      await leave(database, holder);
    });
  });
}

test('what is cancelled is over, and another try is not', async () => {
  const client = await connect();
  const cancelled: readonly Parameters<typeof exchange>[1][] = [
    { mechanism: 'PLAIN', answers: [cancel] },
    { mechanism: 'LOGIN', answers: [cancel] },
    { mechanism: 'LOGIN', answers: [ann, cancel] },
  ];
  for (const wanted of cancelled) {
    assert.equal((await exchange(client, wanted)).reply.ok, false);
    assert.deepEqual(await database.locked(), []);
  }
  assert.ok((await authPlain(client, { name: ann, secret: testSecret })).ok);
  await assertOpened(database, client, ann);
  await leave(database, client);
});

test('whoever leaves while a password is verified leaves no lock', async () => {
  for (let tries = 0; tries < 20; tries += 1) {
    const client = await connect();
    client.wire.write(`USER ${ann}\r\nPASS ${testSecret}\r\n`);
    await client.reply();
    client.destroy();
  }
  await allClosed(database);
  const client = await connect();
  await client.login(ann, testSecret);
  await assertOpened(database, client, ann);
  await leave(database, client);
});
