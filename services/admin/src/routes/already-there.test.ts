/** Requests that come again: each 409 says what exists, and nothing is there twice. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type ApiFixture, apiFixture } from '../testing/api-fixture.ts';

let api: ApiFixture;
before(async () => {
  api = await apiFixture();
});
after(() => api.end());

const ann = '/mailboxes/ann@example.org';
const requests: readonly (readonly [path: string, body: object, code: string, pointer: string])[] =
  [
    ['/domains', { domain: 'example.org' }, 'domain-exists', '/body/domain'],
    ['/mailboxes', { address: 'ann@example.org' }, 'address-exists', '/body/address'],
    [`${ann}/login-names`, { name: 'annie@example.org' }, 'login-name-exists', '/body/name'],
    [
      ...([`${ann}/certificate-names`, { name: 'email:ann@example.org' }] as const),
      ...(['certificate-name-exists', '/body/name'] as const),
    ],
  ];

async function rows(): Promise<unknown> {
  const [row] = await api.database.query(
    `select (select count(*)::int from domain) as domains, (select count(*)::int from mailbox) as mailboxes,
       (select count(*)::int from login_name) as names, (select count(*)::int from credential) as credentials,
       (select count(*)::int from audit) as audit`,
  );
  return row;
}

test('what was made says so when it is asked for again', async () => {
  for (const [path, body, code, pointer] of requests) {
    assert.equal((await api.call('POST', path, body)).status, 201, path);
    const before = await rows();
    const again = await api.call('POST', path, body);
    assert.deepEqual(
      [again.status, again.body.code, again.body.errors],
      [409, code, [{ pointer, detail: 'is taken' }]],
    );
    assert.deepEqual(await rows(), before);
  }
});

test('a message with a UIDL that is taken says so', async () => {
  const inject = () =>
    api.ask({
      ...{ method: 'POST', path: `/api/v1${ann}/messages?uidl=u1`, body: 'A: b\n\n' },
      headers: { 'content-type': 'message/rfc822' },
    });
  assert.equal((await inject()).status, 201);
  const { status, body } = await inject();
  assert.deepEqual([status, body.code], [409, 'uidl-exists']);
  const stored = await api.database.query('select 1 from message');
  assert.equal(stored.length, 1);
});
