/** SASL LOGIN, in its three steps and in the two that Outlook takes. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { passwordLogins } from '../pop3/login-policy.ts';
import { octetsOf } from '../pop3/testing/memory-maildrop.ts';
import { login } from './login.ts';

const offer = { bindingOffered: false, oauthChallenge: passwordLogins.oauthChallenge };

function attempt(secret: string): object {
  const names = { mechanism: 'LOGIN', authenticationId: 'user', authorizationId: '' };
  const password = { kind: 'password', ...names, secret: octetsOf(secret) };
  return { kind: 'effect', effect: { kind: 'authenticate', attempt: password } };
}

test('asks for a name, then for a password', () => {
  const exchange = login.begin(offer);
  assert.deepEqual(exchange.start(null), { kind: 'challenge', data: octetsOf('Username:') });
  const second = { kind: 'challenge', data: octetsOf('Password:') };
  assert.deepEqual(exchange.respond(octetsOf('user')), second);
  assert.deepEqual(exchange.respond(octetsOf(' s\xc3 \x01')), attempt(' s\xc3 \x01'));
});

test('an initial response is the name', () => {
  const exchange = login.begin(offer);
  const second = { kind: 'challenge', data: octetsOf('Password:') };
  assert.deepEqual(exchange.start(octetsOf('user')), second);
  assert.deepEqual(exchange.respond(octetsOf('')), attempt(''));
});

test('two exchanges know nothing of each other', () => {
  const first = login.begin(offer);
  first.start(octetsOf('user'));
  assert.equal(login.begin(offer).respond(octetsOf('other')).kind, 'challenge');
});

test('a name must be one, and a password has no NUL', () => {
  for (const name of ['', 'a\0b', '\xff', 'us\x01er', 'u'.repeat(642)]) {
    assert.deepEqual(login.begin(offer).start(octetsOf(name)), { kind: 'malformed' });
  }
  const exchange = login.begin(offer);
  exchange.start(octetsOf('user'));
  assert.deepEqual(exchange.respond(octetsOf('a\0')), { kind: 'malformed' });
});

test('a refusal is said as it is, and nothing else can become of it', () => {
  const refused = { kind: 'refused', refusal: 'in-use' } as const;
  assert.deepEqual(login.begin(offer).resume(refused), { ...refused, explanation: null });
  const proved = { kind: 'scram-proved', signature: octetsOf('x') } as const;
  assert.throws(() => login.begin(offer).resume(proved), { name: 'BrokenInvariant' });
});
