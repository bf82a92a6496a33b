/**
 * Those who guess passwords are slowed down before a hash is made, and nobody else is: not those
 * behind the same address, not the account that is attacked, not those who come from elsewhere (V55).
 */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { bumpCredentials, isLocked } from '../support/accidents.ts';
import { answerTo, attemptLogin, told } from '../support/login-attempt.ts';
import { eventually, loginEvents } from '../support/node-inspection.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { type RunningNode, startNode } from '../support/start-node.ts';
import { openTestDatabase, type TestDatabase, type TestMailbox } from '../support/test-database.ts';

const guesses = 1_000;
/** Attempts of one address that wait in line at the end (throttle/limits.ts: 30 s at 2 s each). */
const waitingMax = 16;
/** Ten failures are free; what was in line before the first of them was counted comes on top. */
const hashesMax = 80;
/** A hash, and two cores that are busy. */
const promptMs = 1_500;

let database: TestDatabase;
let node: RunningNode;
let mailboxes = 0;

before(async () => {
  database = await openTestDatabase();
  await newMailbox();
  node = await startNode({
    databaseUrl: database.url,
    workers: 2,
    environment: {
      POPLAR_ROLES: 'pop3',
      POPLAR_LISTEN_LMTP: '',
      POPLAR_AUTH_TRUSTED_NETWORKS: '',
    },
  });
});
after(async () => {
  // Attempts still stand in line: they do not hold up the end of the node.
  const since = performance.now();
  await node.stop();
  assert.ok(performance.now() - since < 5_000, 'stopped at once');
  await database.drop();
});

function newMailbox(): Promise<TestMailbox> {
  mailboxes += 1;
  return database.addMailbox(`user${mailboxes}@example.org`);
}

/** What the node says of each attempt from this address. */
function reasonsFrom(remote: string): string[] {
  return loginEvents(node)
    .filter((event) => event.remote === remote)
    .map(({ reason }) => String(reason));
}

/** Attempts from this address whose secret was hashed. */
function hashedFrom(remote: string): number {
  return reasonsFrom(remote).filter((reason) => reason !== 'throttled').length;
}

interface Guess {
  readonly user: string;
  readonly secret: string;
}

/** Fifty clients of one address make these guesses as fast as they are let; what each was told. */
async function guessAll(from: string, all: readonly Guess[]): Promise<string[]> {
  const left = [...all];
  const answers: string[] = [];
  const clients = new Set<Pop3Client>();
  const guessOn = async (): Promise<void> => {
    while (left.length > 0) {
      const client = await Pop3Client.connect({ port: node.pop3, from, patienceMs: 60_000 });
      clients.add(client);
      // Three wrong ones: before the connection is closed for too many.
      for (let time = 0; time < 3; time += 1) {
        const guess = left.pop();
        if (guess !== undefined) answers.push(told(await answerTo(client, guess)));
      }
      client.destroy();
      clients.delete(client);
    }
  };
  const loops = Array.from({ length: 50 }, guessOn);
  while (answers.length < all.length - waitingMax) await sleep(50);
  // Those who stand in line till the end are not waited for.
  for (const client of clients) client.destroy();
  left.length = 0;
  await Promise.allSettled(loops);
  return answers;
}

