/**
 * What a token of one domain is shown of things that lie between domains: sessions that somebody of another domain
 * has opened, and the audit.
 */

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { type ApiFixture, apiFixture } from '../testing/api-fixture.ts';

let api: ApiFixture;
let token: string;
before(async () => {
  api = await apiFixture();
  const { directory } = api.store;
  for (const name of ['example.org', 'example.net']) await directory.addDomain({ name });
  for (const address of ['ann@example.org', 'ben@example.org', 'eve@example.net']) {
    await directory.addMailbox({ address, secret: '$x$' });
  }
  ({ token } = await api.token({
    ...{ scopes: ['read', 'webhooks', 'mailboxes'], domain: 'example.org' },
  }));
});
after(() => api.end());

const ask = (method: string, path: string, body?: unknown) =>
  api.ask({ method, path: `/api/v1${path}`, token, ...(body === undefined ? {} : { body }) });

async function openedBy(address: string, actor: string): Promise<void> {
  await api.database.query(
    `update maildrop_lock set token = gen_random_uuid(), owner_epoch = 0, granted_at = now(),
       owner_id = (select owner_id from owner limit 1), client = '192.0.2.7',
       actor_id = (select mailbox_id from mailbox where address = $2)
     where mailbox_id = (select mailbox_id from mailbox where address = $1)`,
    [address, actor],
  );
}

test('who of another domain has a maildrop open is not shown', async () => {
  const owner = { ownerId: randomUUID(), bootId: randomUUID(), nodeName: 'node-1', worker: 0 };
  await api.store.registerOwner(owner);
  await api.database.query("update owner set lease_until = now() + interval '1 hour'");
  await openedBy('ann@example.org', 'eve@example.net');
  await openedBy('ben@example.org', 'ann@example.org');
  const actors = async (by: typeof ask) => {
    const listed = await by('GET', '/sessions');
    const { session } = (await by('GET', '/mailboxes/ann@example.org')).body;
    return [
      ...Array.from(Object(listed.body.items), (item) => Object(item).actor),
      (await by('GET', '/sessions/ann@example.org')).body.actor,
      Object(session).actor,
    ];
  };
  assert.deepEqual(await actors(ask), [null, 'ann@example.org', null, null]);
  const eve = 'eve@example.net';
  assert.deepEqual(await actors(api.call), [eve, 'ann@example.org', eve, eve]);
});

test('the audit of a domain is what was done to its mailboxes, itself and its webhooks', async () => {
  const to = { url: 'https://hooks.example.com/', events: ['lock.broken'] };
  const own = (await ask('POST', '/webhooks', to)).body.webhookId;
  await ask('POST', `/webhooks/${own}/test`);
  await ask('PATCH', `/webhooks/${own}`, { enabled: false });
  await ask('POST', `/webhooks/${own}/secret`);
  await ask('DELETE', `/webhooks/${own}`);
  const wide = (await api.call('POST', '/webhooks', to)).body.webhookId;
  await api.call('DELETE', `/webhooks/${wide}`);
  await api.call('PATCH', '/domains/example.org', { pop3Enabled: false });
  await api.call('PATCH', '/domains/example.net', { pop3Enabled: false });
  await api.call('PATCH', '/mailboxes/ann@example.org', { status: 'suspended' });
  await api.call('PATCH', '/mailboxes/eve@example.net', { status: 'suspended' });
  await api.call('DELETE', '/mailboxes/ben@example.org?graceSeconds=0');
  await api.database.query("update mailbox set delete_after = now() - interval '1 second'");
  while (await api.store.administration.removeDueMailbox());
  const wanted = [
    ...['mailbox.remove ben@example.org', 'session.break ben@example.org'],
    'mailbox.delete ben@example.org',
    ...['mailbox.set ann@example.org', 'domain.set example.org'],
    ...['remove', 'rotate', 'set', 'test', 'add'].map((what) => `webhook.${what} ${own}`),
    ...['mailbox.add ben@example.org', 'mailbox.add ann@example.org', 'domain.add example.org'],
  ];
  const rows = async (by: typeof ask, query = '') => {
    const seen: string[] = [];
    let next: unknown = '';
    while (next !== null) {
      const { body, text } = await by('GET', `/audit?limit=5${query}${String(next)}`);
      assert.ok(Array.isArray(body.items), text);
      for (const item of body.items) {
        seen.push(`${String(Object(item).action)} ${String(Object(item).subject)}`);
      }
      next = body.next === null ? null : `&cursor=${encodeURIComponent(String(body.next))}`;
    }
    return seen;
  };
  assert.deepEqual(await rows(ask), wanted);
  assert.deepEqual(await rows(api.call, '&domain=example.org'), wanted);
  assert.equal((await rows(ask, '&address=ann@example.org')).length, 2);
  const [all] = await api.database.query('select count(*)::int as rows from audit');
  assert.equal((await rows(api.call)).length, all?.rows);
  assert.equal((await ask('GET', '/audit?domain=example.net')).status, 403);
  assert.equal((await ask('GET', '/audit?address=eve@example.net')).status, 403);
});

test('a domain that was removed and added again begins without the audit of the one before', async () => {
  await api.database.query(
    "update audit set at = at - interval '1 day' where subject like '%example.net'",
  );
  await api.call('DELETE', '/mailboxes/eve@example.net?graceSeconds=0');
  await api.database.query("update mailbox set delete_after = now() - interval '1 second'");
  while (await api.store.administration.removeDueMailbox());
  assert.equal((await api.call('DELETE', '/domains/example.net')).status, 204);
  const gone = await api.call('GET', '/audit?domain=example.net');
  assert.deepEqual([gone.status, gone.body.code], [404, 'domain-not-found']);
  const made = await api.call('POST', '/domains', { domain: 'example.net' });
  assert.equal(made.status, 201, made.text);
  const { items } = (await api.call('GET', '/audit?domain=example.net')).body;
  assert.partialDeepStrictEqual(items, [{ action: 'domain.add', actor: 'root' }]);
  assert.equal(Object(items).length, 1);
});
