/**
 * What a client is told by a response code, and what it must never take for a wrong password: a database
 * that is away, a maildrop that is open, a service that is switched off (RFC 2449 §8, RFC 3206 §4).
 */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { isLocked } from '../support/accidents.ts';
import { type CuttingProxy, cuttingProxy } from '../support/cutting-proxy.ts';
import { attemptLogin, told } from '../support/login-attempt.ts';
import { eventually, loginEvents, metric } from '../support/node-inspection.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { type RunningNode, startNode } from '../support/start-node.ts';
import { openTestDatabase, type TestDatabase, testSecret } from '../support/test-database.ts';

let database: TestDatabase;
let proxy: CuttingProxy;
let node: RunningNode;

before(async () => {
  database = await openTestDatabase();
  proxy = await cuttingProxy(database.url);
  node = await startNode({
    databaseUrl: proxy.url,
    workers: 1,
    environment: { POPLAR_ROLES: 'pop3', POPLAR_LISTEN_LMTP: '', POPLAR_LOCK_WAIT_MS: '0' },
  });
});
after(async () => {
  await node.stop();
  await proxy.end();
  await database.drop();
});

for (const mechanism of [undefined, 'PLAIN'] as const) {
  const name = mechanism ?? 'USER';
  const local = name.toLowerCase();

  async function answer(user: string, secret: string = testSecret): Promise<string> {
    const how = mechanism === undefined ? {} : { mechanism };
    return told(await attemptLogin({ port: node.pop3, user, secret, ...how }));
  }

  test(`${name}: [AUTH], [SYS/PERM] and [IN-USE], each for the right secret alone`, async () => {
    const mailbox = await database.addMailbox(`${local}@example.org`);
    const { address } = mailbox;
    assert.equal(await answer(address, 'wrong'), 'AUTH');
    assert.equal(await answer('nobody@example.org'), 'AUTH');
    assert.equal(await answer(address), '+OK');

    const client = await Pop3Client.connect({ port: node.pop3 });
    await client.login(address, testSecret);
    assert.equal(await answer(address), 'IN-USE');
    assert.equal(await answer(address, 'wrong'), 'AUTH');
    await client.quit();

    const { directory } = database.store;
    await directory.setMailboxStatus({ address, status: 'suspended' });
    assert.equal(await answer(address), 'SYS/PERM');
    assert.equal(await answer(address, 'wrong'), 'AUTH');
    await directory.setMailboxStatus({ address, status: 'active' });
    assert.equal(await answer(address), '+OK');
    assert.equal(await isLocked(database, mailbox), false);
  });

  test(`${name}: a database that is away is [SYS/TEMP], whatever the secret`, async () => {
    const { address } = await database.addMailbox(`away-${local}@example.org`);
    assert.equal(await answer(address), '+OK');
    proxy.cutAfter(0, true);
    try {
      for (const [user, secret] of [
        [address, testSecret],
        [address, 'wrong'],
        ['nobody@example.org', testSecret],
      ] as const) {
        assert.equal(await answer(user, secret), 'SYS/TEMP');
      }
    } finally {
      proxy.mend();
    }
    await eventually(async () => assert.equal(await answer(address), '+OK'), 20_000);
    assert.equal(await answer(address, 'wrong'), 'AUTH');
  });

  test(`${name}: each attempt is one event and counted once`, async () => {
    const ofMechanism = () => loginEvents(node).filter((event) => event.mechanism === name);
    for (const outcome of ['opened', 'credentials', 'temporary', 'disabled', 'in-use']) {
      const labels = { mechanism: name, outcome };
      // The log is written a moment later.
      await eventually(async () => {
        const events = ofMechanism().filter((event) => event.outcome === outcome);
        assert.ok(events.length > 0, outcome);
        assert.equal(await metric(node, 'poplar_logins_total', labels), events.length, outcome);
      });
    }
    for (const event of ofMechanism()) {
      assert.equal(event.tls, null);
      assert.ok(Number.isInteger(event.durationMs), 'latency');
      assert.equal(typeof event.reason, 'string');
      assert.equal(event.remote, '127.0.0.1');
    }
  });
}

test('the reasons add up to the attempts', async () => {
  const reasons = Map.groupBy(loginEvents(node), ({ reason }) => String(reason));
  for (const [reason, events] of reasons) {
    assert.equal(await metric(node, 'poplar_login_reasons_total', { reason }), events.length);
  }
  const sum = await metric(node, 'poplar_login_reasons_total');
  assert.equal(await metric(node, 'poplar_logins_total'), sum);
  assert.equal(await metric(node, 'poplar_login_duration_seconds_count'), sum);
});
