/**
 * What failed logins delay, as the administrator of another node sees it, and ends it: real nodes, real
 * clients from addresses of their own, the real command.
 *
 * Never: an assertion on how fast anything is, beyond that a delay of seconds was there or was not.
 */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { throttleAudits, throttleOrders } from '../support/accidents.ts';
import { AdminClient } from '../support/admin-client.ts';
import { attemptLogin, told } from '../support/login-attempt.ts';
import { eventually } from '../support/node-inspection.ts';
import { runPoplar } from '../support/poplar-command.ts';
import { type RunningNode, startNode } from '../support/start-node.ts';
import { openTestDatabase, type TestDatabase } from '../support/test-database.ts';

const rootToken = 'root-token-of-both-nodes-0123456789';
/** Six wrong secrets of one account from one address: the next attempt waits this long. */
const failures = 6;
const delayMs = 4_000;
/** Orders to clear that a domain has in a minute, and more than that. */
const clearsTried = 70;
const clearsMax = 60;

let database: TestDatabase;
let first: RunningNode;
let second: RunningNode;
let asked: AdminClient;

before(async () => {
  database = await openTestDatabase();
  for (const name of ['ann', 'bob', 'cat']) await database.addMailbox(`${name}@example.org`);
  await database.addMailbox('eve@example.net');
  const start = (name: string): Promise<RunningNode> =>
    startNode({
      databaseUrl: database.url,
      workers: 1,
      environment: {
        POPLAR_NODE_NAME: name,
        POPLAR_ROLES: 'pop3,admin',
        POPLAR_LISTEN_LMTP: '',
        POPLAR_LISTEN_ADMIN: '127.0.0.1:0',
        POPLAR_ADMIN_TOKEN: rootToken,
        POPLAR_AUTH_TRUSTED_NETWORKS: '',
      },
    });
  [first, second] = await Promise.all([start('first'), start('second')]);
  asked = new AdminClient(second.admin, rootToken);
});
after(async () => {
  await Promise.all([first.stop(), second.stop()]);
  await database.drop();
});

async function failAtFirst(user: string, from: string): Promise<void> {
  for (let time = 0; time < failures; time += 1) {
    const attempt = { port: first.pop3, user, from, secret: `wrong ${time}` };
    assert.equal(told(await attemptLogin(attempt)), 'AUTH');
  }
}

interface Entry {
  readonly throttleId: string;
  readonly kind: string;
  readonly failures: number;
  readonly delayMs: number;
  readonly endsAt: string | null;
}

async function entries(client: AdminClient, query: string): Promise<readonly Entry[]> {
  const { status, text } = await client.get(`/throttles${query}`);
  assert.equal(status, 200, text);
  const { items }: { items: readonly Entry[] } = JSON.parse(text);
  return items;
}

async function seenAtSecond(query: string, kind: string): Promise<Entry> {
  let seen: Entry | undefined;
  await eventually(async () => {
    seen = (await entries(asked, query)).find((entry) => entry.kind === kind);
    assert.ok(seen !== undefined && seen.failures > 5, JSON.stringify(seen));
  }, 8_000);
  assert.ok(seen);
  return seen;
}

async function isForgotten(query: string): Promise<void> {
  for (const node of [first, second]) {
    const client = new AdminClient(node.admin, rootToken);
    await eventually(async () => assert.deepEqual(await entries(client, query), []), 8_000);
  }
}

async function domainToken(domain: string): Promise<AdminClient> {
  const body = { label: domain, scopes: ['sessions'], domain };
  const made = await asked.post('/tokens', body);
  assert.equal(made.status, 201, made.text);
  return new AdminClient(second.admin, String(made.body.token));
}

test('an account that failed at one node is seen and cleared at the other, and logs in at once', async () => {
  const [ann, bob] = ['ann@example.org', 'bob@example.org'];
  await Promise.all([failAtFirst(ann, '127.0.7.1'), failAtFirst(bob, '127.0.7.2')]);
  const own = await seenAtSecond(`?account=${ann}`, 'account');
  const pair = await seenAtSecond(`?account=${ann}`, 'pair');
  assert.equal(pair.delayMs, delayMs);
  assert.ok(Date.parse(pair.endsAt ?? '') > Date.now());

  const stranger = await domainToken('example.net');
  for (const method of ['GET', 'DELETE']) {
    for (const query of [`?account=${ann}`, '?address=127.0.7.1', '']) {
      const { status } = await stranger.send(method, `/throttles${query}`);
      assert.equal(status, 403, `${method} ${query}`);
    }
    const path = `/throttles/${own.throttleId}`;
    assert.equal((await stranger.send('DELETE', path)).status, 403);
  }
  assert.deepEqual([await throttleOrders(database), await throttleAudits(database)], [[], []]);

  const ours = await domainToken('example.org');
  const cleared = await ours.send('DELETE', `/throttles?account=${ann}`);
  assert.deepEqual([cleared.status, cleared.body], [202, { throttleIds: [own.throttleId] }]);
  assert.deepEqual(await throttleOrders(database), [own.throttleId]);
  const [audit] = await throttleAudits(database);
  assert.match(String(audit?.actor), /^token:\d+ example\.org$/);
  assert.deepEqual([audit?.subject, audit?.address], [ann, ann]);
  await isForgotten(`?account=${ann}`);

  // At the node that was not asked; and one that was not cleared still waits there.
  const [free, held] = await Promise.all([
    attemptLogin({ port: first.pop3, user: ann, from: '127.0.7.1' }),
    attemptLogin({ port: first.pop3, user: bob, from: '127.0.7.2' }),
  ]);
  assert.deepEqual([told(free), told(held)], ['+OK', '+OK']);
  assert.ok(held.afterMs >= delayMs - 100, `${held.afterMs} ms`);
  assert.ok(free.afterMs < delayMs - 100, `${free.afterMs} ms`);
});

