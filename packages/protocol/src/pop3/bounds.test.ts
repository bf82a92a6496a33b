/** What a stranger, and a confused client, may do before the session ends. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { MemoryMaildrop, messageOf, octetsOf } from './testing/memory-maildrop.ts';
import { type DriverOptions, SessionDriver } from './testing/session-driver.ts';

function driver(options: DriverOptions = {}): SessionDriver {
  const maildrop = new MemoryMaildrop([messageOf('A: b\n\nbody\n')]);
  return new SessionDriver({ accounts: new Map([['u', { secret: 'p', maildrop }]]), ...options });
}

function loggedIn(options: DriverOptions = {}): SessionDriver {
  const session = driver(options);
  session.send('USER u\r\nPASS p\r\n');
  return session;
}

const unknown = '-ERR unknown command\r\n';
const tooMany = { kind: 'close', reason: 'too-many-errors' };

describe('lines', () => {
  test('RFC 2449 §4: 255 octets work, and so do 512; one more does not', () => {
    for (const octets of [255, 512]) {
      const line = `USER ${'n'.repeat(Math.min(octets - 7, 320))}`;
      assert.equal(driver().send(`${line}\r\n`), '+OK send PASS\r\n');
      const session = driver();
      session.send('USER u\r\n');
      assert.match(session.send(`PASS ${'x'.repeat(octets - 7)}\r\n`), /^-ERR \[AUTH\]/);
    }
    const session = driver();
    session.send('USER u\r\n');
    assert.equal(session.send(`PASS ${'x'.repeat(506)}\r\n`), '-ERR line is too long\r\n');
  });

  test('an overlong line is one command, not two', () => {
    const session = loggedIn();
    assert.equal(
      session.send(`NOOP ${'x'.repeat(600)} QUIT\r\nNOOP\r\n`),
      '-ERR line is too long\r\n+OK\r\n',
    );
  });

  test('a LF alone ends a command, as people type it', () => {
    assert.equal(loggedIn().send('NOOP\nSTAT\n'), '+OK\r\n+OK 1 14\r\n');
  });

  test('an empty line is an unknown command', () => {
    assert.equal(driver().send('\r\n'), unknown);
  });
});

describe('unrecognised commands', () => {
  const strange = ['', ' ', ':', '\xff', '__proto__', 'XAPOP x y', 'CAPABILITY', 'x'.repeat(600)];

  test('before login the tenth in a row ends the session', () => {
    const session = driver();
    for (let i = 0; i < 9; i += 1) {
      assert.match(session.send(`${strange[i % strange.length]}\r\n`), /^-ERR /);
    }
    assert.equal(session.ended, null);
    assert.equal(session.send('XYZ\r\n'), '-ERR too many unknown commands\r\n');
    assert.deepEqual(session.ended, tooMany);
  });

  test('after login the fiftieth does', () => {
    const session = loggedIn();
    for (let i = 0; i < 49; i += 1) session.send('XYZ\r\n');
    assert.equal(session.ended, null);
    session.send('GET / HTTP/1.1\r\n');
    assert.deepEqual(session.ended, tooMany);
  });

  test('only in a row, and not what is known but wrong here', () => {
    const session = driver();
    for (let i = 0; i < 30; i += 1) session.send('XYZ\r\nXYZ\r\nCAPA\r\n');
    for (let i = 0; i < 30; i += 1) session.send('STAT\r\n');
    for (let i = 0; i < 30; i += 1) session.send('USER\r\n');
    assert.equal(session.ended, null);
    const inside = loggedIn();
    for (let i = 0; i < 100; i += 1) inside.send('RETR 7\r\nDELE x\r\n');
    assert.equal(inside.ended, null);
  });
});

describe('input before login', () => {
  const tooMuch = { kind: 'close', reason: 'too-much-before-login' };

  test('64 KiB in all, however it is spent', () => {
    const waysToSpend = ['CAPA\r\n', `AUTH PLAIN\r\n*\r\n`, `USER ${'n'.repeat(300)}\r\n`];
    for (const way of waysToSpend) {
      const session = driver();
      let sent = 0;
      while (session.ended === null && sent < 200_000) {
        session.send(way);
        sent += way.length;
      }
      assert.deepEqual(session.ended, tooMuch);
      assert.ok(sent > 64 * 1024 && sent <= 64 * 1024 + way.length);
    }
  });

  test('a line without an end costs no more than that', () => {
    const session = driver();
    for (let i = 0; i < 17; i += 1) session.send('A'.repeat(4_096));
    assert.deepEqual(session.ended, tooMuch);
    const once = driver();
    assert.match(once.send('A'.repeat(100_000)), /^-ERR too much input/);
  });

  test('is counted on over STLS', () => {
    const session = driver({ session: { tls: false, stlsOffered: true } });
    for (let i = 0; i < 10_000; i += 1) session.send('CAPA\r\n');
    session.send('STLS\r\n');
    for (let i = 0; i < 1_000 && session.ended === null; i += 1) session.send('CAPA\r\n');
    assert.deepEqual(session.ended, tooMuch);
  });

  test('what is pipelined behind a login is not part of it', () => {
    const session = driver();
    const noops = 'NOOP\r\n'.repeat(20_000);
    const said = session.send(`USER u\r\nPASS p\r\n${noops}QUIT\r\n`);
    assert.equal(said.match(/\+OK\r\n/g)?.length, 20_000);
    assert.deepEqual(session.ended, { kind: 'close', reason: 'quit' });
  });
});

describe('another protocol', () => {
  const wrongProtocol = { kind: 'close', reason: 'wrong-protocol' };

  test('an HTTP method before login ends the session at once, and nothing is echoed', () => {
    for (const line of ['GET / HTTP/1.1', 'POST /<script> HTTP/1.1', 'OPTIONS *', 'delete /x']) {
      const session = driver();
      assert.equal(session.send(`${line}\r\nHost: x\r\n\r\n`), '');
      assert.deepEqual(session.ended, wrongProtocol);
    }
  });

  test('a TLS handshake in the clear does, too, cut anywhere', () => {
    const hello = octetsOf('\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03');
    const whole = driver();
    whole.send(hello);
    assert.deepEqual(whole.ended, wrongProtocol);
    const cut = driver();
    cut.send(hello.subarray(0, 1));
    assert.equal(cut.ended, null);
    cut.send(hello.subarray(1));
    assert.deepEqual(cut.ended, wrongProtocol);
  });
});

describe('shutdown', () => {
  const bye = '-ERR [SYS/TEMP] server is shutting down\r\n';
  const ended = { kind: 'close', reason: 'shutdown' };

  test('an idle session is told and closed, in any phase', () => {
    for (const session of [driver(), loggedIn()]) {
      assert.equal(session.shutdown(), bye);
      assert.deepEqual(session.ended, ended);
      assert.equal(session.shutdown(), '');
    }
  });

  test('a session that is ended alone is told so, once, and its QUIT is not heard any more', () => {
    const session = loggedIn();
    session.session.shutdown('session');
    session.session.shutdown();
    const said = session.send('DELE 1\r\nQUIT\r\n');
    assert.equal(said, '-ERR [SYS/TEMP] this session was ended, log in again\r\n');
    assert.deepEqual(session.ended, ended);
  });

  test('a running command is finished first, the next one is not begun', () => {
    const session = loggedIn({ hold: (effect) => effect.kind === 'send-message' });
    session.send('RETR 1\r\nSTAT\r\n');
    assert.equal(session.shutdown(), '');
    session.session.resume({ kind: 'message-begins' });
    session.session.piece(octetsOf('A: b\r\n\r\nbody\r\n'));
    const said = session.answer({ kind: 'message-ends' });
    assert.equal(said, `+OK 14 octets\r\nA: b\r\n\r\nbody\r\n.\r\n${bye}`);
    assert.deepEqual(session.ended, ended);
  });

  test('a QUIT that is being performed is answered as ever', () => {
    const session = loggedIn({ hold: (effect) => effect.kind === 'update' });
    session.send('DELE 1\r\nQUIT\r\n');
    session.shutdown();
    assert.match(session.answer({ kind: 'updated' }), /^\+OK [\s\S]*deleted\)\r\n$/);
  });
});