describe('guessing', { concurrency: true }, () => {
  test('1,000 passwords for one account from one address', async () => {
    const victim = await newMailbox();
    const from = '127.0.1.1';
    const secrets = Array.from({ length: guesses }, (_, number) => `guess ${number}`);
    const answers = await guessAll(
      from,
      secrets.map((secret) => ({ user: victim.address, secret })),
    );
    assert.deepEqual([...new Set(answers)].sort(), ['AUTH', 'SYS/TEMP']);
    const hashed = hashedFrom(from);
    assert.ok(hashed > 0 && hashed <= hashesMax, `${hashed} hashes`);
    assert.equal(await isLocked(database, victim), false);
    // Not even the right one, from there: it would be told apart.
    const port = node.pop3;
    assert.equal(told(await attemptLogin({ port, user: victim.address, from })), 'SYS/TEMP');
    const owner = await attemptLogin({ port, user: victim.address, from: '127.0.1.2' });
    assert.equal(told(owner), '+OK');
    assert.ok(owner.afterMs < 2_000 + promptMs, `${owner.afterMs} ms from elsewhere`);
  });

  test('one password for 1,000 accounts from one address', async () => {
    const from = '127.0.2.1';
    const users = Array.from({ length: guesses }, (_, number) => `sprayed${number}@example.org`);
    const answers = await guessAll(
      from,
      users.map((user) => ({ user, secret: 'Summer2026!' })),
    );
    assert.deepEqual([...new Set(answers)].sort(), ['AUTH', 'SYS/TEMP']);
    const hashed = hashedFrom(from);
    assert.ok(hashed > 0 && hashed <= hashesMax, `${hashed} hashes`);
  });

  test('one account from 40 addresses: its owner is let in from a new one within two seconds', async () => {
    const { address: user } = await newMailbox();
    const port = node.pop3;
    const home = '127.0.3.200';
    assert.equal(told(await attemptLogin({ port, user, from: home })), '+OK');
    await Promise.all(
      Array.from({ length: 40 }, async (_, number) => {
        const secret = `from ${number}`;
        return attemptLogin({ port, user, secret, from: `127.0.3.${number + 1}` });
      }),
    );
    const stranger = await attemptLogin({ port, user, secret: 'x', from: '127.0.3.100' });
    assert.equal(told(stranger), 'AUTH');
    assert.ok(stranger.afterMs >= 1_900, `${stranger.afterMs} ms: the account is slowed`);
    const elsewhere = await attemptLogin({ port, user, from: '127.0.3.201' });
    assert.equal(told(elsewhere), '+OK');
    assert.ok(elsewhere.afterMs < 2_000 + promptMs, `${elsewhere.afterMs} ms from elsewhere`);
    const usual = await attemptLogin({ port, user, from: home });
    assert.equal(told(usual), '+OK');
    assert.ok(usual.afterMs < promptMs, `${usual.afterMs} ms from where it always comes from`);
  });

  test('a device that repeats one wrong password delays nobody behind its address', async () => {
    const from = '127.0.4.1';
    const port = node.pop3;
    const broken = await newMailbox();
    const repeat = { port, user: broken.address, secret: 'the old one', from };
    // More than the ten failures that an address has for free, a second each.
    const repeats = Array.from({ length: 14 }, () => attemptLogin(repeat));
    await Promise.all(repeats);
    await eventually(() => {
      const expected = Array.from({ length: 14 }, () => 'wrong-secret');
      assert.deepEqual(reasonsFrom(from), expected, 'all of them were hashed');
    });
    for (let number = 0; number < 5; number += 1) {
      const { address: user } = await newMailbox();
      const answer = await attemptLogin({ port, user, from });
      assert.equal(told(answer), '+OK');
      assert.ok(answer.afterMs < promptMs, `${answer.afterMs} ms`);
    }
    // And when its owner has found the right one: a second at most behind the repeats.
    const mended = await attemptLogin({ port, user: broken.address, from });
    assert.equal(told(mended), '+OK');
    assert.ok(mended.afterMs < 1_000 + promptMs, `${mended.afterMs} ms`);
  });

  test('who has logged in from an address is let in, whoever else guesses there', async () => {
    const from = '127.0.5.1';
    const port = node.pop3;
    const friend = await newMailbox();
    assert.equal(told(await attemptLogin({ port, user: friend.address, from })), '+OK');
    const wrong = Array.from({ length: 15 }, (_, number) =>
      attemptLogin({ port, user: `no${number}@example.org`, secret: 'x', from }),
    );
    await Promise.all(wrong);
    const stranger = await newMailbox();
    const slow = await attemptLogin({ port, user: stranger.address, from });
    assert.equal(told(slow), '+OK');
    assert.ok(slow.afterMs >= 1_900, `${slow.afterMs} ms: the address is slowed`);
    // Its password is not remembered here: the long way.
    const { address } = friend;
    await database.store.directory.setMailboxPop3({ address, enabled: false });
    await database.store.directory.setMailboxPop3({ address, enabled: true });
    await bumpCredentials(database, address);
    const quick = await attemptLogin({ port, user: address, from });
    assert.equal(told(quick), '+OK');
    assert.ok(quick.afterMs < promptMs, `${quick.afterMs} ms`);
  });
});
