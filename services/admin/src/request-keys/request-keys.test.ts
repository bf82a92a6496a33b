/**
 * Requests that come again with their key: each is carried out once and answered the same, what is shown once is not
 * kept, and a key whose first request changed nothing can be used again. What the client saw, and what the rows say.
 */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ApiFixture, apiFixture } from '../testing/api-fixture.ts';

let api: ApiFixture;
before(async () => {
  api = await apiFixture();
});
after(() => api.end());

interface Asked {
  readonly path: string;
  readonly body?: unknown;
  readonly token?: string;
  readonly type?: string;
}

type Answer = Awaited<ReturnType<ApiFixture['ask']>>;

function post(key: string, { path, type = 'application/json', ...asked }: Asked): Promise<Answer> {
  const headers = { 'idempotency-key': key, 'content-type': type };
  return api.ask({ method: 'POST', path: `/api/v1${path}`, headers, ...asked });
}

const tables = ['domain', 'mailbox', 'login_name', 'credential', 'api_token', 'webhook'];
const others = ['webhook_delivery', 'message', 'audit'];

/** Every row that such requests change. */
async function everything(): Promise<string> {
  const found = await Promise.all(
    [...tables, ...others].map((name) =>
      api.database.query(`select to_jsonb(t)::text as row from ${name} t order by 1`),
    ),
  );
  return JSON.stringify(found);
}

async function kept(): Promise<Record<string, unknown>[]> {
  return api.database.query(
    'select actor, state, status, answer from request_key order by expires_at desc',
  );
}

async function count(table: string): Promise<number> {
  const [row] = await api.database.query(`select count(*)::int as n from ${table}`);
  return Number(row?.n);
}

const password = 'correct horse battery staple';
const ann = '/mailboxes/ann@example.org';

describe('a request that comes again', () => {
  const requests: readonly (readonly [asked: Asked, status: number])[] = [
    [{ path: '/domains', body: { domain: 'example.org', loginDelaySeconds: 5 } }, 201],
    [{ path: '/mailboxes', body: { address: 'ann@example.org', password } }, 201],
    [{ path: `${ann}/login-names`, body: { name: 'annie@example.org' } }, 201],
    [{ path: `${ann}/certificate-names`, body: { name: 'cn:ann' } }, 201],
    [{ path: `${ann}/messages`, body: 'A: b\r\n\r\nx\r\n', type: 'message/rfc822' }, 201],
  ];

  for (const [asked, status] of requests) {
    test(`is answered as the first one was: ${asked.path}`, async () => {
      const key = `again ${asked.path}`.replaceAll(' ', '-');
      const first = await post(key, asked);
      assert.equal(first.status, status, first.text);
      assert.equal(first.headers['idempotency-replayed'], undefined);
      const rows = await everything();
      const again = await post(key, asked);
      assert.deepEqual([again.status, again.text], [first.status, first.text]);
      assert.equal(again.headers['idempotency-replayed'], 'true');
      assert.equal(again.headers['content-type'], first.headers['content-type']);
      assert.equal(await everything(), rows);
      const [row] = await kept();
      assert.deepEqual(row, { actor: 'root', state: 'answered', status, answer: first.text });
    });
  }

  test('with an event of a webhook, or a delivery of it', async () => {
    const made = await api.call('POST', '/webhooks', {
      url: 'https://hooks.example.com/',
      events: ['message.delivered'],
    });
    const path = `/webhooks/${made.body.webhookId}/test`;
    const first = await post('test-1', { path });
    assert.equal(first.status, 202);
    const again = await post('test-1', { path });
    assert.deepEqual([again.status, again.body], [202, first.body]);
    const events = 'webhook_delivery';
    assert.equal(await count(events), 1);
    const resend = { path: `/webhook-deliveries/${first.body.deliveryId}/resend` };
    await api.database.query(
      "update webhook_delivery set state = 'dead', finished_at = now() where delivery_id = $1",
      [first.body.deliveryId],
    );
    const resent = await post('resend-1', resend);
    assert.equal(resent.status, 202, resent.text);
    const rows = await everything();
    assert.deepEqual((await post('resend-1', resend)).body, resent.body);
    assert.equal(await everything(), rows);
    await api.call('DELETE', `/webhooks/${made.body.webhookId}`);
  });
});

