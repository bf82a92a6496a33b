/** SASL PLAIN messages, right and wrong (RFC 4616 §2). */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { passwordLogins } from '../pop3/login-policy.ts';
import { octetsOf } from '../pop3/testing/memory-maildrop.ts';
import { mechanisms } from './mechanism.ts';
import { plain } from './plain.ts';

const offer = { bindingOffered: false, oauthChallenge: passwordLogins.oauthChallenge };

test('the table knows PLAIN by its registered name', () => {
  assert.equal(mechanisms.get('PLAIN'), plain);
  assert.equal(plain.needs, 'privacy');
});

test('without an initial response the challenge is empty', () => {
  const step = plain.begin(offer).start(null);
  assert.deepEqual(step, { kind: 'challenge', data: new Uint8Array(0) });
});

test('three fields make an attempt, with and without an authorization identity', () => {
  for (const authorizationId of ['', 'other', 'user']) {
    const message = octetsOf(`${authorizationId}\0user\0s\xc3\xa4 cret\xff`);
    const attempt = {
      kind: 'password',
      mechanism: 'PLAIN',
      authorizationId,
      authenticationId: 'user',
      secret: octetsOf('s\xc3\xa4 cret\xff'),
    };
    const step = { kind: 'effect', effect: { kind: 'authenticate', attempt } };
    assert.deepEqual(plain.begin(offer).start(message), step);
    assert.deepEqual(plain.begin(offer).respond(message), step);
  }
});

test('an empty secret is an attempt like any other', () => {
  assert.equal(plain.begin(offer).start(octetsOf('\0user\0')).kind, 'effect');
});

test('anything but three fields with printable names is malformed', () => {
  const wrong = [
    '',
    'user',
    '\0',
    '\0user',
    '\0\0',
    '\0\0secret',
    '\0\0\0\0',
    'a\0b\0c\0',
    'a\0b\0c\0d',
  ];
  wrong.push(
    '\0'.repeat(10_000),
    '*\0',
    '\0us\x01er\0p',
    '\0us\xffer\0p',
    '\xff\0user\0p',
    '\x7f\0u\0p',
  );
  wrong.push(`\0${'u'.repeat(642)}\0p`, `${'u'.repeat(642)}\0u\0p`, 'user\0\0pw', '\0\xc2\x85\0p');
  for (const message of wrong) {
    const step = plain.begin(offer).respond(octetsOf(message));
    assert.deepEqual(step, { kind: 'malformed' }, JSON.stringify(message.slice(0, 40)));
  }
});
