/** Logging in by USER and PASS and by AUTH, and being refused (RFC 1939 §7, RFC 5034, RFC 3206). */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Refusal } from './effects.ts';
import { MemoryMaildrop, messageOf, octetsOf } from './testing/memory-maildrop.ts';
import { type DriverOptions, SessionDriver } from './testing/session-driver.ts';

const text = 'A: b\n\nbody\n';
const wrong = '-ERR [AUTH] wrong name or password\r\n';
const hello = '+OK maildrop has 1 messages (14 octets)\r\n';

function driver(options: DriverOptions = {}): SessionDriver {
  const accounts = new Map([
    ['user', { secret: 'secret', maildrop: new MemoryMaildrop([messageOf(text)]) }],
    ['sp', { secret: ' two  spaces ', maildrop: new MemoryMaildrop([messageOf(text)]) }],
  ]);
  return new SessionDriver({ accounts, ...options });
}

function base64(message: string): string {
  return Buffer.from(message, 'latin1').toString('base64');
}

describe('greeting', () => {
  test('is one +OK line without an APOP timestamp', () => {
    assert.equal(driver().greet(), '+OK pop.example.org Poplar POP3 ready\r\n');
  });

  test('a host name that could be misread is refused', () => {
    for (const hostname of ['', '[::1]', 'a<b@c>', 'a\r\nb', 'a b', 'x'.repeat(256)]) {
      assert.throws(() => driver({ session: { hostname } }).greet(), { name: 'BrokenInvariant' });
    }
  });
});

describe('USER and PASS', () => {
  test('log in, and the lock is held', () => {
    const session = driver();
    assert.equal(session.send('USER user\r\n'), '+OK send PASS\r\n');
    assert.equal(session.send('PASS secret\r\n'), hello);
    assert.equal(session.session.phase, 'transaction');
  });

  test('spaces of a password are part of it', () => {
    const session = driver();
    assert.equal(session.send('USER sp\r\nPASS  two  spaces \r\n'), `+OK send PASS\r\n${hello}`);
  });

  test('any name is answered alike, and refused alike', () => {
    const session = driver();
    for (const name of ['user', 'nobody']) {
      assert.equal(session.send(`USER ${name}\r\nPASS x\r\n`), `+OK send PASS\r\n${wrong}`);
    }
  });

  test('PASS comes right behind USER or not at all', () => {
    for (const between of [
      'NOOP',
      'CAPA',
      'XYZ',
      'PASS x\0y',
      'USER',
      'LIST',
      'AUTH',
      'x'.repeat(600),
    ]) {
      const session = driver();
      session.send(`USER user\r\n${between}\r\n`);
      assert.equal(session.send('PASS secret\r\n'), '-ERR USER comes first\r\n', between);
      assert.deepEqual(session.attempts, []);
    }
  });

  test('after a refusal a name must be given again', () => {
    const session = driver();
    session.send('USER user\r\nPASS x\r\n');
    assert.equal(session.send('PASS secret\r\n'), '-ERR USER comes first\r\n');
    assert.equal(session.send('USER user\r\nPASS secret\r\n'), `+OK send PASS\r\n${hello}`);
  });

  test('name and secret reach the verifier apart, with no octet moved', () => {
    const session = driver();
    session.send('USER a%s\\b/c\r\nPASS x%n \t\r\n');
    assert.deepEqual(session.attempts, [
      {
        kind: 'password',
        mechanism: 'USER',
        authenticationId: 'a%s\\b/c',
        authorizationId: '',
        secret: octetsOf('x%n \t'),
      },
    ]);
    assert.match(session.send('USER victim\0attacker\r\n'), /^-ERR wrong arguments/);
    assert.equal(session.attempts.length, 1);
  });
});

