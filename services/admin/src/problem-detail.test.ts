/**
 * What is not there is named as it was asked for, in its canonical form, and nothing else of a request is said back.
 */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type ApiFixture, apiFixture } from './testing/api-fixture.ts';

let api: ApiFixture;
before(async () => {
  api = await apiFixture();
  await api.store.directory.addDomain({ name: 'example.org' });
  await api.store.directory.addMailbox({ address: 'ann@example.org', secret: null });
});
after(() => api.end());

async function detailOf(method: string, path: string, body?: unknown): Promise<unknown> {
  const { status, body: problem } = await api.call(method, path, body);
  assert.equal(status, 404, JSON.stringify(problem));
  return problem.detail;
}

test('a mailbox, a domain, a token, a webhook and a job', async () => {
  const nobody = 'there is no such mailbox: nobody@example.org';
  assert.equal(await detailOf('GET', '/mailboxes/Nobody@Example.org'), nobody);
  assert.equal(await detailOf('DELETE', '/mailboxes/nobody@example.org'), nobody);
  const password = { password: 'open sesame' };
  assert.equal(await detailOf('PUT', '/mailboxes/nobody@example.org/password', password), nobody);
  const nowhere = 'there is no such domain: nowhere.example';
  assert.equal(await detailOf('GET', '/domains/Nowhere.example'), nowhere);
  assert.equal(await detailOf('POST', '/mailboxes', { address: 'a@nowhere.example' }), nowhere);
  for (const list of ['mailboxes', 'sessions', 'audit']) {
    assert.equal(await detailOf('GET', `/${list}?domain=Nowhere.example`), nowhere);
  }
  const empty = await api.call('GET', '/sessions?domain=example.org');
  assert.deepEqual([empty.status, empty.body], [200, { items: [], next: null }]);
  const token = { label: 'x', scopes: ['read'], domain: 'nowhere.example' };
  assert.equal(await detailOf('POST', '/tokens', token), nowhere);
  assert.equal(await detailOf('DELETE', '/tokens/4711'), 'there is no such token: 4711');
  assert.equal(await detailOf('GET', '/webhooks/4711'), 'there is no such webhook: 4711');
  assert.equal(await detailOf('GET', '/jobs/4711'), 'there is no such job: 4711');
  const grantee = 'there is no such grantee: nobody@example.org';
  const path = '/mailboxes/ann@example.org/grants/nobody@example.org';
  assert.equal(await detailOf('PUT', path), grantee);
  const [row] = await api.database.query(
    'select (select count(*)::int from mailbox) as mailboxes, (select count(*)::int from api_token) as tokens',
  );
  assert.deepEqual(row, { mailboxes: 1, tokens: 0 });
});
