/** STLS, and octets that try to cross it (RFC 2595 §4, CVE-2011-0411 and its successors). */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { MemoryMaildrop } from './testing/memory-maildrop.ts';
import { SessionDriver } from './testing/session-driver.ts';

const begin = '+OK begin TLS negotiation\r\n';
const injection = { kind: 'close', reason: 'stls-injection' };

function driver(hold = true): SessionDriver {
  return new SessionDriver({
    session: { tls: false, stlsOffered: true, cleartextAllowed: true },
    accounts: new Map([['u', { secret: 'p', maildrop: new MemoryMaildrop([]) }]]),
    hold: (effect) => hold && effect.kind === 'start-tls',
  });
}

describe('STLS', () => {
  test('starts TLS, after which it is not offered again', () => {
    const session = driver();
    assert.match(session.send('CAPA\r\n'), /\r\nSTLS\r\n/);
    assert.equal(session.send('stls\n'), begin);
    assert.deepEqual(session.held, { kind: 'start-tls' });
    assert.equal(session.upgrade(), '');
    assert.doesNotMatch(session.send('CAPA\r\n'), /STLS/);
    assert.equal(session.send('STLS\r\n'), '-ERR command not permitted when TLS is active\r\n');
    assert.match(session.send('USER u\r\nPASS p\r\n'), /\+OK maildrop has/);
  });

  test('takes no argument and must be offered', () => {
    const session = driver();
    for (const line of ['STLS ', 'STLS x'])
      assert.match(session.send(`${line}\r\n`), /^-ERR wrong/);
    assert.equal(session.held, null);
    const without = new SessionDriver({ session: { tls: false } });
    assert.equal(without.send('STLS\r\n'), '-ERR TLS is not available here\r\n');
  });

  test('RFC 2595 §4: the name of USER is forgotten, failures are not', () => {
    const session = driver(false);
    for (let i = 0; i < 4; i += 1) session.send('USER u\r\nPASS x\r\n');
    session.send('USER u\r\n');
    assert.equal(session.send('STLS\r\n'), begin);
    assert.equal(session.send('PASS p\r\n'), '-ERR USER comes first\r\n');
    assert.match(session.send('USER u\r\nPASS x\r\n'), /-ERR \[AUTH\]/);
    assert.deepEqual(session.ended, { kind: 'close', reason: 'too-many-failures' });
  });

  test('octets already behind it end the session, and none of them is interpreted', () => {
    for (const rest of [
      'NOOP\r\n',
      'USER a\r\nPASS b\r\n',
      'US',
      '\r\n',
      'STLS\r\n',
      '\x16\x03\x01',
    ]) {
      const session = driver(false);
      assert.equal(session.send(`STLS\r\n${rest}`), '-ERR input behind STLS\r\n', rest);
      assert.deepEqual(session.ended, injection);
      assert.equal(session.session.commands, 1);
    }
  });

  test('the same when it is the second line, or cut anywhere', () => {
    const input = 'CAPA\r\nSTLS\r\nQUIT\r\n';
    const behind = input.indexOf('QUIT');
    for (let cut = 0; cut < input.length; cut += 1) {
      const session = driver();
      session.send(input.slice(0, cut));
      session.send(input.slice(cut));
      assert.deepEqual(session.ended, injection, `cut at ${cut} of ${behind}`);
      assert.equal(session.session.commands, 2);
    }
  });

  test('octets in the clear while TLS is starting end the session, too', () => {
    const session = driver();
    session.send('STLS\r\n');
    session.session.receive(new Uint8Array(0));
    assert.equal(session.session.phase, 'authorization');
    session.session.receive(Uint8Array.of(0x51));
    assert.equal(session.session.phase, 'closed');
    assert.equal(session.upgrade(), '');
    assert.deepEqual(session.ended, injection);
    assert.equal(session.send('NOOP\r\n'), '');
  });

  test('nothing is read while TLS is starting', () => {
    const session = driver();
    session.send('STLS\r\n');
    assert.deepEqual(session.session.next(), { kind: 'need-data' });
  });

  test('a prefix in the clear is not completed under TLS', () => {
    const session = driver(false);
    session.send('STLS\r\n');
    assert.match(session.send('T\r\n'), /^-ERR unknown command/);
  });
});