describe('AUTH', () => {
  const good = base64('\0user\0secret');

  test('RFC 5034 §4: with an initial response', () => {
    assert.equal(driver().send(`AUTH PLAIN ${good}\r\n`), hello);
    assert.equal(driver().send(`auth plain ${base64('user\0user\0secret')}\r\n`), hello);
  });

  test('RFC 5034 §4: the empty challenge is a plus and a space', () => {
    const session = driver();
    assert.equal(session.send('AUTH PLAIN\r\n'), '+ \r\n');
    assert.equal(session.send(`${good}\r\n`), hello);
  });

  test('without a mechanism it lists them, also with the space Outlook sends', () => {
    for (const line of ['AUTH', 'AUTH ']) {
      assert.equal(driver().send(`${line}\r\n`), '+OK\r\nPLAIN\r\n.\r\n');
    }
  });

  test('RFC 5034 §4: an asterisk cancels, and USER works afterwards', () => {
    const session = driver();
    assert.equal(session.send('AUTH PLAIN\r\n*\r\n'), '+ \r\n-ERR authentication cancelled\r\n');
    assert.equal(session.send('USER user\r\nPASS secret\r\n'), `+OK send PASS\r\n${hello}`);
  });

  test('RFC 5034 §4: what is not strictly BASE64 fails, and the exchange is over', () => {
    for (const response of [
      '=',
      'A',
      '=AAA',
      'AAA=BBB',
      `${good} `,
      `${good.slice(0, 4)} `,
      '**',
    ]) {
      const session = driver();
      const malformed = '-ERR malformed authentication response\r\n';
      assert.equal(session.send(`AUTH PLAIN\r\n${response}\r\n`), `+ \r\n${malformed}`, response);
      assert.match(session.send(`${good}\r\n`), /^-ERR/);
      if (response !== '=') assert.equal(session.send(`AUTH PLAIN ${response}\r\n`), malformed);
      assert.deepEqual(session.attempts, []);
    }
  });

  test('an initial response of = is empty, which PLAIN cannot be', () => {
    assert.match(driver().send('AUTH PLAIN =\r\n'), /^-ERR malformed/);
    assert.match(driver().send('AUTH PLAIN\r\n\r\n'), /^\+ \r\n-ERR malformed/);
  });

  test('an unknown mechanism is refused, and what follows is no response', () => {
    const session = driver();
    const unknown = '-ERR unknown authentication mechanism\r\n';
    assert.equal(session.send('AUTH CRAM-MD5\r\n'), unknown);
    assert.match(session.send(`${good}\r\n`), /^-ERR unknown command/);
  });

  test('a wrong secret is refused like a wrong PASS', () => {
    const session = driver();
    assert.equal(session.send(`AUTH PLAIN ${base64('\0user\0x')}\r\n`), wrong);
    assert.equal(session.send(`AUTH PLAIN ${base64('other\0user\0secret')}\r\n`), wrong);
    assert.equal(session.session.phase, 'authorization');
  });

  test('a response of 16 KiB is read, one octet more is not', () => {
    const bound = 16 * 1024;
    const message = (octets: number): string => base64(`\0user\0${'x'.repeat(octets - 6)}`);
    const longest = message(((bound - 4) / 4) * 3);
    assert.equal(longest.length + 2, bound - 2);
    assert.equal(driver().send(`AUTH PLAIN\r\n${longest}\r\n`), `+ \r\n${wrong}`);
    const session = driver();
    assert.equal(
      session.send(`AUTH PLAIN\r\n${longest}xxx\r\n`),
      '+ \r\n-ERR line is too long\r\n',
    );
    assert.equal(session.send('USER user\r\nPASS secret\r\n'), `+OK send PASS\r\n${hello}`);
    const initial = message(3 * 1_000);
    assert.equal(driver().sendOctetByOctet(`aUtH PLAIN ${initial}\r\n`), wrong);
  });
});

describe('refusals', () => {
  const said: Record<Refusal, RegExp> = {
    credentials: /^-ERR \[AUTH\] \w/,
    'in-use': /^-ERR \[IN-USE\] \w/,
    temporary: /^-ERR \[SYS\/TEMP\] \w/,
    disabled: /^-ERR \[SYS\/PERM\] \w/,
    'login-delay': /^-ERR \[LOGIN-DELAY\] \w/,
  };

  test('RFC 2449 §8, RFC 3206 §4: each has its response code, and one may try again', () => {
    for (const [refusal, pattern] of Object.entries(said)) {
      const session = driver({ hold: (effect) => effect.kind === 'authenticate' });
      session.send('USER user\r\nPASS secret\r\n');
      assert.equal(session.session.phase, 'authorization');
      assert.match(session.answer({ kind: 'refused', refusal: refusal as Refusal }), pattern);
      assert.equal(session.ended, null);
      assert.equal(session.send('USER user\r\n'), '+OK send PASS\r\n');
    }
  });

  test('a maildrop that another session has is in use', () => {
    const session = driver();
    const accounts = new Map([['user', { secret: 'secret', maildrop: new MemoryMaildrop([]) }]]);
    const [first, second] = [driver({ accounts }), driver({ accounts })];
    first.send('USER user\r\nPASS secret\r\n');
    assert.match(second.send('USER user\r\nPASS secret\r\n'), /-ERR \[IN-USE\]/);
    first.send('QUIT\r\n');
    assert.match(second.send('USER user\r\nPASS secret\r\n'), /\+OK maildrop has 0 messages/);
    assert.equal(session.ended, null);
  });

  test('the twentieth login that comes to nothing ends the session, whatever the reason', () => {
    const session = driver({ hold: (effect) => effect.kind === 'authenticate' });
    for (let i = 0; i < 20; i += 1) {
      assert.equal(session.ended, null);
      session.send('USER user\r\nPASS x\r\n');
      session.answer({ kind: 'refused', refusal: 'temporary' });
    }
    assert.deepEqual(session.ended, { kind: 'close', reason: 'too-many-failures' });
  });

  test('the fifth wrong secret is answered and ends the session; other refusals count less', () => {
    let refusal: Refusal = 'temporary';
    const session = driver({ hold: (effect) => effect.kind === 'authenticate' });
    const tryOnce = (): string => {
      session.send('USER user\r\nPASS x\r\n');
      return session.answer({ kind: 'refused', refusal });
    };
    for (let i = 0; i < 10; i += 1) tryOnce();
    refusal = 'credentials';
    for (let i = 0; i < 4; i += 1) tryOnce();
    assert.equal(session.ended, null);
    assert.equal(tryOnce(), wrong);
    assert.deepEqual(session.ended, { kind: 'close', reason: 'too-many-failures' });
    assert.equal(session.send('USER user\r\n'), '');
  });
});

describe('in the clear where that is not allowed', () => {
  test('RFC 8314 §3: nothing that sends a password is accepted, and no [AUTH] is said', () => {
    const session = driver({ session: { tls: false } });
    const needed = '-ERR passwords are accepted under TLS only\r\n';
    assert.equal(session.send('USER user\r\n'), needed);
    assert.equal(session.send('PASS secret\r\n'), needed);
    assert.equal(session.send('AUTH PLAIN\r\n'), needed);
    assert.equal(session.send(`AUTH PLAIN ${base64('\0user\0secret')}\r\n`), needed);
    assert.equal(session.send('AUTH\r\n'), '+OK\r\n.\r\n');
    assert.deepEqual(session.attempts, []);
  });
});
