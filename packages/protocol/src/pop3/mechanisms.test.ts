/** A session with more than passwords: what may be used when, and how exchanges run to their end. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { mechanisms } from '../sasl/mechanism.ts';
import type { Attempt, Outcome } from './effects.ts';
import { passwordLogins } from './login-policy.ts';
import type { SessionOptions } from './session.ts';
import { MemoryMaildrop, messageOf, octetsOf } from './testing/memory-maildrop.ts';
import { type DriverOptions, SessionDriver } from './testing/session-driver.ts';

const wrong = '-ERR [AUTH] wrong name or password\r\n';
const hello = '+OK maildrop has 1 messages (14 octets)\r\n';
const malformed = '-ERR malformed authentication response\r\n';
const cancelled = '-ERR authentication cancelled\r\n';
const timestamp = '<1896.697170952@dbc.mtview.ca.us>';

function base64(text: string): string {
  return Buffer.from(text, 'latin1').toString('base64');
}

const everything: Partial<SessionOptions> = {
  mechanisms: [...mechanisms.keys()],
  apopTimestamp: timestamp,
  clientCertificate: true,
  channelBinding: true,
  oauthChallenge: { scope: 'pop', openidConfiguration: null },
};

/** Lets in the token `good`, any certificate, any proof, and one digest. */
function verify(attempt: Attempt): string | Extract<Outcome, { kind: 'refused' }> {
  const isGood =
    attempt.kind === 'proved' ||
    attempt.kind === 'certificate' ||
    (attempt.kind === 'token' && attempt.token === 'good') ||
    (attempt.kind === 'apop' && attempt.digest[0] === 0xc4);
  return isGood ? 'user' : { kind: 'refused', refusal: 'credentials' };
}

function driver(session: Partial<SessionOptions> = {}, options: DriverOptions = {}): SessionDriver {
  const maildrop = new MemoryMaildrop([messageOf('A: b\n\nbody\n')]);
  return new SessionDriver({
    session: { ...everything, ...session },
    accounts: new Map([['user', { secret: 'secret', maildrop }]]),
    directory: {
      verify,
      begin: ({ binding }) => ({
        kind: 'scram-begun',
        nonce: 'server',
        salt: octetsOf('salt'),
        iterations: 4096,
        bindingData: binding === null ? null : octetsOf('data'),
      }),
      prove: ({ proof }) =>
        proof[0] === 0x78
          ? { kind: 'scram-proved', signature: octetsOf('signature') }
          : { kind: 'refused', refusal: 'credentials' },
    },
    ...options,
  });
}

describe('what may be used', () => {
  test('what is not enabled is unknown, though it is in the table', () => {
    for (const name of mechanisms.keys()) {
      const session = driver({ mechanisms: [] });
      assert.equal(session.send(`AUTH ${name}\r\n`), '-ERR unknown authentication mechanism\r\n');
    }
    assert.equal(driver({ mechanisms: [] }).send('AUTH\r\n'), '+OK\r\n.\r\n');
  });

  test('what sends a secret needs TLS, what needs more says so', () => {
    const tls = '-ERR passwords are accepted under TLS only\r\n';
    const here = '-ERR authentication mechanism cannot be used here\r\n';
    const session = driver({ tls: false, cleartextAllowed: false });
    for (const name of ['PLAIN', 'LOGIN', 'OAUTHBEARER', 'XOAUTH2']) {
      assert.equal(session.send(`AUTH ${name}\r\n`), tls, name);
    }
    for (const name of ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-1-PLUS', 'EXTERNAL']) {
      assert.equal(session.send(`AUTH ${name}\r\n`), here, name);
    }
    assert.equal(session.send('AUTH SCRAM-SHA-256\r\n*\r\n'), `+ \r\n${cancelled}`);
  });

  test('STLS brings a certificate and a binding, or it does not', () => {
    const clear = {
      tls: false,
      stlsOffered: true,
      clientCertificate: false,
      channelBinding: false,
    };
    const session = driver(clear, { hold: (effect) => effect.kind === 'start-tls' });
    session.send('STLS\r\n');
    session.upgrade({ clientCertificate: true, channelBinding: true });
    const listed = session.send('AUTH\r\n');
    assert.match(listed, /^EXTERNAL\r\nSCRAM-SHA-256-PLUS\r\nSCRAM-SHA-1-PLUS\r\n/m);
    const bare = driver(clear);
    bare.send('STLS\r\n');
    assert.doesNotMatch(bare.send('AUTH\r\n'), /PLUS|EXTERNAL/);
  });

  test('USER and PASS can be switched off', () => {
    const session = driver({ userCommand: false });
    const answer = '-ERR USER is not available here, use AUTH\r\n';
    assert.equal(session.send('USER user\r\nPASS secret\r\n'), answer + answer);
    assert.deepEqual(session.attempts, []);
  });

  test('what cannot be said is not begun', () => {
    const over = { scope: 'x'.repeat(1025), openidConfiguration: null };
    const bad: Partial<SessionOptions>[] = [
      { apopTimestamp: '' },
      { apopTimestamp: '<a>' },
      { apopTimestamp: '<a@b' },
      { apopTimestamp: '<a b@c>' },
      { apopTimestamp: '<a@b>\r\n' },
      { apopTimestamp: `<${'a'.repeat(200)}@b>` },
      { oauthChallenge: over },
      { oauthChallenge: { scope: null, openidConfiguration: 'h\u00e9' } },
      { loginDelay: { seconds: -1, perUser: false } },
      { loginDelay: { seconds: 0.5, perUser: false } },
    ];
    for (const options of bad) {
      assert.throws(() => driver(options), { name: 'BrokenInvariant' }, JSON.stringify(options));
    }
    assert.equal(passwordLogins.apopTimestamp, null);
  });
});

