/** Every verb in every phase (RFC 1939 §4 to §6, RFC 2449 §5, RFC 2595 §4, RFC 5034 §4). */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryMaildrop, messageOf } from './testing/memory-maildrop.ts';
import { SessionDriver } from './testing/session-driver.ts';

const accounts = new Map([
  ['u', { secret: 'p', maildrop: new MemoryMaildrop([messageOf('A: b\n\nbody\n')]) }],
]);

function driver(): SessionDriver {
  return new SessionDriver({ session: { tls: false, cleartextAllowed: true }, accounts });
}

function loggedIn(): SessionDriver {
  const session = driver();
  session.send('USER u\r\nPASS p\r\n');
  assert.equal(session.session.phase, 'transaction');
  return session;
}

const transactionVerbs = [
  'STAT',
  'LIST',
  'LIST 1',
  'UIDL',
  'UIDL 1',
  'RETR 1',
  'TOP 1 0',
  'DELE 1',
];
transactionVerbs.push('NOOP', 'RSET');
const authorizationVerbs = ['USER u', 'PASS p', 'AUTH', 'AUTH PLAIN', 'STLS'];
authorizationVerbs.push(`APOP u ${'0'.repeat(32)}`);

test('RFC 1939 §4: a verb of TRANSACTION is refused before login', () => {
  for (const line of transactionVerbs) {
    const session = driver();
    assert.equal(session.send(`${line}\r\n`), '-ERR log in first\r\n', line);
    assert.equal(session.session.phase, 'authorization');
  }
});

test('RFC 1939 §5: a verb of AUTHORIZATION is refused after login', () => {
  for (const line of authorizationVerbs) {
    const session = loggedIn();
    assert.equal(session.send(`${line}\r\n`), '-ERR already logged in\r\n', line);
    assert.equal(session.session.phase, 'transaction');
    session.send('QUIT\r\n');
  }
});

test('every verb of TRANSACTION works there, and CAPA and QUIT work in both', () => {
  for (const line of transactionVerbs) {
    const session = loggedIn();
    assert.match(session.send(`${line}\r\n`), /^\+OK/, line);
    session.send('RSET\r\nQUIT\r\n');
  }
  for (const session of [driver(), loggedIn()]) {
    assert.match(session.send('CAPA\r\n'), /^\+OK\r\nTOP\r\n/);
    assert.match(session.send('QUIT\r\n'), /^\+OK/);
    assert.deepEqual(session.ended, { kind: 'close', reason: 'quit' });
    assert.equal(session.session.phase, 'closed');
  }
});

test('RFC 1939 §4: QUIT before login touches no maildrop', () => {
  const holder = loggedIn();
  const other = driver();
  assert.equal(other.send('USER u\r\nQUIT\r\n'), '+OK send PASS\r\n+OK Poplar signing off\r\n');
  assert.equal(accounts.get('u')?.maildrop.locked, true);
  holder.send('QUIT\r\n');
  assert.equal(accounts.get('u')?.maildrop.locked, false);
});
