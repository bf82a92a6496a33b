/**
 * The cluster at a glance, for people and for Prometheus: what nodes said of themselves and what the
 * database holds, read once however many ask; and the list of sessions, for whom it is.
 */

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { viewCluster } from '../cluster-view.ts';
import { type ApiFixture, apiFixture } from '../testing/api-fixture.ts';

let api: ApiFixture;
const owners = { up: randomUUID(), gone: randomUUID() };

before(async () => {
  api = await apiFixture();
  for (const [nodeName, ownerId] of Object.entries(owners)) {
    const owner = { nodeName, ownerId, bootId: randomUUID(), worker: 0, version: '1' };
    await api.store.registerOwner(owner);
    await api.store.renewOwners({ workers: [{ ownerId, sessions: 3 }], draining: false });
    const figures = { loginsOpened: 5, sentOctets: 70, connections: 4, eventLoopDelaySeconds: 0.5 };
    await api.store.cluster.report({ nodeName, figures });
  }
  await api.database.query(
    "update owner set lease_until = now() - interval '1 second' where node_name = 'gone'",
  );
});
after(() => api.end());

test('the overview sums up what is there, and shows what is gone without its figures', async () => {
  const { status, body } = await api.call('GET', '/overview');
  assert.equal(status, 200);
  assert.partialDeepStrictEqual(body, {
    sessions: 3,
    totals: { loginsOpened: 5, loginsInUse: 0, sentOctets: 70, eventLoopDelaySeconds: 0.5 },
    nodes: [
      { node: 'gone', state: 'gone', sessions: 0, figures: null },
      { node: 'up', state: 'up', sessions: 3, workers: 1, figures: { connections: 4 } },
    ],
    database: { mailboxes: 0, standbys: 0, replicationLagMs: null },
  });
});

test('/metrics on the port of the API is for whoever may read', async () => {
  const { token } = await api.token({ scopes: ['read'] });
  const { status, headers, text } = await api.ask({ path: '/metrics', token });
  assert.equal(status, 200);
  assert.match(String(headers['content-type']), /^text\/plain; version=0\.0\.4/);
  const said = text.split('\n');
  for (const line of [
    'poplar_cluster_up 1',
    'poplar_cluster_sessions{node="up"} 3',
    'poplar_cluster_logins_total{node="up",outcome="opened"} 5',
    'poplar_cluster_event_loop_delay_seconds{node="up"} 0.5',
  ]) {
    assert.ok(said.includes(line), line);
  }
  const { token: other } = await api.token({ scopes: ['nodes', 'sessions'] });
  await api.store.directory.addDomain({ name: 'of.example' });
  const { token: ofDomain } = await api.token({ scopes: ['read'], domain: 'of.example' });
  for (const [asked, expected] of [
    [other, 403],
    [ofDomain, 403],
    [null, 401],
  ] as const) {
    const answer = await api.ask({ path: '/metrics', token: asked });
    assert.equal(answer.status, expected);
    assert.doesNotMatch(answer.text, /poplar_cluster/);
  }
});

test('however many ask, the database is asked once, and again after a failure', async () => {
  let readings = 0;
  let isAway = false;
  const { cluster } = api.store;
  const counting = {
    figures: async () => {
      readings += 1;
      if (isAway) throw new Error('away');
      return cluster.figures();
    },
  };
  const view = viewCluster(counting);
  const all = await Promise.all([view.figures(), view.figures(), view.print(), view.figures()]);
  assert.equal(readings, 1);
  assert.equal(all[0], all[3]);
  isAway = true;
  const other = viewCluster(counting);
  await assert.rejects(other.figures(), /away/);
  isAway = false;
  assert.equal((await other.figures()).nodes.length, 2);
});

test('a token of one domain lists the sessions of its mailboxes, and of no other', async () => {
  const addresses = ['ann@one.example', 'ben@one.example', 'cat@two.example'];
  for (const name of ['one.example', 'two.example']) await api.store.directory.addDomain({ name });
  for (const address of addresses) {
    const mailboxId = await api.store.directory.addMailbox({ address, secret: '$x$' });
    await api.database.query(
      `update maildrop_lock set token = gen_random_uuid(), owner_id = $2, owner_epoch = 0,
         granted_at = now(), client = '192.0.2.7' where mailbox_id = $1`,
      [mailboxId, owners.up],
    );
  }
  const listed = async (token: string, query = ''): Promise<unknown> => {
    const { status, body } = await api.ask({ path: `/api/v1/sessions${query}`, token });
    const items: readonly unknown[] = Array.isArray(body.items) ? body.items : [];
    return status === 200 ? items.map((item) => Object(item).address) : status;
  };
  const { token } = await api.token({ scopes: ['sessions'], domain: 'one.example' });
  assert.deepEqual(await listed(token), addresses.slice(0, 2));
  assert.deepEqual(await listed(token, '?domain=one.example'), addresses.slice(0, 2));
  assert.equal(await listed(token, '?domain=two.example'), 403);
  const { body } = await api.ask({ path: '/api/v1/sessions?limit=1', token });
  assert.deepEqual(await listed(token, `?limit=1&cursor=${body.next}`), ['ben@one.example']);
  assert.deepEqual(await listed(api.root), addresses);
  assert.deepEqual(await listed(api.root, '?domain=two.example'), ['cat@two.example']);
});