describe('APOP', () => {
  const digits = 'c4c9334bac560ecc979e58001b3e22fb';

  test('RFC 1939 §7: the greeting carries the timestamp, and the digest is passed on', () => {
    const session = driver();
    assert.equal(session.greet(), `+OK pop.example.org Poplar POP3 ready ${timestamp}\r\n`);
    assert.equal(session.send(`APOP mrose ${digits}\r\n`), hello);
    assert.deepEqual(session.attempts, [
      {
        kind: 'apop',
        mechanism: 'APOP',
        authenticationId: 'mrose',
        authorizationId: '',
        timestamp,
        digest: Uint8Array.from(Buffer.from(digits, 'hex')),
      },
    ]);
  });

  test('a wrong digest is refused like a wrong password, and counted', () => {
    const session = driver();
    for (let i = 0; i < 5; i += 1) {
      assert.equal(session.send(`APOP mrose ${'0'.repeat(32)}\r\n`), wrong);
    }
    assert.deepEqual(session.ended, { kind: 'close', reason: 'too-many-failures' });
  });

  test('without a timestamp there is none', () => {
    const session = driver({ apopTimestamp: null });
    assert.doesNotMatch(session.greet(), /</);
    assert.equal(session.send(`APOP u ${digits}\r\n`), '-ERR APOP is not available here\r\n');
    assert.deepEqual(session.attempts, []);
  });
});

describe('tokens', () => {
  const message = (token: string): string => base64(`n,,\x01auth=Bearer ${token}\x01\x01`);
  const explanation = `+ ${base64('{"status":"invalid_token","scope":"pop"}')}\r\n`;

  test('in one step and in two', () => {
    assert.equal(driver().send(`AUTH OAUTHBEARER ${message('good')}\r\n`), hello);
    assert.equal(driver().send(`AUTH OAUTHBEARER\r\n${message('good')}\r\n`), `+ \r\n${hello}`);
  });

  test('RFC 7628 §3.2.3: the explanation is answered, by whatever, and then -ERR', () => {
    for (const dummy of ['AQ==', '', '*', 'not base64', message('good')]) {
      const session = driver();
      assert.equal(session.send(`AUTH OAUTHBEARER ${message('bad')}\r\n`), explanation);
      assert.equal(session.send(`${dummy}\r\n`), wrong, dummy);
      assert.equal(session.send('NOOP\r\n'), '-ERR log in first\r\n');
      assert.equal(session.attempts.length, 1);
    }
  });

  test('an answer that is too long ends it, too', () => {
    const session = driver();
    session.send(`AUTH OAUTHBEARER ${message('bad')}\r\n`);
    assert.equal(session.send(`${'x'.repeat(20_000)}\r\n`), '-ERR line is too long\r\n');
    assert.equal(session.send(`AUTH OAUTHBEARER ${message('good')}\r\n`), hello);
  });

  test('each refused token counts', () => {
    const session = driver();
    for (let i = 0; i < 5; i += 1)
      session.send(`AUTH XOAUTH2 ${base64('user=\x01auth=\x01\x01')}\r\n\r\n`);
    assert.deepEqual(session.ended, { kind: 'close', reason: 'too-many-failures' });
  });

  test('RFC 3206 §4: a provider that cannot be reached is no reason to ask for another token', () => {
    const session = driver({}, { hold: ({ kind }) => kind === 'authenticate' });
    session.send(`AUTH OAUTHBEARER ${message('good')}\r\n`);
    const said = session.answer({ kind: 'refused', refusal: 'temporary' });
    assert.match(said, /^-ERR \[SYS\/TEMP\] /);
    assert.equal(session.session.phase, 'authorization');
    assert.match(session.send('CAPA\r\n'), /^\+OK/);
  });
});

