/**
 * More passwords than can be hashed: what is too much is told [SYS/TEMP] and never a wrong password, the
 * queue is served in turns, and one who comes from elsewhere, or is known, is let in meanwhile (V57).
 */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { answerTo, attemptLogin, told } from '../support/login-attempt.ts';
import { eventually, loginEvents, metric } from '../support/node-inspection.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { type RunningNode, startNode } from '../support/start-node.ts';
import { openTestDatabase, type TestDatabase } from '../support/test-database.ts';

/** Each with as many attempts as an address has before it is delayed. */
const addresses = 80;
const attemptsEach = 10;

let database: TestDatabase;
let node: RunningNode;

before(async () => {
  database = await openTestDatabase();
  node = await startNode({
    databaseUrl: database.url,
    workers: 1,
    environment: {
      POPLAR_ROLES: 'pop3',
      POPLAR_LISTEN_LMTP: '',
      POPLAR_AUTH_TRUSTED_NETWORKS: '',
      // What a name that is not there costs: some 10 ms, whatever the default is.
      POPLAR_AUTH_ARGON2_MEMORY_KIB: '8192',
      POPLAR_AUTH_ARGON2_PASSES: '5',
    },
  });
});
after(async () => {
  await node.stop();
  await database.drop();
});

test('a flood of 800 wrong passwords from 80 addresses, and two honest clients', async () => {
  const port = node.pop3;
  const known = await database.addMailbox('known@example.org');
  const newcomer = await database.addMailbox('newcomer@example.org');
  const home = '127.0.8.1';
  assert.equal(told(await attemptLogin({ port, user: known.address, from: home })), '+OK');
  const clients = await Promise.all(
    Array.from({ length: addresses * attemptsEach }, (_, number) =>
      Pop3Client.connect({ port, from: `127.0.7.${(number % addresses) + 1}`, patienceMs: 60_000 }),
    ),
  );
  const flood = clients.map((client, number) =>
    answerTo(client, { user: `nobody${number}@example.org`, secret: `guess ${number}` }),
  );
  const countOf = (wanted: string): number =>
    loginEvents(node).filter(({ reason }) => reason === wanted).length;
  await eventually(() => assert.ok(countOf('overloaded') > 0, 'the queue is full'));

  const polls: number[] = [];
  const polling = (async () => {
    while (polls.length < 20) {
      const answer = await attemptLogin({ port, user: known.address, from: home });
      assert.equal(told(answer), '+OK');
      polls.push(answer.afterMs);
    }
  })();
  // It takes the place of one of a crowd, and waits for one hash of each address at most.
  const elsewhere = await attemptLogin({ port, user: newcomer.address, from: '127.0.8.2' });
  assert.equal(told(elsewhere), '+OK', 'a newcomer');
  assert.ok((await metric(node, 'poplar_hashes_waiting')) > 0, 'while the others still wait');
  await polling;
  const slowest = Math.max(...polls);
  assert.ok(slowest < 1_000, `${slowest} ms for one that is known`);

  const answers = (await Promise.all(flood)).map(told);
  for (const client of clients) client.destroy();
  assert.deepEqual([...new Set(answers)].sort(), ['AUTH', 'SYS/TEMP']);
  await eventually(() => {
    const overloaded = countOf('overloaded');
    assert.ok(overloaded > 100, `${overloaded} had no place`);
    const temporary = answers.filter((answer) => answer === 'SYS/TEMP').length;
    assert.equal(temporary, overloaded + countOf('throttled'));
  });
  assert.equal(await metric(node, 'poplar_hashes_waiting'), 0);
});