test('what is shown once is not kept: the second is told what was made', async () => {
  const webhook = { url: 'https://hooks.example.com/', events: ['quota.near'] };
  const requests: readonly (readonly [Asked, secret: string, id: string])[] = [
    [{ path: '/tokens', body: { label: 'x', scopes: ['read'] } }, 'token', 'tokenId'],
    [{ path: `${ann}/app-passwords`, body: { label: 'x' } }, 'appPassword', 'credentialId'],
    [{ path: '/webhooks', body: webhook }, 'secret', 'webhookId'],
  ];
  const secrets: string[] = [password, 'shown-once'];
  let webhookId = '';
  for (const [asked, secret, id] of requests) {
    const first = await post('shown-once', asked);
    assert.equal(first.status, 201, first.text);
    secrets.push(String(first.body[secret]));
    const rows = await everything();
    const again = await post('shown-once', asked);
    assert.deepEqual(
      [again.status, again.body.code, again.body.created],
      [409, 'created-before', { [id]: first.body[id] }],
    );
    assert.ok(!again.text.includes(String(first.body[secret])));
    assert.equal(await everything(), rows);
    webhookId = String(first.body.webhookId);
  }
  const path = `/webhooks/${webhookId}/secret`;
  const first = await post('new-secret', { path });
  secrets.push(String(first.body.secret));
  const again = await post('new-secret', { path });
  assert.deepEqual([first.status, again.status, again.body.created], [201, 409, { webhookId }]);
  const [row] = await api.database.query('select secret from webhook where webhook_id = $1', [
    webhookId,
  ]);
  assert.equal(row?.secret, first.body.secret, 'it was renewed once');
  const stored = await api.database.query(
    `select to_jsonb(k)::text || encode(k.fingerprint, 'escape') || encode(k.digest, 'escape') as row
     from request_key k`,
  );
  for (const secret of secrets) {
    assert.ok(secret.length >= 10);
    assert.ok(!JSON.stringify(stored).includes(secret), 'no row has it');
  }
});

test('of many at once one is carried out, and the others are told that or what it was answered', async () => {
  const asked = { path: '/tokens', body: { label: 'many', scopes: ['read'] } };
  const before = await count('api_token');
  const answers = await Promise.all(Array.from({ length: 8 }, () => post('at-once', asked)));
  assert.equal(answers.filter(({ status }) => status === 201).length, 1);
  for (const { status, body, text } of answers.filter(({ status }) => status !== 201)) {
    assert.equal(status, 409, text);
    assert.ok(['request-under-way', 'created-before'].includes(String(body.code)), text);
  }
  assert.equal(await count('api_token'), before + 1);
});

test('another request with the key is refused, whether its body, query or path is another', async () => {
  const path = `${ann}/messages?uidl=k1`;
  const sent = { path, body: 'A: b\n\n', type: 'message/rfc822' };
  assert.equal((await post('one-thing', sent)).status, 201);
  const rows = await everything();
  for (const other of [
    { ...sent, body: 'A: c\n\n' },
    { ...sent, path: `${ann}/messages?uidl=k2` },
    { ...sent, path: '/mailboxes/ben@example.org/messages?uidl=k1' },
  ]) {
    const { status, body } = await post('one-thing', other);
    assert.deepEqual([status, body.code], [422, 'key-of-another-request']);
  }
  assert.equal(await everything(), rows);
});

test('a key is that of its actor and its route', async () => {
  const { token } = await api.token({ scopes: ['mailboxes'], domain: 'example.org' });
  const asked = { path: `${ann}/certificate-names`, body: { name: 'cn:by-root' } };
  assert.equal((await post('shared', asked)).status, 201);
  const other = { ...asked, body: { name: 'cn:by-token' }, token };
  assert.equal((await post('shared', other)).status, 201);
  const name = { path: `${ann}/login-names`, body: { name: 'a.n@example.org' } };
  assert.equal((await post('shared', name)).status, 201);
});

