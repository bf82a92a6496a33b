/**
 * What a request is told that is not as it must be: once for each field, in words for people.
 */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type ApiFixture, apiFixture } from './testing/api-fixture.ts';

let api: ApiFixture;

before(async () => {
  api = await apiFixture();
  await api.call('POST', '/domains', { domain: 'example.org' });
  await api.call('POST', '/mailboxes', { address: 'ann@example.org' });
});
after(() => api.end());

async function count(table: 'api_token' | 'mailbox' | 'mailbox_grant'): Promise<unknown> {
  const [row] = await api.database.query(`select count(*)::int as n from ${table}`);
  return row?.n;
}

test('a value that is none of some says which they are', async () => {
  const made = await api.call('POST', '/tokens', { label: 'x', scopes: ['read', 'reed'] });
  assert.equal(made.status, 400);
  assert.deepEqual(made.body.errors, [
    {
      pointer: '/body/scopes/1',
      detail: 'must be one of read, mailboxes, messages, sessions, nodes, tokens, webhooks',
    },
  ]);
  assert.equal(await count('api_token'), 0);
  const set = await api.call('PATCH', '/mailboxes/ann@example.org', { status: 'gone' });
  const detail = 'must be one of active, suspended';
  assert.deepEqual(set.body.errors, [{ pointer: '/body/status', detail }]);
});

test('a field that is not known is named once', async () => {
  const told = await api.call('POST', '/domains', { domain: 'b.example', x: 1, y: 2 });
  assert.deepEqual(told.body.errors, [
    { pointer: '/body', detail: 'has fields that are not known: x, y' },
  ]);
});

test('so is one of a row of many', async () => {
  const rows = [
    { address: 'ben@example.org', x: 1 },
    { address: 7 },
    { address: 'cat@example.org' },
  ];
  const { text } = await api.ask({
    ...{ method: 'POST', path: '/api/v1/mailboxes/bulk' },
    headers: { 'content-type': 'application/x-ndjson' },
    body: rows.map((row) => JSON.stringify(row)).join('\n'),
  });
  assert.match(text, /unknown field \\"x/);
  assert.match(text, /\/address must be string/);
  assert.doesNotMatch(text, /schema is false/);
  assert.equal(await count('mailbox'), 2, 'the good row alone');
});

test('a grant to oneself says why it is none', async () => {
  const { status, body } = await api.call(
    'PUT',
    '/mailboxes/ann@example.org/grants/ANN@example.org',
  );
  assert.deepEqual([status, body.code], [422, 'grant-to-itself']);
  assert.match(String(body.detail), /opens its own maildrop without a grant/);
  assert.equal(await count('mailbox_grant'), 0);
});
