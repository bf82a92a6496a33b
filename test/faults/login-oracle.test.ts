/**
 * Whoever does not know the secret learns nothing: a name that is not there, a wrong password, a mailbox
 * that is suspended and one without a password are answered with the same octets, by the same
 * way, after the same time (V48, V49).
 */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { isLocked } from '../support/accidents.ts';
import { type CuttingProxy, cuttingProxy } from '../support/cutting-proxy.ts';
import { loginEvents, metric } from '../support/node-inspection.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { type RunningNode, startNode } from '../support/start-node.ts';
import {
  openTestDatabase,
  type TestDatabase,
  type TestMailbox,
  testSecret,
} from '../support/test-database.ts';

/** Of each kind, in turns, in one round. */
const samples = 60;
/** Other tests run beside this one, and their noise gets less with more samples; a way that leaks never passes. */
const roundsMax = 4;
const ratioMax = 1.2;

let database: TestDatabase;
let proxy: CuttingProxy;
let node: RunningNode;
let suspended: TestMailbox;
const users = new Map<string, { readonly user: string; readonly secret: string }>();

before(async () => {
  database = await openTestDatabase();
  proxy = await cuttingProxy(database.url);
  // This host is trusted, so nothing is delayed that could hide what there is to be seen.
  node = await startNode({
    databaseUrl: proxy.url,
    workers: 1,
    environment: { POPLAR_ROLES: 'pop3', POPLAR_LISTEN_LMTP: '' },
  });
  const { address: wrong } = await database.addMailbox('ann@example.org');
  suspended = await database.addMailbox('sue@example.org');
  const { directory } = database.store;
  await directory.setMailboxStatus({ address: suspended.address, status: 'suspended' });
  const without = await database.addMailbox('off@example.org');
  await directory.setMailboxPop3({ address: without.address, enabled: false });
  await directory.addMailbox({ address: 'none@example.org', secret: null });
  users.set('wrong-secret', { user: wrong, secret: 'wrong' });
  users.set('unknown-name', { user: 'nobody@example.org', secret: testSecret });
  users.set('suspended', { user: suspended.address, secret: 'wrong' });
  users.set('without POP3', { user: without.address, secret: 'wrong' });
  users.set('no-such-credential', { user: 'none@example.org', secret: testSecret });
  users.set('no domain', { user: 'ann@elsewhere.example', secret: testSecret });
});
after(async () => {
  await node.stop();
  await proxy.end();
  await database.drop();
});

const plain = (user: string, secret: string): string =>
  `AUTH PLAIN ${Buffer.from(`\0${user}\0${secret}`).toString('base64')}\r\n`;

/** Milliseconds until the answer, which is checked to its last octet. */
async function timed(ask: (user: string, secret: string) => string, kind: string): Promise<number> {
  const { user = '', secret = '' } = users.get(kind) ?? {};
  const { wire } = await Pop3Client.connect({ port: node.pop3 });
  const since = performance.now();
  wire.write(ask(user, secret));
  let line = await wire.line();
  if (line.startsWith('+OK')) {
    assert.equal(line, '+OK send PASS');
    line = await wire.line();
  }
  const afterMs = performance.now() - since;
  assert.equal(line, '-ERR [AUTH] wrong name or password', kind);
  wire.destroy();
  return afterMs;
}

function median(times: readonly number[]): number {
  const sorted = times.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

for (const [mechanism, ask] of [
  ['USER and PASS', (user: string, secret: string) => `USER ${user}\r\nPASS ${secret}\r\n`],
  ['AUTH PLAIN', plain],
] as const) {
  test(`the same octets after the same time: ${mechanism}`, async () => {
    const kinds = [...users.keys()];
    const times = new Map(kinds.map((kind): [string, number[]] => [kind, []]));
    for (const kind of kinds) await timed(ask, kind);
    const ratios: string[] = [];
    for (let round = 0; round < roundsMax; round += 1) {
      for (let sample = 0; sample < samples; sample += 1) {
        for (const kind of kinds) times.get(kind)?.push(await timed(ask, kind));
      }
      const medians = [...times.values()].map(median);
      const ratio = Math.max(...medians) / Math.min(...medians);
      ratios.push(`${ratio.toFixed(2)} of ${medians.map((ms) => ms.toFixed(1)).join(', ')}`);
      if (ratio <= ratioMax) return;
    }
    assert.fail(`medians differ, of ${kinds.join(', ')}: ${ratios.join('; ')}`);
  });
}

test('by the same way: one look-up and one hash each, and nothing is locked', async () => {
  const misses = 'poplar_verification_cache_misses_total';
  for (const kind of users.keys()) {
    const before = await metric(node, misses);
    const asked = await proxy.roundTrips(() => timed(plain, kind));
    const statements = asked.join(' ').match(/find_logins|take_locks|read_opened/g);
    assert.deepEqual([...new Set(statements)], ['find_logins'], kind);
    assert.equal((await metric(node, misses)) - before, 1, kind);
  }
  assert.equal(await isLocked(database, suspended), false);
});

test('the log alone tells them apart', () => {
  const reasons = new Set(loginEvents(node).map(({ reason }) => reason));
  assert.deepEqual(
    [...reasons].sort(),
    ['no-such-credential', 'unknown-name', 'wrong-secret'],
    'a suspended mailbox is not told before its secret was right',
  );
  for (const { address, outcome } of loginEvents(node)) {
    assert.equal(outcome, 'credentials');
    // A name that a stranger made up is not written down.
    assert.notEqual(address, 'nobody@example.org');
    assert.notEqual(address, 'ann@elsewhere.example');
  }
});