describe('SCRAM', () => {
  const first = base64('n,,n=user,r=client');
  const serverFirst = `+ ${base64('r=clientserver,s=c2FsdA==,i=4096')}\r\n`;
  const final = (proof: string): string =>
    base64(`c=biws,r=clientserver,p=${base64(proof.repeat(32))}`);
  const serverFinal = `+ ${base64('v=c2lnbmF0dXJl')}\r\n`;
  const auth = `AUTH SCRAM-SHA-256 ${first}\r\n`;

  test('RFC 5034 §4: +OK comes behind an empty line, and the lock does, too', () => {
    const session = driver();
    assert.equal(session.send(auth), serverFirst);
    assert.equal(session.send(`${final('x')}\r\n`), serverFinal);
    assert.equal(session.session.phase, 'authorization');
    assert.deepEqual(session.attempts, []);
    assert.equal(session.send('\r\n'), hello);
  });

  test('pipelined', () => {
    const said = driver().send(`${auth}${final('x')}\r\n\r\nSTAT\r\n`);
    assert.equal(said, `${serverFirst}${serverFinal}${hello}+OK 1 14\r\n`);
  });

  test('a wrong proof is [AUTH], and one may try again', () => {
    const session = driver();
    assert.equal(session.send(`${auth}${final('y')}\r\n`), serverFirst + wrong);
    assert.equal(session.send('\r\n'), '-ERR unknown command\r\n');
    assert.equal(session.send(auth), serverFirst);
  });

  test('it can be cancelled in every step, and nothing is opened', () => {
    for (const before of ['AUTH SCRAM-SHA-256\r\n', auth, `${auth}${final('x')}\r\n`]) {
      const session = driver();
      session.send(before);
      assert.equal(session.send('*\r\n'), cancelled);
      assert.deepEqual(session.attempts, []);
      assert.equal(session.send(auth), serverFirst);
    }
  });

  test('ten may be begun, whatever becomes of them', () => {
    const session = driver();
    for (let i = 0; i < 10; i += 1) {
      assert.equal(session.send(`${auth}*\r\n`), serverFirst + cancelled);
    }
    assert.equal(session.send(auth), '-ERR too many authentications begun\r\n');
    assert.deepEqual(session.ended, { kind: 'close', reason: 'too-many-failures' });
  });

  test('a word behind server-final opens nothing', () => {
    const session = driver();
    assert.match(session.send(`${auth}${final('x')}\r\neA==\r\n`), new RegExp(`${malformed}$`));
    assert.deepEqual(session.attempts, []);
  });

  test('a refusal of any step is said, and the next outcome must fit', () => {
    const session = driver({}, { hold: () => true });
    session.send(auth);
    assert.throws(() => session.answer({ kind: 'scram-proved', signature: octetsOf('v') }), {
      name: 'BrokenInvariant',
    });
    const said = session.answer({ kind: 'refused', refusal: 'temporary' });
    assert.match(said, /^-ERR \[SYS\/TEMP\] /);
    session.send('USER user\r\nPASS x\r\n');
    assert.throws(() => session.answer({ kind: 'scram-proved', signature: octetsOf('v') }), {
      name: 'BrokenInvariant',
    });
  });

  test('a y where a binding is offered is a downgrade', () => {
    const y = base64('y,,n=user,r=client');
    assert.equal(driver().send(`AUTH SCRAM-SHA-256 ${y}\r\n`), malformed);
    const without = driver({ mechanisms: ['SCRAM-SHA-256'] });
    assert.equal(without.send(`AUTH SCRAM-SHA-256 ${y}\r\n`), serverFirst);
  });
});

describe('EXTERNAL', () => {
  test('RFC 4422 §A: with an identity, with an empty one, and asked for it', () => {
    for (const [input, authorizationId, said] of [
      ['AUTH EXTERNAL =\r\n', '', hello],
      [`AUTH EXTERNAL ${base64('box@x')}\r\n`, 'box@x', hello],
      ['AUTH EXTERNAL\r\n\r\n', '', `+ \r\n${hello}`],
    ] as const) {
      const session = driver();
      assert.equal(session.send(input), said);
      const names = { mechanism: 'EXTERNAL', authenticationId: '', authorizationId };
      assert.deepEqual(session.attempts, [{ kind: 'certificate', ...names }]);
    }
  });
});

describe('LOGIN', () => {
  test('an initial response is taken as the name', () => {
    const session = driver({}, { hold: ({ kind }) => kind === 'authenticate' });
    const said = session.send(`AUTH LOGIN ${base64('user')}\r\n${base64('secret')}\r\n`);
    assert.equal(said, '+ UGFzc3dvcmQ6\r\n');
    assert.equal(session.send(''), '');
    assert.equal(session.held?.kind, 'authenticate');
  });
});

test('RFC 2449 §6.5: the delay of the maildrop that was opened', () => {
  const loginDelay = { seconds: 300, perUser: true };
  const session = driver({ loginDelay }, { hold: ({ kind }) => kind === 'authenticate' });
  assert.match(session.send('CAPA\r\n'), /\r\nLOGIN-DELAY 300 USER\r\n/);
  session.send('AUTH EXTERNAL =\r\n');
  const listing = new MemoryMaildrop([]).listing();
  session.answer({ kind: 'opened', listing, loginDelaySeconds: 60 });
  assert.match(session.send('CAPA\r\n'), /\r\nLOGIN-DELAY 60\r\n/);
});
