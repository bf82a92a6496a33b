/** SCRAM: the examples of the RFCs, what a client may not do, and channel binding (RFC 5802, RFC 7677). */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { LoginOutcome } from '../pop3/effects.ts';
import { octetsOf, textOf } from '../pop3/testing/memory-maildrop.ts';
import type { Exchange, ExchangeStep, Offer } from './exchange.ts';
import type { Mechanism } from './mechanism.ts';
import { scramSha1, scramSha1Plus, scramSha256, scramSha256Plus } from './scram.ts';

const malformed = { kind: 'malformed' };
const refused = { kind: 'refused', refusal: 'credentials', explanation: null };
const oauthChallenge = { scope: null, openidConfiguration: null };
const offer: Offer = { bindingOffered: false, oauthChallenge };
const bindingOffer: Offer = { bindingOffered: true, oauthChallenge };

function base64(text: string): string {
  return Buffer.from(text, 'latin1').toString('base64');
}

function octetsOfBase64(text: string): Uint8Array {
  return octetsOf(Buffer.from(text, 'base64').toString('latin1'));
}

function challenge(text: string): object {
  return { kind: 'challenge', data: octetsOf(text) };
}

/** The examples of RFC 5802 §5 and RFC 7677 §3, whose user is `user` with the password `pencil`. */
const examples = [
  {
    mechanism: scramSha1,
    hash: 'SHA-1',
    first: 'n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL',
    nonce: '3rfcNHYJY1ZVvWVs7j',
    salt: 'QSXCR+Q6sek8bf92',
    serverFirst: 'r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096',
    final: 'c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j',
    proof: 'v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=',
    signature: 'rmF9pqV8S7suAoZWja4dJRkFsKQ=',
  },
  {
    mechanism: scramSha256,
    hash: 'SHA-256',
    first: 'n,,n=user,r=rOprNGfwEbeRWgbNEkqO',
    nonce: '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0',
    salt: 'W22ZaJ0SNY7soEsUEjb6gQ==',
    serverFirst:
      'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
    final: 'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0',
    proof: 'dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
    signature: '6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
  },
];

function begun(nonce: string, salt = 'salt', bindingData: Uint8Array | null = null): LoginOutcome {
  return { kind: 'scram-begun', nonce, salt: octetsOf(salt), iterations: 4096, bindingData };
}

for (const example of examples) {
  const { mechanism, hash, first, serverFirst, final } = example;
  const names = { mechanism: mechanism.name, authenticationId: 'user', authorizationId: '' };

  test(`the example of ${mechanism.name}, with and without an initial response`, () => {
    for (const isInitial of [true, false]) {
      const exchange = mechanism.begin(offer);
      if (!isInitial) assert.deepEqual(exchange.start(null), challenge(''));
      const step = isInitial ? exchange.start(octetsOf(first)) : exchange.respond(octetsOf(first));
      const begin = { kind: 'scram-begin', hash, ...names, binding: null };
      assert.deepEqual(step, { kind: 'effect', effect: begin });
      const salt = textOf(octetsOfBase64(example.salt));
      assert.deepEqual(exchange.resume(begun(example.nonce, salt)), challenge(serverFirst));
      const response = octetsOf(`${final},p=${example.proof}`);
      const proveStep = exchange.respond(response);
      const authMessage = octetsOf(`${first.slice(3)},${serverFirst},${final}`);
      const proof = octetsOfBase64(example.proof);
      const prove = { kind: 'scram-prove', authMessage, proof };
      assert.deepEqual(proveStep, { kind: 'effect', effect: prove });
      const signature = octetsOfBase64(example.signature);
      const proved = exchange.resume({ kind: 'scram-proved', signature });
      assert.deepEqual(proved, challenge(`v=${example.signature}`));
      assert.deepEqual(exchange.respond(new Uint8Array(0)), {
        kind: 'effect',
        effect: { kind: 'authenticate', attempt: { kind: 'proved', ...names } },
      });
      assert.deepEqual(exchange.resume({ kind: 'refused', refusal: 'credentials' }), refused);
    }
  });
}

/** An exchange that waits for client-final of `c` and `s`. */
function atFinal(mechanism: Mechanism = scramSha1, header = 'n,,'): Exchange {
  const exchange = mechanism.begin(offer);
  assert.equal(exchange.start(octetsOf(`${header}n=user,r=c`)).kind, 'effect');
  assert.equal(exchange.resume(begun('s', 'salt', octetsOf('data'))).kind, 'challenge');
  return exchange;
}

const proof20 = base64('x'.repeat(20));
const proof32 = base64('x'.repeat(32));