describe('by the command', () => {
  const run = (...argv: readonly string[]) =>
    runPoplar(database.url, argv, {
      environment: {
        POPLAR_ADMIN_URL: `http://127.0.0.1:${second.admin}`,
        POPLAR_ADMIN_TOKEN: rootToken,
      },
    });

  test('an address is listed without its name, looked up by it, and cleared', async () => {
    await failAtFirst('cat@example.org', '127.0.7.3');
    const entry = await seenAtSecond('?address=127.0.7.3', 'address');
    const all = await run('throttle', 'list');
    assert.equal(all.code, 0, all.err);
    assert.match(all.out, new RegExp(`^${entry.throttleId} +address +[56][.\\d]* +0`, 'm'));
    assert.doesNotMatch(all.out, /127\.0\.7\.3|cat@/);
    const delayed = await run('throttle', 'list', '--delayed', '--json');
    const kinds = (JSON.parse(delayed.out) as Entry[]).map(({ kind }) => kind);
    assert.ok(kinds.includes('pair') && !kinds.includes('address'), delayed.out);
    const two = await run('throttle', 'clear', entry.throttleId, '--address', '127.0.7.3');
    assert.deepEqual([two.code, two.out], [1, '']);
    const cleared = await run('throttle', 'clear', '--address', '127.0.7.3');
    assert.deepEqual(
      [cleared.code, cleared.out],
      [0, '127.0.7.3 is cleared; on all nodes within a few seconds\n'],
    );
    await isForgotten('?address=127.0.7.3');
    const pair = await seenAtSecond('?account=cat@example.org', 'pair');
    assert.equal((await run('throttle', 'clear', pair.throttleId)).code, 0);
    await eventually(async () => {
      const left = await entries(
        new AdminClient(first.admin, rootToken),
        '?account=cat@example.org',
      );
      assert.deepEqual(
        left.map(({ kind }) => kind),
        ['account'],
      );
    }, 8_000);
    assert.deepEqual((await throttleOrders(database)).slice(1), [
      entry.throttleId,
      pair.throttleId,
    ]);
    assert.deepEqual(
      (await throttleAudits(database)).slice(1).map(({ subject }) => subject),
      ['127.0.7.3', pair.throttleId],
    );
  });

  test('pages of one, in order, and nothing twice', async () => {
    await failAtFirst('nobody@example.org', '127.0.7.4');
    await seenAtSecond('?address=127.0.7.4', 'address');
    const ids: string[] = [];
    for (let cursor = '', pages = 0; pages < 100; pages += 1) {
      const { body, text } = await asked.get(`/throttles?limit=1${cursor}`);
      const { items }: { items: readonly Entry[] } = JSON.parse(text);
      ids.push(...items.map(({ throttleId }) => throttleId));
      if (typeof body.next !== 'string') break;
      cursor = `&cursor=${body.next}`;
    }
    assert.ok(ids.length >= 6, ids.join());
    assert.deepEqual(ids, [...new Set(ids)].sort());
    for (const query of ['?cursor=zzz', '?account=a@b.c&address=127.0.0.1', '?address=x']) {
      assert.equal((await asked.get(`/throttles${query}`)).status, 400, query);
    }
  });

  test('a domain gives so many orders to clear in a minute, and takes none from others', async () => {
    const ours = await domainToken('example.org');
    const before = (await throttleOrders(database)).length;
    const statuses = new Map<number, number>();
    for (let count = 0; count < clearsTried; count += 1) {
      const { status } = await ours.send('DELETE', '/throttles?account=dora@example.org');
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      if (status === 429) break;
    }
    assert.equal(statuses.get(429), 1, JSON.stringify([...statuses]));
    const orders = (await throttleOrders(database)).length - before;
    assert.ok(orders <= clearsMax, `${orders} orders`);
    const stranger = await domainToken('example.net');
    const { status } = await stranger.send('DELETE', '/throttles?account=eve@example.net');
    assert.equal(status, 202);
  });

  test('without a node there is nothing to see: one line', async () => {
    const { code, out, err } = await runPoplar(database.url, ['throttle', 'list']);
    assert.deepEqual([code, out], [1, '']);
    assert.match(err, /^poplar: failures are in the memory of nodes[^\n]*\n$/);
  });
});
