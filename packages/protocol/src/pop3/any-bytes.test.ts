/** Whatever is sent, in whatever phase: replies or a close, never a throw, and always whole lines. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { mechanisms } from '../sasl/mechanism.ts';
import type { Effect, Outcome } from './effects.ts';
import { MemoryMaildrop, messageOf, octetsOf } from './testing/memory-maildrop.ts';
import { passwordsOf, SessionDriver } from './testing/session-driver.ts';

const verbs = 'USER PASS APOP AUTH STAT LIST RETR DELE NOOP RSET TOP UIDL CAPA STLS GET'.split(' ');
const tokens = ['=', '*', 'user', 'AHVzZXIAcA==', '', 'biwsbj11c2VyLHI9eA==', 'AQ=='];
const word = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom(...verbs, ...mechanisms.keys(), ...tokens),
  },
  { weight: 3, arbitrary: fc.constantFrom('0', '1', '2', '3', '01', '-1', '99999999999', '1.5') },
  { weight: 1, arbitrary: fc.string({ unit: 'binary-ascii', maxLength: 8 }) },
);
const line = fc
  .tuple(
    fc.array(word, { minLength: 1, maxLength: 4 }),
    fc.constantFrom('\r\n', '\r\n', '\n', '\r', ''),
  )
  .map(([words, end]) => words.join(' ') + end);
const chunk = fc.oneof(
  { weight: 5, arbitrary: line.map(octetsOf) },
  { weight: 2, arbitrary: fc.uint8Array({ maxLength: 40 }) },
  { weight: 1, arbitrary: fc.constantFrom(600, 20_000).map((n) => new Uint8Array(n).fill(0x41)) },
);

/** Every line of a reply, bodies left out, is well-formed and at most 512 octets (RFC 2449 §4). */
function checkReplies(said: string): void {
  if (said === '') return;
  assert.ok(said.endsWith('\r\n'), 'a reply is whole lines');
  for (const text of said.split('\r\n').slice(0, -1)) {
    assert.ok(text.length <= 510);
    assert.match(text, /^[\x20-\x7e]*$/, 'a reply is printable ASCII');
    // Free text never begins with a bracket (RFC 2449 §8).
    assert.doesNotMatch(
      text,
      /^(?:\+OK|-ERR) \[(?!AUTH\]|IN-USE\]|SYS\/TEMP\]|SYS\/PERM\]|LOGIN-DELAY\])/,
    );
  }
}

/** Every mechanism is enabled; who is let in by other things than a password is chance. */
function driver(): SessionDriver {
  const maildrop = new MemoryMaildrop([messageOf('A: b\n\n.body\n'), messageOf('C: d\n')]);
  const accounts = new Map([['user', { secret: 'p', maildrop }]]);
  const passwords = passwordsOf(accounts);
  return new SessionDriver({
    session: {
      tls: false,
      stlsOffered: true,
      cleartextAllowed: true,
      mechanisms: [...mechanisms.keys()],
      apopTimestamp: '<1.2@x>',
    },
    accounts,
    directory: {
      verify: (attempt) =>
        attempt.kind === 'proved' || attempt.kind === 'certificate'
          ? 'user'
          : passwords.verify(attempt),
      begin: ({ binding }) => ({
        kind: 'scram-begun',
        nonce: 'server',
        salt: octetsOf('salt'),
        iterations: 4096,
        bindingData: binding === null ? null : octetsOf('data'),
      }),
      prove: ({ proof }) =>
        proof[0] === 0
          ? { kind: 'refused', refusal: 'credentials' }
          : { kind: 'scram-proved', signature: octetsOf('signature') },
    },
  });
}

const clientFirst = base64('n,,n=user,r=client');
const proof = base64(`c=biws,r=clientserver,p=${base64('12345678901234567890')}`);
const beginnings = [
  ...['', 'USER user\r\n', 'AUTH PLAIN\r\n', 'USER user\r\nPASS p\r\n', 'STLS\r\n'],
  ...['AUTH LOGIN\r\n', 'AUTH LOGIN dXNlcg==\r\n', 'AUTH OAUTHBEARER\r\n', 'AUTH XOAUTH2\r\n'],
  `AUTH XOAUTH2 ${base64('user=user\x01auth=Bearer t\x01\x01')}\r\n`,
  `AUTH OAUTHBEARER ${base64('n,,\x01auth=Bearer t\x01\x01')}\r\n`,
  'AUTH SCRAM-SHA-256\r\n',
  `AUTH SCRAM-SHA-1 ${clientFirst}\r\n`,
  `AUTH SCRAM-SHA-1 ${clientFirst}\r\n${proof}\r\n`,
  `AUTH SCRAM-SHA-1 ${clientFirst}\r\n${proof}\r\n\r\n`,
];

function base64(text: string): string {
  return Buffer.from(text, 'latin1').toString('base64');
}

test('property: any octets in any phase give replies or a close', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...beginnings),
      fc.array(chunk, { maxLength: 30 }),
      (begin, chunks) => {
        const session = driver();
        session.greet();
        session.send(begin);
        for (const bytes of chunks) {
          const wasEnded = session.ended !== null;
          const said = session.send(bytes);
          checkReplies(said);
          assert.ok(said === '' || !wasEnded, 'a closed session says nothing');
        }
        assert.equal(session.ended === null, session.session.phase !== 'closed');
      },
    ),
    { numRuns: 400 },
  );
});

const refusals: readonly Outcome[] = [
  { kind: 'refused', refusal: 'credentials' },
  { kind: 'refused', refusal: 'temporary' },
];
const failures: Record<Effect['kind'], readonly Outcome[]> = {
  authenticate: refusals,
  'scram-begin': refusals,
  'scram-prove': refusals,
  'start-tls': [],
  'send-message': [
    { kind: 'message-gone' },
    { kind: 'message-unavailable' },
    { kind: 'message-broken' },
  ],
  update: [{ kind: 'not-updated' }],
};

test('property: the same when what is asked for fails', () => {
  fc.assert(
    fc.property(fc.array(chunk, { maxLength: 20 }), fc.nat(), (chunks, choice) => {
      const maildrop = new MemoryMaildrop([messageOf('A: b\n\nbody\n')]);
      const session = new SessionDriver({
        accounts: new Map([['user', { secret: 'p', maildrop }]]),
        hold: (effect) => effect.kind !== 'authenticate' || choice % 3 === 0,
      });
      session.send('USER user\r\nPASS p\r\n');
      for (const bytes of [...chunks, octetsOf('\r\nRETR 1\r\nDELE 1\r\nQUIT\r\n')]) {
        checkReplies(session.send(bytes));
        while (session.held !== null) {
          const outcomes = failures[session.held.kind];
          const outcome = outcomes[choice % outcomes.length];
          assert.ok(outcome !== undefined, 'TLS is not started under TLS');
          checkReplies(session.answer(outcome));
        }
      }
      assert.equal(maildrop.messages.length, 1, 'nothing is removed');
    }),
    { numRuns: 200 },
  );
});

test('a line is handled in linear time, however it is made', () => {
  const long = '<'.repeat(500);
  for (const text of [
    `USER ${long.slice(0, 300)}`,
    `TOP ${'1'.repeat(500)}`,
    long,
    ' '.repeat(500),
  ]) {
    const session = driver();
    // Of this process alone, however busy the machine is.
    const before = process.cpuUsage();
    session.send(`${text}\r\n`);
    assert.ok(process.cpuUsage(before).user < 50_000, text.slice(0, 10));
  }
});