describe('client-first', () => {
  const begin = (text: string, mechanism = scramSha1, by = offer): ExchangeStep =>
    mechanism.begin(by).start(octetsOf(text));

  test('names: escapes, UTF-8, and whom to act as', () => {
    const expected = { authenticationId: 'a,b=c', authorizationId: 'x=2C' };
    const step = begin('n,a=x=3D2C,n=a=2Cb=3Dc,r=x');
    assert.ok(step.kind === 'effect' && step.effect.kind === 'scram-begin');
    const { authenticationId, authorizationId } = step.effect;
    assert.deepEqual({ authenticationId, authorizationId }, expected);
    assert.equal(begin('n,,n=j\xc3\xb6rg,r=x').kind, 'effect');
  });

  test('extensions that nobody must know are passed over', () => {
    assert.equal(begin('n,,n=user,r=x,e=1,Z=.').kind, 'effect');
    const exchange = atFinal();
    assert.equal(exchange.respond(octetsOf(`c=biws,r=cs,e=1,p=${proof20}`)).kind, 'effect');
  });

  test('what is malformed', () => {
    for (const text of [
      '',
      'n',
      'n,',
      'n,,',
      'n,,n=user',
      'n,,n=user,',
      'n,,n=user,r=',
      'n,,n=,r=x',
      'n,,r=x,n=user',
      'n,,m=x,n=user,r=x',
      'n,,n=user,m=x,r=x',
      'n,,n=user,r=x,m=y',
      'n,,n=user,r=x,',
      'n,,n=user,r=x,e',
      'n,,n=user,r=x,e=',
      'n,,n=us=2cer,r=x',
      'n,,n=us=er,r=x',
      'n,,n=user=,r=x',
      'n,,n=us\0er,r=x',
      'n,,n=\xff,r=x',
      'n,,n=user,r=x y',
      'n,,n=user,r=\xc3\xa4',
      `n,,n=user,r=${'x'.repeat(129)}`,
      'n=user,r=x',
      'x,,n=user,r=x',
      '\xff,,n=user,r=x',
      'F,n,,n=user,r=x',
      'n,a=,n=user,r=x',
      'n,user,n=user,r=x',
      'n,a=\x01,n=user,r=x',
      'p=,,n=user,r=x',
      'p=a b,,n=user,r=x',
    ]) {
      assert.deepEqual(begin(text), malformed, JSON.stringify(text));
    }
    assert.equal(begin(`n,,n=user,r=${'x'.repeat(128)}`).kind, 'effect');
  });
});

describe('client-final', () => {
  test('the nonce and the binding are ours, the proof has its length', () => {
    for (const text of [
      '',
      'c=biws',
      'c=biws,r=cs',
      `c=biws,p=${proof20}`,
      `r=cs,c=biws,p=${proof20}`,
      `c=biws,r=c,p=${proof20}`,
      `c=biws,r=css,p=${proof20}`,
      `c=biws,r=xs,p=${proof20}`,
      `c=eSws,r=cs,p=${proof20}`,
      `c=,r=cs,p=${proof20}`,
      `c=biws=,r=cs,p=${proof20}`,
      `c=biws,r=cs,p=${proof32}`,
      `c=biws,r=cs,p=${proof20.slice(1)}`,
      'c=biws,r=cs,p=',
      `c=biws,r=cs,p=${proof20},`,
      `c=biws,r=cs,p=${proof20},e=1`,
      `c=biws,r=cs,m=1,p=${proof20}`,
      `c=biws,r=cs,,p=${proof20}`,
      `c=biws,r=cs,p=\xff${proof20.slice(1)}`,
    ]) {
      assert.deepEqual(atFinal().respond(octetsOf(text)), malformed, JSON.stringify(text));
    }
    assert.equal(atFinal().respond(octetsOf(`c=biws,r=cs,p=${proof20}`)).kind, 'effect');
  });

  test('each hash has a proof of its own length', () => {
    const exchange = atFinal(scramSha256);
    assert.equal(exchange.respond(octetsOf(`c=biws,r=cs,p=${proof32}`)).kind, 'effect');
    const other = atFinal(scramSha256).respond(octetsOf(`c=biws,r=cs,p=${proof20}`));
    assert.deepEqual(other, malformed);
  });

  test('RFC 5034 §4: server-final is answered by nothing, or nothing is opened', () => {
    const exchange = atFinal();
    exchange.respond(octetsOf(`c=biws,r=cs,p=${proof20}`));
    exchange.resume({ kind: 'scram-proved', signature: octetsOf('v') });
    assert.deepEqual(exchange.respond(octetsOf('x')), malformed);
  });
});

