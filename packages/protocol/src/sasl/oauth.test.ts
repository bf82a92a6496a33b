/** OAUTHBEARER and XOAUTH2: their messages, and how a refusal is told (RFC 7628 §3, §4). */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { octetsOf, textOf } from '../pop3/testing/memory-maildrop.ts';
import type { ExchangeStep, Offer } from './exchange.ts';
import { oauthBearer } from './oauthbearer.ts';
import { xoauth2 } from './xoauth2.ts';

const offer: Offer = {
  bindingOffered: false,
  oauthChallenge: { scope: 'mail pop', openidConfiguration: 'https://id.example.org/.well-known' },
};
const token = 'vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==';

function attempt(mechanism: string, authorizationId: string, sent = token): ExchangeStep {
  const names = { mechanism, authenticationId: '', authorizationId };
  const bearer = { kind: 'token', ...names, token: sent } as const;
  return { kind: 'effect', effect: { kind: 'authenticate', attempt: bearer } };
}

/** Control-A is written as `^`. */
function octets(text: string): Uint8Array {
  return octetsOf(text.replaceAll('^', '\x01'));
}

describe('OAUTHBEARER', () => {
  const read = (text: string): ExchangeStep => oauthBearer.begin(offer).start(octets(text));

  test('RFC 7628 §4.1: the example', () => {
    const text = `n,a=user@example.com,^host=server.example.com^port=143^auth=Bearer ${token}^^`;
    assert.deepEqual(read(text), attempt('OAUTHBEARER', 'user@example.com'));
    const exchange = oauthBearer.begin(offer);
    assert.deepEqual(exchange.start(null), { kind: 'challenge', data: new Uint8Array(0) });
    assert.deepEqual(exchange.respond(octets(text)), attempt('OAUTHBEARER', 'user@example.com'));
  });

  test('pairs in any order, unknown ones passed over, and a name only if there is one', () => {
    for (const text of [
      `n,,^auth=bearer ${token}^^`,
      `y,,^auth=BEARER   ${token}^^`,
      `n,,^user=x^auth=Bearer ${token}^extra=\xc3\xa4^^`,
      `n,,^port=65535^host=[2001:db8::1]^auth=Bearer ${token}^^`,
    ]) {
      assert.deepEqual(read(text), attempt('OAUTHBEARER', ''), text);
    }
    const named = read(`n,a=a=2Cb=3D,^auth=Bearer ${token}^^`);
    assert.deepEqual(named, attempt('OAUTHBEARER', 'a,b='));
  });

  test('a token of 12 KiB', () => {
    const long = 'x'.repeat(12 * 1024);
    assert.deepEqual(read(`n,,^auth=Bearer ${long}^^`), attempt('OAUTHBEARER', '', long));
  });

  test('anything else is malformed', () => {
    const auth = `auth=Bearer ${token}`;
    for (const text of [
      '',
      '^',
      '^^',
      'n,,',
      'n,,^',
      'n,,^^',
      auth,
      `${auth}^^`,
      `n,,^${auth}`,
      `n,,^${auth}^`,
      `n,,^${auth}^^^`,
      `n,,^${auth}^^x`,
      `n,,${auth}^^`,
      `n,^${auth}^^`,
      `n,,x^${auth}^^`,
      `p=tls-exporter,,^${auth}^^`,
      `x,,^${auth}^^`,
      `n,b=user,^${auth}^^`,
      `n,a=,^${auth}^^`,
      `n,a=u=2cx,^${auth}^^`,
      `n,a=\xff,^${auth}^^`,
      `n,,^${auth}^${auth}^^`,
      `n,,^=x^${auth}^^`,
      `n,,^k\xff=x^${auth}^^`,
      `n,,^k=\n^${auth}^^`,
      'n,,^auth=Basic dTpw^^',
      'n,,^auth=Bearer^^',
      'n,,^auth=Bearer ^^',
      'n,,^auth=Bearer a b^^',
      'n,,^auth=Bearer a=b^^',
      'n,,^auth=Bearer \xc3\xa4^^',
      `n,,^host=^${auth}^^`,
      `n,,^host=a b^${auth}^^`,
      `n,,^host=${'h'.repeat(256)}^${auth}^^`,
      `n,,^port=^${auth}^^`,
      `n,,^port=0^${auth}^^`,
      `n,,^port=65536^${auth}^^`,
      `n,,^port=1e3^${auth}^^`,
      `n,,^port=-1^${auth}^^`,
    ]) {
      assert.deepEqual(read(text), { kind: 'malformed' }, JSON.stringify(text));
    }
  });
});

