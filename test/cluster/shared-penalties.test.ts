/**
 * Two nodes that do not trust this host: what one of them counts of a guesser, the other one feels
 * after a few seconds; and a domain's login delay is one for both.
 */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isLocked, penaltyKeyOctets } from '../support/accidents.ts';
import { attemptLogin, told } from '../support/login-attempt.ts';
import { eventually } from '../support/node-inspection.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { type RunningNode, startNode } from '../support/start-node.ts';
import { openTestDatabase, type TestDatabase, testSecret } from '../support/test-database.ts';

const delaySeconds = 3;

let database: TestDatabase;
let first: RunningNode;
let second: RunningNode;

before(async () => {
  database = await openTestDatabase();
  // Makes the domains, too.
  for (const domain of ['calm', 'hasty']) await database.addMailbox(`first@${domain}.example`);
  const settings = { name: 'calm.example', loginDelaySeconds: delaySeconds };
  await database.store.directory.setDomain(settings);
  const start = (name: string): Promise<RunningNode> =>
    startNode({
      databaseUrl: database.url,
      workers: 1,
      environment: {
        POPLAR_NODE_NAME: name,
        POPLAR_ROLES: 'pop3',
        POPLAR_LISTEN_LMTP: '',
        POPLAR_AUTH_TRUSTED_NETWORKS: '',
        POPLAR_LOCK_WAIT_MS: '100',
      },
    });
  [first, second] = await Promise.all([start('first'), start('second')]);
});
after(async () => {
  await Promise.all([first.stop(), second.stop()]);
  await database.drop();
});

test('failures that one node has counted delay the guesser at the other one', async () => {
  const from = '127.0.6.1';
  const users: string[] = [];
  for (let number = 0; number < 30; number += 1) {
    users.push((await database.addMailbox(`user${number}@example.org`)).address);
  }
  const attempt = (number: number) =>
    attemptLogin({ port: second.pop3, user: users[number] ?? '', from });
  const unknown = await attempt(0);
  assert.equal(told(unknown), '+OK');
  assert.ok(unknown.afterMs < 1_500, `${unknown.afterMs} ms before`);
  await Promise.all(
    Array.from({ length: 14 }, (_, number) =>
      attemptLogin({ port: first.pop3, user: `no${number}@example.org`, secret: 'x', from }),
    ),
  );
  const since = performance.now();
  let number = 0;
  await eventually(
    async () => {
      number += 1;
      const { ok, afterMs } = await attempt(number);
      assert.ok(ok && afterMs >= 1_900, `${afterMs} ms at the second node`);
    },
    8_000,
    250,
  );
  assert.ok(performance.now() - since < 10_000);
  const elsewhere = await attemptLogin({
    port: second.pop3,
    user: users.at(-1) ?? '',
    from: '127.0.6.2',
  });
  assert.equal(told(elsewhere), '+OK');
  assert.ok(elsewhere.afterMs < 1_500, `${elsewhere.afterMs} ms from another address`);
  // Neither names nor addresses are written down, only hashes.
  const octets = await penaltyKeyOctets(database);
  assert.ok(octets.length > 0);
  assert.ok(octets.every((length) => length === 8));
});

test('the login delay of a domain is kept by both nodes, and ends for both', async () => {
  const mailbox = await database.addMailbox('ann@calm.example');
  const other = await database.addMailbox('bob@hasty.example');
  const tell = async ({ pop3 }: RunningNode, user: string): Promise<string> =>
    told(await attemptLogin({ port: pop3, user }));
  const client = await Pop3Client.connect({ port: first.pop3 });
  await client.login(mailbox.address, testSecret);
  const openedAtMs = performance.now();
  assert.equal(await tell(second, mailbox.address), 'IN-USE', 'while it is open');
  await client.quit();
  for (const node of [first, second, first, second]) {
    const answer = await tell(node, mailbox.address);
    if (performance.now() - openedAtMs < delaySeconds * 1_000) assert.equal(answer, 'LOGIN-DELAY');
    assert.equal(await tell(node, other.address), '+OK', 'no delay in its domain');
  }
  assert.equal(await isLocked(database, mailbox), false, 'a refused login locks nothing');
  const wrong = { port: second.pop3, user: mailbox.address, secret: 'wrong' };
  assert.equal(told(await attemptLogin(wrong)), 'AUTH');
  await sleep(Math.max(0, delaySeconds * 1_000 + 100 - (performance.now() - openedAtMs)));
  assert.equal(await tell(second, mailbox.address), '+OK');
  assert.equal(await tell(first, mailbox.address), 'LOGIN-DELAY');
});

test('LOGIN-DELAY is announced: the longest one before login, its own one after it', async () => {
  const capability = async (client: Pop3Client): Promise<string | undefined> =>
    (await client.listing('CAPA')).find((line) => line.startsWith('LOGIN-DELAY'));
  for (const [user, own] of [
    ['cat@calm.example', `LOGIN-DELAY ${delaySeconds}`],
    ['dan@hasty.example', 'LOGIN-DELAY 0'],
  ] as const) {
    await database.addMailbox(user);
    for (const node of [first, second]) {
      const client = await Pop3Client.connect({ port: node.pop3 });
      assert.equal(await capability(client), `LOGIN-DELAY ${delaySeconds} USER`);
      if (node === second) await sleep(delaySeconds * 1_000);
      await client.login(user, testSecret);
      assert.equal(await capability(client), own);
      await client.quit();
    }
  }
});