describe('channel binding', () => {
  const header = 'p=tls-exporter,,';
  const bound = (binding: string, mechanism = scramSha256Plus): ExchangeStep =>
    mechanism.begin(bindingOffer).start(octetsOf(`${binding},,n=user,r=c`));

  test('RFC 5929 §4, RFC 9266 §2: two kinds, asked for by name', () => {
    for (const binding of ['tls-exporter', 'tls-server-end-point']) {
      for (const mechanism of [scramSha256Plus, scramSha1Plus]) {
        const step = bound(`p=${binding}`, mechanism);
        assert.ok(step.kind === 'effect' && step.effect.kind === 'scram-begin');
        assert.equal(step.effect.binding, binding);
        assert.equal(step.effect.mechanism, mechanism.name);
      }
    }
  });

  test('other kinds, and none, are refused where a binding was chosen', () => {
    for (const flag of ['p=tls-unique', 'p=TLS-EXPORTER', 'p=x', 'n', 'y']) {
      assert.deepEqual(bound(flag), malformed, flag);
    }
  });

  test('RFC 5802 §6: without a binding, no `p`, and no `y` where one is offered', () => {
    const flagged = (flag: string, by: Offer): string =>
      scramSha256.begin(by).start(octetsOf(`${flag},,n=user,r=c`)).kind;
    assert.equal(flagged('n', offer), 'effect');
    assert.equal(flagged('n', bindingOffer), 'effect');
    assert.equal(flagged('y', offer), 'effect');
    assert.equal(flagged('y', bindingOffer), 'malformed');
    assert.equal(flagged('p=tls-exporter', bindingOffer), 'malformed');
  });

  test('the client must have bound to what we have', () => {
    const response = (data: string): Uint8Array =>
      octetsOf(`c=${base64(header + data)},r=cs,p=${proof32}`);
    const right = atFinal(scramSha256Plus, header);
    assert.equal(right.respond(response('data')).kind, 'effect');
    for (const data of ['', 'Data', 'data2']) {
      assert.deepEqual(atFinal(scramSha256Plus, header).respond(response(data)), malformed);
    }
    const other = base64('p=tls-server-end-point,,data');
    const swapped = octetsOf(`c=${other},r=cs,p=${proof32}`);
    assert.deepEqual(atFinal(scramSha256Plus, header).respond(swapped), malformed);
  });

  test('a connection without the data of that kind ends the exchange', () => {
    const exchange = scramSha256Plus.begin(bindingOffer);
    exchange.start(octetsOf(`${header}n=user,r=c`));
    assert.deepEqual(exchange.resume(begun('s')), malformed);
  });

  test('data that nobody asked for is not looked at', () => {
    const exchange = atFinal(scramSha256, 'y,,');
    const response = octetsOf(`c=${base64('y,,')},r=cs,p=${proof32}`);
    assert.equal(exchange.respond(response).kind, 'effect');
  });
});

describe('outcomes', () => {
  test('a refusal is said as it is, at any time', () => {
    for (const refusal of ['credentials', 'temporary'] as const) {
      const step = atFinal().resume({ kind: 'refused', refusal });
      assert.deepEqual(step, { kind: 'refused', refusal, explanation: null });
    }
  });

  test('an outcome that cannot be said is ours to mend', () => {
    const good = { kind: 'scram-begun', iterations: 4096, bindingData: null } as const;
    for (const bad of [
      { ...good, nonce: '', salt: octetsOf('s') },
      { ...good, nonce: 'a,b', salt: octetsOf('s') },
      { ...good, nonce: 'a b', salt: octetsOf('s') },
      { ...good, nonce: 'x'.repeat(129), salt: octetsOf('s') },
      { ...good, nonce: 'n', salt: octetsOf('') },
      { ...good, nonce: 'n', salt: octetsOf('s'), iterations: 4095 },
      { ...good, nonce: 'n', salt: octetsOf('s'), iterations: 4096.5 },
    ]) {
      const exchange = scramSha1.begin(offer);
      exchange.start(octetsOf('n,,n=user,r=c'));
      assert.throws(() => exchange.resume(bad), { name: 'BrokenInvariant' }, JSON.stringify(bad));
    }
  });
});

test('property: whatever the client says, no maildrop is asked for without a proof', () => {
  const piece = fc.constantFrom('n,,', 'y,,', 'p=tls-exporter,,', 'n=user', ',r=c', 's', 'c=biws');
  const message = fc.oneof(
    fc.array(fc.oneof(piece, fc.constantFrom(',', `,p=${proof20}`)), { maxLength: 6 }),
    fc.array(fc.string({ unit: 'binary-ascii', maxLength: 5 }), { maxLength: 4 }),
  );
  const all = [scramSha1, scramSha1Plus, scramSha256, scramSha256Plus];
  fc.assert(
    fc.property(fc.constantFrom(...all), fc.array(message), (mechanism, messages) => {
      const exchange = mechanism.begin(offer);
      let isProved = false;
      for (const pieces of messages) {
        const step = exchange.respond(octetsOf(pieces.join('')));
        if (step.kind === 'malformed') return;
        assert.ok(step.kind === 'effect');
        if (step.effect.kind === 'authenticate') {
          assert.ok(isProved);
          return;
        }
        isProved = step.effect.kind === 'scram-prove';
        const outcome: LoginOutcome = isProved
          ? { kind: 'scram-proved', signature: octetsOf('v') }
          : begun('s', 'salt', octetsOf('data'));
        assert.equal(exchange.resume(outcome).kind, 'challenge');
      }
    }),
    { numRuns: 1_000 },
  );
});
