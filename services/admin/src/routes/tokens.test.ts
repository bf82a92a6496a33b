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
  assert.equal(await statusOf(api.root, { ...asked, domain: 'nowhere.example' }), 404);
});

test('a revoked one opens nothing from then on', async () => {
  const { token, tokenId } = await api.token({ scopes: ['read'] });
  assert.equal((await api.ask({ path: '/api/v1/domains', token })).status, 200);
  assert.equal((await api.call('DELETE', `/tokens/${tokenId}`)).status, 204);
  assert.equal((await api.ask({ path: '/api/v1/domains', token })).status, 401);
  assert.equal((await api.call('DELETE', `/tokens/${tokenId}`)).status, 404);
});