test('a request that is refused does not keep its key', async () => {
  const path = '/domains';
  const taken = await post('refused', { path, body: { domain: 'example.org' } });
  assert.deepEqual([taken.status, taken.body.code], [409, 'domain-exists']);
  assert.equal((await post('refused', { path, body: { domain: 'a b' } })).status, 400);
  assert.equal((await post('refused', { path, body: { domain: 'free.example' } })).status, 201);
});

test('keys have 1 to 255 visible characters', async () => {
  const asked = { path: '/domains', body: { domain: 'never.example' } };
  for (const key of ['', 'a b', 'x'.repeat(256), 'caf\u00e9']) {
    const { status, body } = await post(key, asked);
    assert.equal(status, 400, key);
    assert.match(JSON.stringify(body.errors), /idempotency-key/);
  }
  assert.equal(await api.store.directory.findDomain('never.example'), null);
  assert.equal((await post('x'.repeat(255), asked)).status, 201);
});

async function waitingFor(table: string): Promise<number> {
  for (const deadline = Date.now() + 10_000; ; await sleep(20)) {
    const [row] = await api.database.query(
      `select pid from pg_stat_activity where wait_event_type = 'Lock' and query like $1`,
      [`%${table}%`],
    );
    if (row !== undefined) return Number(row.pid);
    assert.ok(Date.now() < deadline, 'in time');
  }
}

test('one whose database fails in the middle leaves a key of which nobody knows', async () => {
  const asked = { path: '/domains', body: { domain: 'doubt.example' } };
  const other = await api.database.client();
  await other.query('begin');
  await other.query('lock table domain in access exclusive mode');
  const failing = post('in-doubt', asked);
  const pid = await waitingFor('domain');
  const meanwhile = await post('in-doubt', asked);
  assert.deepEqual([meanwhile.status, meanwhile.body.code], [409, 'request-under-way']);
  await api.database.query('select pg_terminate_backend($1)', [pid]);
  assert.equal((await failing).status, 503);
  await other.query('rollback');
  const again = await post('in-doubt', asked);
  assert.deepEqual([again.status, again.body.code], [409, 'key-outcome-unknown']);
  assert.equal(await api.store.directory.findDomain('doubt.example'), null);
  assert.equal((await post('in-doubt-2', asked)).status, 201, 'with a new key');
});

test('who has used up their keys is told so, and what is known is answered still', async () => {
  const { token, tokenId } = await api.token({ scopes: ['mailboxes'] });
  const asked = { path: '/domains', body: { domain: 'last.example' }, token };
  const first = await post('last', asked);
  assert.equal(first.status, 201);
  await api.database.query(
    `insert into request_key (digest, actor, fingerprint, claimed_until, expires_at)
     select sha256(n::text::bytea), $1, sha256(''), now(), now() + interval '1 hour'
     from generate_series(1, 20000) n`,
    [`token:${tokenId} test`],
  );
  const more = { path: '/domains', body: { domain: 'more.example' }, token };
  const { status, body } = await post('one-more', more);
  assert.deepEqual([status, body.code], [429, 'too-many-keys']);
  assert.equal(await api.store.directory.findDomain('more.example'), null);
  assert.equal((await post('last', asked)).text, first.text);
});

/** They may be sent again as they are: the second time nothing is left to be done, or each row says so. */
const withoutKey = [
  '/mailboxes/bulk',
  '/mailboxes/password-hashes',
  '/mailboxes/{address}/undelete',
  '/mailboxes/{address}/messages/restore',
  '/mailboxes/{address}/messages/purge',
  '/jobs/{jobId}/cancel',
];

test('each route that creates takes a key, and says so', async () => {
  const { body } = await api.ask({ path: '/docs/json', token: null });
  const paths: Record<string, Record<string, { parameters?: unknown }>> = Object(body.paths);
  const creating = Object.entries(paths).filter(([, methods]) => 'post' in methods);
  const without: string[] = [];
  for (const [path, { post: route }] of creating) {
    const named = JSON.stringify(route?.parameters ?? []).includes('"idempotency-key"');
    if (!named) without.push(path.replace('/api/v1', ''));
  }
  assert.ok(creating.length > withoutKey.length);
  assert.deepEqual(without.sort(), [...withoutKey].sort());
});
