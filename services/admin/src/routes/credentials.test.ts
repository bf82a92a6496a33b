/**
 * Credentials by the API: what is refused changes nothing, what is taken is stored in the form that a login
 * compares with.
 */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Verifier } from '@poplar/identity';
import { type ApiFixture, apiFixture } from '../testing/api-fixture.ts';

const ann = '/mailboxes/ann@example.org';

let api: ApiFixture;
before(async () => {
  api = await apiFixture();
  await api.store.directory.addDomain({ name: 'example.org' });
  await api.store.directory.addMailbox({ address: 'ann@example.org', secret: null });
});
after(() => api.end());

async function stored(kind: string): Promise<string[]> {
  const login = await api.store.findLogin('ann@example.org');
  const found = (login?.credentials ?? []).filter((credential) => credential.kind === kind);
  return found.map(({ secret }) => secret);
}

async function audits(): Promise<unknown[]> {
  return api.database.query('select action, actor from audit order by audit_id');
}

async function refused(method: string, path: string, body: unknown, status: number): Promise<void> {
  const before = await audits();
  const answer = await api.call(method, path, body);
  assert.equal(answer.status, status, answer.text);
  assert.deepEqual(await audits(), before);
}

test('the name of a certificate is stored as one is read off a certificate', async () => {
  const names = `${ann}/certificate-names`;
  assert.equal((await api.call('POST', names, { name: 'Ann@Example.org' })).status, 201);
  assert.equal((await api.call('POST', names, { name: 'CN=Ann Lee' })).status, 201);
  assert.deepEqual(await stored('certificate'), ['email:ann@example.org', 'cn:Ann Lee']);
  await refused('POST', names, { name: 'email:ANN@example.org' }, 409);
  await refused('POST', names, { name: 'sha256:00' }, 400);
  await refused('POST', names, { name: 'nobody' }, 400);
});

test('a password that is no text is taken as octets, and only one of two', async () => {
  const octets = new Uint8Array([0x73, 0xe9, 0x73, 0x61, 0x6d]);
  const passwordBase64 = Buffer.from(octets).toString('base64');
  const path = `${ann}/password`;
  assert.equal((await api.call('PUT', path, { passwordBase64 })).status, 204);
  const { verdict } = await new Verifier().verify(octets, await stored('password'), 'test');
  assert.equal(verdict, 'match');
  await refused('PUT', path, { passwordBase64, password: 'open sesame' }, 400);
  await refused('PUT', path, { passwordBase64: 'not base64!' }, 400);
  await refused('PUT', path, { passwordBase64: 'AAAA' }, 422);
  await refused('PUT', path, {}, 400);
});

test('an APOP secret is set and removed', async () => {
  const path = `${ann}/apop-secret`;
  assert.equal((await api.call('PUT', path, { password: 'tanstaaf' })).status, 204);
  assert.deepEqual(await stored('apop'), ['tanstaaf']);
  assert.equal((await api.call('DELETE', path)).status, 204);
  assert.deepEqual(await stored('apop'), []);
  await refused('DELETE', '/mailboxes/nobody@example.org/apop-secret', undefined, 404);
});

test('a label has as many octets as are stored, whatever its characters', async () => {
  const path = `${ann}/app-passwords`;
  const made = await api.call('POST', path, { label: 'x'.repeat(255) });
  assert.equal(made.status, 201);
  assert.equal((await stored('app-password')).length, 1);
  assert.ok(!made.text.includes(String((await stored('app-password'))[0])));
  await refused('POST', path, { label: '\u00e9'.repeat(128) }, 400);
  await refused('POST', path, { label: 'x'.repeat(256) }, 400);
});

test('mailboxes are listed behind an address', async () => {
  await api.store.directory.addMailbox({ address: 'ben@example.org', secret: null });
  const { body } = await api.call('GET', '/mailboxes?after=Ann@example.org');
  assert.partialDeepStrictEqual(body.items, [{ address: 'ben@example.org' }]);
  const { token } = await api.token({ scopes: ['read'], domain: 'example.org' });
  const path = '/api/v1/mailboxes?after=a@example.net';
  assert.equal((await api.ask({ path, token })).status, 200);
});

test('hashes of another server are taken over, and only those that can be verified', async () => {
  const path = '/mailboxes/password-hashes';
  const hash = '{SSHA}YfFB6l9A8hDgEbFMbKFJ3X8vG3dzYWx0';
  const own =
    '$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$kTdYY1uYEoP/9w1qPHXxdpTd4nMjLc1gwHdJzn2fB8k';
  const items = [
    { address: 'Ann@example.org', hash: own },
    { address: 'ann@example.org', hash },
    { address: 'cy@example.org', hash },
    { address: 'dan@example.org', hash: '{PLAIN}open sesame' },
    {
      address: 'eve@example.org',
      hash: '$argon2id$v=19$m=4194304,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA',
    },
    { address: 'fay@nowhere.example', hash },
  ];
  const outcomes = async (create: boolean): Promise<unknown[]> => {
    const { status, body, text } = await api.call('POST', path, { items, create });
    assert.equal(status, 200, text);
    assert.doesNotMatch(text, /sesame|argon2|SSHA/);
    return Array.isArray(body.items) ? body.items.map(({ outcome }) => outcome) : [];
  };
  const rest = ['invalid', 'invalid'];
  assert.deepEqual(await outcomes(false), ['set', 'duplicate', 'no-mailbox', ...rest, 'no-domain']);
  assert.deepEqual(await stored('password'), [own]);
  assert.deepEqual(await outcomes(true), [
    'unchanged',
    'duplicate',
    'created',
    ...rest,
    'no-domain',
  ]);
  assert.equal(await api.store.directory.findMailbox('dan@example.org'), null);
  await refused('POST', path, { items: [...items, { address: 'nobody', hash }] }, 400);
  await refused('POST', path, { items: [] }, 400);
  const many = Array.from({ length: 1_001 }, () => ({ address: 'cy@example.org', hash }));
  await refused('POST', path, { items: many }, 400);
});
