/** SASL EXTERNAL (RFC 4422 §A). */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { passwordLogins } from '../pop3/login-policy.ts';
import { octetsOf } from '../pop3/testing/memory-maildrop.ts';
import { external } from './external.ts';

const offer = { bindingOffered: false, oauthChallenge: passwordLogins.oauthChallenge };

test('the message is whom to act as, or empty; the certificate says who it is', () => {
  const exchange = external.begin(offer);
  assert.deepEqual(exchange.start(null), { kind: 'challenge', data: new Uint8Array(0) });
  for (const authorizationId of ['', 'user@example.org', 'j\u00f6rg']) {
    const message = new Uint8Array(Buffer.from(authorizationId));
    const names = { mechanism: 'EXTERNAL', authenticationId: '', authorizationId };
    const attempt = { kind: 'certificate', ...names };
    const step = { kind: 'effect', effect: { kind: 'authenticate', attempt } };
    assert.deepEqual(exchange.start(message), step);
    assert.deepEqual(exchange.respond(message), step);
  }
});

test('what is no name is malformed', () => {
  for (const message of ['a\0b', '\xff', '\x01', 'u'.repeat(642)]) {
    assert.deepEqual(external.begin(offer).respond(octetsOf(message)), { kind: 'malformed' });
  }
});
