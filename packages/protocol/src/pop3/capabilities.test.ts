/** CAPA as a function of phase and TLS (RFC 2449 §5, RFC 2595 §4, RFC 5034 §3, RFC 8314 §3). */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { capabilities, type LoginPolicy } from './capabilities.ts';

const always = ['TOP', 'UIDL', 'RESP-CODES', 'AUTH-RESP-CODE', 'PIPELINING', 'EXPIRE NEVER'];
const passwords = ['USER', 'SASL PLAIN'];
const last = 'IMPLEMENTATION Poplar';

function policy(tls: boolean, stlsOffered: boolean, cleartextAllowed: boolean): LoginPolicy {
  return { tls, stlsOffered, cleartextAllowed };
}

test('under TLS passwords are permitted and STLS is gone', () => {
  for (const phase of ['authorization', 'transaction'] as const) {
    const lines = capabilities(phase, policy(true, true, false), 'Poplar');
    assert.deepEqual(lines, [...always, ...passwords, last]);
  }
});

test('in the clear, passwords are announced only where they are allowed', () => {
  const refused = capabilities('authorization', policy(false, true, false), 'Poplar');
  assert.deepEqual(refused, [...always, 'STLS', last]);
  const allowed = capabilities('authorization', policy(false, true, true), 'Poplar');
  assert.deepEqual(allowed, [...always, ...passwords, 'STLS', last]);
});

test('STLS is announced where it is offered and permitted, and nowhere else', () => {
  assert.ok(!capabilities('authorization', policy(false, false, true), 'Poplar').includes('STLS'));
  assert.ok(!capabilities('transaction', policy(false, true, true), 'Poplar').includes('STLS'));
});
