import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { KnownLogin, Login, MailboxId } from './contract.ts';
import { LoginCache } from './login-cache.ts';

function login(address: string, more: Partial<KnownLogin> = {}): Login {
  const mailboxId = '1' as MailboxId;
  const state = { credentialVersion: '1', credentialsDigest: 'd', enabled: true };
  const known = { mailboxId, address, ...state, target: null };
  const credentials = [
    { id: '1', kind: 'password', secret: 'hush', expiresInSeconds: null },
  ] as const;
  return { ...known, credentials, ...more };
}

const own = (name: string) => ({ name, maildropName: null });
const target = { mailboxId: '2' as MailboxId, address: 'bob@example.org' };

test('what was found is known, without its secrets, until it is forgotten', () => {
  const cache = new LoginCache({ entriesMax: 10, ttlMs: 1_000 });
  cache.put(own('alias'), login('ann@example.org'));
  const known = cache.get(own('alias'));
  assert.equal(known?.address, 'ann@example.org');
  assert.ok(!JSON.stringify(known).includes('hush'));
  cache.forget(own('alias'));
  assert.equal(cache.get(own('alias')), null);
  assert.deepEqual([cache.hits, cache.misses], [1, 1]);
});

test('what open could not tell to be old is not kept, nor what was kept before it', () => {
  const cache = new LoginCache({ entriesMax: 10, ttlMs: 1_000 });
  const asked = { name: 'ann@example.org', maildropName: 'bob@example.org' };
  cache.put(asked, login('ann@example.org', { target }));
  assert.deepEqual(cache.get(asked)?.target, target);
  cache.put(asked, login('ann@example.org'));
  assert.equal(cache.get(asked), null, 'the grant is gone');
  const byAlias = { ...asked, maildropName: 'bobby@example.org' };
  cache.put(byAlias, login('ann@example.org', { target }));
  assert.equal(cache.get(byAlias), null, 'an alias of another may move');
  cache.put(own('ann@example.org'), login('ann@example.org'));
  cache.put(own('ann@example.org'), login('ann@example.org', { enabled: false }));
  assert.equal(cache.get(own('ann@example.org')), null);
  cache.put(own('nobody'), null);
  assert.equal(cache.size, 0);
});

test('the least recently used go first, and all after their time', () => {
  let now = 0;
  const cache = new LoginCache({ entriesMax: 2, ttlMs: 100, now: () => now });
  cache.put(own('a'), login('a'));
  cache.put(own('b'), login('b'));
  assert.ok(cache.get(own('a')));
  cache.put(own('c'), login('c'));
  assert.deepEqual(
    ['a', 'b', 'c'].map((name) => cache.get(own(name))?.address),
    ['a', undefined, 'c'],
  );
  now = 100;
  assert.equal(cache.get(own('a')), null);
  cache.put(own('a'), login('a'));
  cache.clear();
  assert.equal(cache.size, 0);
  const none = new LoginCache({ entriesMax: 0, ttlMs: 100 });
  none.put(own('a'), login('a'));
  assert.equal(none.get(own('a')), null);
});

test('no two questions share an answer', () => {
  const piece = fc.string({ unit: fc.constantFrom('a', '1', '=', '@', '\0'), maxLength: 4 });
  const request = fc.record({ name: piece, maildropName: fc.option(piece) });
  fc.assert(
    fc.property(request, request, (one, other) => {
      fc.pre(one.name !== other.name || one.maildropName !== other.maildropName);
      const cache = new LoginCache({ entriesMax: 10, ttlMs: 1_000 });
      const address = one.maildropName ?? '';
      cache.put(one, login('x', { target: { ...target, address } }));
      assert.equal(cache.get(other), null);
    }),
    { numRuns: 5_000 },
  );
});
