/**
 * Tokens by the API: none gives more than its maker has, what is kept of one cannot be used, and one that is
 * revoked opens nothing from then on.
 */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { digestOf } from '../access/tokens.ts';
import { type ApiFixture, apiFixture } from '../testing/api-fixture.ts';

const path = '/api/v1/tokens';
const dayMs = 86_400_000;

let api: ApiFixture;
before(async () => {
  api = await apiFixture();
  await api.store.directory.addDomain({ name: 'example.org' });
});
after(() => api.end());

function soon(ms: number): string {
  return new Date(Date.now() + ms).toISOString();
}

async function rows(): Promise<Record<string, unknown>[]> {
  return api.database.query('select * from api_token order by api_token_id');
}

async function statusOf(token: string, body: unknown): Promise<number> {
  const known = await rows();
  const { status, text } = await api.ask({ method: 'POST', path, token, body });
  if (status >= 400) assert.deepEqual(await countOf(), known.length, text);
  return status;
}

async function countOf(): Promise<number> {
  return (await rows()).length;
}

test('what is kept is the digest, and the audit says who made it', async () => {
  const asked = { label: 'watch', scopes: ['read'], domain: 'Example.org', expiresAt: soon(dayMs) };
  const { status, body } = await api.call('POST', '/tokens', asked);
  assert.equal(status, 201);
  const token = String(body.token);
  const [row] = (await rows()).slice(-1);
  assert.deepEqual(new Uint8Array(Object(row?.digest)), digestOf(token));
  assert.ok(!JSON.stringify(await rows()).includes(token));
  const listed = await api.call('GET', '/tokens');
  assert.ok(!listed.text.includes(token));
  const [audit] = await api.database.query(
    "select actor, action, detail->>'label' as label from audit where action = 'token.add' and subject = $1",
    [body.tokenId],
  );
  assert.deepEqual(audit, { actor: 'root', action: 'token.add', label: 'watch' });
  const self = await api.ask({ path: '/api/v1/self', token });
  assert.partialDeepStrictEqual(self.body, { scopes: ['read'], domain: 'example.org' });
});

test('a token gives no scope that it lacks', async () => {
  const { token } = await api.token({ scopes: ['tokens', 'read'] });
  assert.equal(await statusOf(token, { label: 'x', scopes: ['mailboxes'] }), 403);
  assert.equal(await statusOf(token, { label: 'x', scopes: ['read', 'nodes'] }), 403);
  assert.equal(await statusOf(token, { label: 'x', scopes: ['everything'] }), 400);
  assert.equal(await statusOf(token, { label: 'x', scopes: [] }), 400);
  assert.equal(await statusOf(token, { label: 'x', scopes: ['read'] }), 201);
});

test('nor a time that is longer than its own', async () => {
  const { token } = await api.token({ scopes: ['tokens'], expiresAt: new Date(soon(dayMs)) });
  const asked = { label: 'x', scopes: ['tokens'] };
  assert.equal(await statusOf(token, asked), 403);
  assert.equal(await statusOf(token, { ...asked, expiresAt: soon(2 * dayMs) }), 403);
  assert.equal(await statusOf(token, { ...asked, expiresAt: soon(dayMs / 2) }), 201);
  assert.equal(await statusOf(api.root, { ...asked, expiresAt: soon(-1) }), 422);
});

test('a token of one domain makes none', async () => {
  const { token } = await api.token({ scopes: ['tokens'], domain: 'example.org' });
  const asked = { label: 'x', scopes: ['tokens'], domain: 'example.org' };
  assert.equal(await statusOf(token, asked), 403);
  const elsewhere = { label: 'x', scopes: ['read'], domain: 'nowhere.example' };
  assert.equal(await statusOf(api.root, elsewhere), 404);
});

test('a token of one domain that could do nothing is not made', async () => {
  const domain = 'example.org';
  for (const scopes of [['nodes'], ['tokens'], ['nodes', 'tokens']]) {
    assert.equal(await statusOf(api.root, { label: 'x', scopes, domain }), 422, `${scopes}`);
    assert.equal(await statusOf(api.root, { label: 'x', scopes }), 201);
  }
  const asked = { label: 'x', scopes: ['nodes', 'sessions'], domain };
  assert.equal(await statusOf(api.root, asked), 201);
});

test('a token of one domain sets the quota of a mailbox, and not that of its domain', async () => {
  await api.store.directory.addMailbox({ address: 'ann@example.org', secret: null });
  const { token } = await api.token({ scopes: ['mailboxes'], domain: 'example.org' });
  const quotas = async () =>
    api.database.query(
      `select d.quota_octets::int as domain, extract(epoch from d.login_delay)::int as delay,
              m.quota_octets::int as mailbox
       from domain d join mailbox m on m.domain_id = d.domain_id`,
    );
  const patch = async (path: string, body: unknown) => {
    const asked = { method: 'PATCH', path: `/api/v1${path}`, token, body };
    return (await api.ask(asked)).status;
  };
  const both = { quotaOctets: null, loginDelaySeconds: 7 };
  assert.equal(await patch('/domains/example.org', { quotaOctets: 5_000 }), 403);
  assert.equal(await patch('/domains/example.org', both), 403);
  assert.deepEqual(await quotas(), [{ domain: null, delay: 0, mailbox: null }]);
  assert.equal(await patch('/mailboxes/ann@example.org', { quotaOctets: 4_000 }), 200);
  assert.equal(await patch('/domains/example.org', { loginDelaySeconds: 7 }), 200);
  assert.deepEqual(await quotas(), [{ domain: null, delay: 7, mailbox: 4_000 }]);
});

test('a revoked one opens nothing from then on', async () => {
  const { token, tokenId } = await api.token({ scopes: ['read'] });
  assert.equal((await api.ask({ path: '/api/v1/domains', token })).status, 200);
  assert.equal((await api.call('DELETE', `/tokens/${tokenId}`)).status, 204);
  assert.equal((await api.ask({ path: '/api/v1/domains', token })).status, 401);
  assert.equal((await api.call('DELETE', `/tokens/${tokenId}`)).status, 404);
});