describe('XOAUTH2', () => {
  const read = (text: string): ExchangeStep => xoauth2.begin(offer).start(octets(text));

  test('in one step and in two', () => {
    const text = `user=someuser@example.com^auth=Bearer ${token}^^`;
    assert.deepEqual(read(text), attempt('XOAUTH2', 'someuser@example.com'));
    const exchange = xoauth2.begin(offer);
    assert.deepEqual(exchange.start(null), { kind: 'challenge', data: new Uint8Array(0) });
    assert.deepEqual(exchange.respond(octets(text)), attempt('XOAUTH2', 'someuser@example.com'));
  });

  test('anything else is malformed', () => {
    const auth = `auth=Bearer ${token}`;
    for (const text of [
      '',
      '^^',
      'user=u^^',
      `${auth}^^`,
      `${auth}^user=u^^`,
      `user=u^${auth}^`,
      `user=u^${auth}^x=y^^`,
      `name=u^${auth}^^`,
      `user=\xff^${auth}^^`,
      `user=${'u'.repeat(642)}^${auth}^^`,
      `user=u^token=${token}^^`,
      `user=u^\xff^^`,
      'user=u^auth=Basic x^^',
    ]) {
      assert.deepEqual(read(text), { kind: 'malformed' }, JSON.stringify(text));
    }
  });
});

describe('refusals', () => {
  const refused = (explanation: object | null, refusal = 'credentials'): object => ({
    kind: 'refused',
    refusal,
    explanation: explanation === null ? null : octetsOf(JSON.stringify(explanation)),
  });
  const told = {
    scope: 'mail pop',
    'openid-configuration': 'https://id.example.org/.well-known',
  };

  test('RFC 7628 §3.2.2: a token that is refused is explained, in either mechanism', () => {
    for (const mechanism of [oauthBearer, xoauth2]) {
      const exchange = mechanism.begin(offer);
      assert.deepEqual(
        exchange.resume({ kind: 'refused', refusal: 'credentials' }),
        refused({ status: 'invalid_token', ...told }),
      );
      const tokenStatus = 'insufficient_scope';
      assert.deepEqual(
        exchange.resume({ kind: 'refused', refusal: 'credentials', tokenStatus }),
        refused({ status: tokenStatus, ...told }),
      );
    }
  });

  test('RFC 7628 §4.3: a client without a token is told what it needs', () => {
    const expected = refused({ status: 'invalid_token', ...told });
    assert.deepEqual(oauthBearer.begin(offer).start(octets('n,,^auth=^^')), expected);
    assert.deepEqual(xoauth2.begin(offer).start(octets('user=^auth=^^')), expected);
  });

  test('nothing is told that is not configured', () => {
    const quiet = { ...offer, oauthChallenge: { scope: null, openidConfiguration: null } };
    const step = oauthBearer.begin(quiet).resume({ kind: 'refused', refusal: 'credentials' });
    assert.deepEqual(step, refused({ status: 'invalid_token' }));
  });

  test('an outage is said at once', () => {
    for (const refusal of ['temporary', 'in-use', 'disabled', 'login-delay'] as const) {
      const step = xoauth2.begin(offer).resume({ kind: 'refused', refusal });
      assert.deepEqual(step, refused(null, refusal));
    }
  });
});

test('property: any octets are an attempt, a refusal or malformed', () => {
  const piece = fc.constantFrom(
    'n,,',
    'user=',
    'u',
    '\x01',
    'auth=',
    'Bearer t',
    'port=',
    '1',
    '=',
  );
  const message = fc.oneof(
    fc.array(piece, { maxLength: 10 }).map((pieces) => octetsOf(pieces.join(''))),
    fc.uint8Array({ maxLength: 60 }),
  );
  fc.assert(
    fc.property(message, fc.constantFrom(oauthBearer, xoauth2), (octetsSaid, mechanism) => {
      const step = mechanism.begin(offer).respond(octetsSaid);
      if (step.kind !== 'effect') return;
      assert.ok(step.effect.kind === 'authenticate' && step.effect.attempt.kind === 'token');
      assert.ok(textOf(octetsSaid).includes(step.effect.attempt.token));
    }),
    { numRuns: 1_000 },
  );
});
