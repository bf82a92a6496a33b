/** CAPA as a function of phase and TLS (RFC 2449 §5, RFC 2595 §4, RFC 5034 §3, RFC 8314 §3). */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { capabilities } from './capabilities.ts';
import { type LoginPolicy, passwordLogins } from './login-policy.ts';

const always = ['TOP', 'UIDL', 'RESP-CODES', 'AUTH-RESP-CODE', 'PIPELINING', 'EXPIRE NEVER'];
const passwords = ['USER', 'SASL PLAIN'];
const last = 'IMPLEMENTATION Poplar';

function policy(tls: boolean, stlsOffered: boolean, cleartextAllowed: boolean): LoginPolicy {
  return { ...passwordLogins, tls, stlsOffered, cleartextAllowed };
}

type Phase = 'authorization' | 'transaction';

function linesIn(phase: Phase, by: LoginPolicy, loginDelaySeconds: number | null = null): string[] {
  const opened = phase === 'transaction' ? { loginDelaySeconds } : null;
  return capabilities(by, { implementation: 'Poplar', opened });
}

test('under TLS passwords are permitted and STLS is gone', () => {
  for (const phase of ['authorization', 'transaction'] as const) {
    const lines = linesIn(phase, policy(true, true, false));
    assert.deepEqual(lines, [...always, ...passwords, last]);
  }
});

test('in the clear, passwords are announced only where they are allowed', () => {
  const refused = linesIn('authorization', policy(false, true, false));
  assert.deepEqual(refused, [...always, 'STLS', last]);
  const allowed = linesIn('authorization', policy(false, true, true));
  assert.deepEqual(allowed, [...always, ...passwords, 'STLS', last]);
});

test('STLS is announced where it is offered and permitted, and nowhere else', () => {
  assert.ok(!linesIn('authorization', policy(false, false, true)).includes('STLS'));
  assert.ok(!linesIn('transaction', policy(false, true, true)).includes('STLS'));
});

test('RFC 2449 §6.5: the longest delay before login, the own one after it', () => {
  const delayed = (perUser: boolean): LoginPolicy => ({
    ...policy(true, false, false),
    loginDelay: { seconds: 300, perUser },
  });
  const delay = (lines: string[]): string[] => lines.filter((line) => line.startsWith('LOGIN-'));
  assert.deepEqual(delay(linesIn('authorization', delayed(true))), ['LOGIN-DELAY 300 USER']);
  assert.deepEqual(delay(linesIn('authorization', delayed(false))), ['LOGIN-DELAY 300']);
  for (const perUser of [true, false]) {
    assert.deepEqual(delay(linesIn('transaction', delayed(perUser))), ['LOGIN-DELAY 300']);
    assert.deepEqual(delay(linesIn('transaction', delayed(perUser), 0)), ['LOGIN-DELAY 0']);
  }
  assert.deepEqual(delay(linesIn('transaction', policy(true, false, false))), []);
  assert.deepEqual(delay(linesIn('transaction', policy(true, false, false), 60)), [
    'LOGIN-DELAY 60',
  ]);
});

test('SASL says what is enabled and usable, the best first', () => {
  const mechanisms = [
    ...['LOGIN', 'XOAUTH2', 'PLAIN', 'OAUTHBEARER', 'SCRAM-SHA-1', 'SCRAM-SHA-256', 'NOSUCH'],
    ...['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-1-PLUS', 'EXTERNAL'],
  ];
  const sasl = (tls: boolean, secured = false): string =>
    linesIn('authorization', {
      ...policy(tls, true, false),
      mechanisms,
      clientCertificate: secured,
      channelBinding: secured,
    }).find((line) => line.startsWith('SASL')) ?? '';
  const scram = 'SCRAM-SHA-256 SCRAM-SHA-1';
  const plaintext = 'OAUTHBEARER XOAUTH2 PLAIN LOGIN';
  assert.equal(sasl(false), `SASL ${scram}`);
  assert.equal(sasl(false, true), `SASL ${scram}`);
  assert.equal(sasl(true), `SASL ${scram} ${plaintext}`);
  const all = `SASL EXTERNAL SCRAM-SHA-256-PLUS SCRAM-SHA-1-PLUS ${scram} ${plaintext}`;
  assert.equal(sasl(true, true), all);
});

test('USER is announced where it is enabled', () => {
  const lines = linesIn('authorization', { ...policy(true, false, false), userCommand: false });
  assert.deepEqual(lines, [...always, 'SASL PLAIN', last]);
});
