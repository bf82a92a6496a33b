/**
 * Tokens right and wrong, against a mock of a provider and against one that misbehaves.
 */

import assert from 'node:assert/strict';
import { createHmac, createPrivateKey, createPublicKey, sign } from 'node:crypto';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { OAuth2Server } from 'oauth2-mock-server';
import { faultOf, type OAuthSettings, TokenVerifier } from './token-verifier.ts';

const server = new OAuth2Server();
let issuer = '';
/** The algorithm the tests sign with. */
const algorithms = ['ES256'];
const opened: TokenVerifier[] = [];

before(async () => {
  await server.issuer.keys.generate('ES256');
  await server.start(0, '127.0.0.1');
  issuer = server.issuer.url ?? '';
});
after(async () => {
  await Promise.all(opened.map((verifier) => verifier.end()));
  await server.stop();
});

function settings(changes: Partial<OAuthSettings> = {}): OAuthSettings {
  return {
    issuer,
    audiences: ['mail'],
    mailboxClaim: 'email',
    scope: null,
    keysUrl: new URL(`${issuer}/jwks`),
    algorithms,
    introspection: null,
    ...changes,
  };
}

function verifierOf(changes: Partial<OAuthSettings> = {}, nowMs?: () => number): TokenVerifier {
  const verifier = new TokenVerifier(settings(changes), nowMs);
  opened.push(verifier);
  return verifier;
}

type Change = (parts: { header: object; payload: Record<string, unknown> }) => void;

function tokenOf(change: Change = () => {}): Promise<string> {
  return server.issuer.buildToken({
    expiresIn: 3_600,
    scopesOrTransform: (header, payload) => {
      Object.assign(payload, { aud: 'mail', email: 'ann@example.org', scope: 'pop imap' });
      change({ header, payload });
    },
  });
}

async function kindOf(token: string, changes: Partial<OAuthSettings> = {}): Promise<string> {
  return (await verifierOf(changes).verify(token)).kind;
}

describe('a signed token', () => {
  test('names its mailbox and its end', async () => {
    const verdict = await verifierOf().verify(await tokenOf());
    assert.ok(verdict.kind === 'valid');
    assert.equal(verdict.name, 'ann@example.org');
    assert.ok(Math.abs(verdict.expiresAtMs - Date.now() - 3_600_000) < 60_000);
  });

  const wrong: Record<string, Change> = {
    'of another issuer': ({ payload }) => Object.assign(payload, { iss: 'https://other.example' }),
    'for another audience': ({ payload }) => Object.assign(payload, { aud: ['web', 'mailx'] }),
    'without an audience': ({ payload }) => delete payload.aud,
    'without an end': ({ payload }) => delete payload.exp,
    'that is over': ({ payload }) => Object.assign(payload, { exp: Date.now() / 1_000 - 61 }),
    'that has not begun': ({ payload }) => Object.assign(payload, { nbf: Date.now() / 1_000 + 90 }),
    'without the claim': ({ payload }) => delete payload.email,
    'with a claim that is a list': ({ payload }) => Object.assign(payload, { email: ['a@b.c'] }),
    'with an address not verified': ({ payload }) =>
      Object.assign(payload, { email_verified: false }),
    'with a key id of a kilobyte': ({ header }) =>
      Object.assign(header, { kid: 'k'.repeat(1_024) }),
    'with a key id that is a path': ({ header }) => Object.assign(header, { kid: '../../etc/x' }),
  };
  for (const [title, change] of Object.entries(wrong)) {
    test(`${title} is refused`, async () => {
      assert.equal(await kindOf(await tokenOf(change)), 'invalid');
    });
  }

  test('is given a minute of skew, both ways', async () => {
    const late = await tokenOf(({ payload }) => {
      Object.assign(payload, { exp: Date.now() / 1_000 - 30 });
    });
    const early = await tokenOf(({ payload }) => {
      Object.assign(payload, { nbf: Date.now() / 1_000 + 30 });
    });
    assert.deepEqual([await kindOf(late), await kindOf(early)], ['valid', 'valid']);
  });

  test('needs the scope that is asked for, as text or as list', async () => {
    const token = await tokenOf();
    assert.equal(await kindOf(token, { scope: 'pop' }), 'valid');
    assert.equal(await kindOf(token, { scope: 'po' }), 'invalid');
    const listed = await tokenOf(({ payload }) => {
      delete payload.scope;
      Object.assign(payload, { scp: ['pop'] });
    });
    assert.equal(await kindOf(listed, { scope: 'pop' }), 'valid');
  });

  test('without a signature, or signed with the public key as a secret, is refused', async () => {
    const [, payload] = (await tokenOf()).split('.');
    const headerOf = (header: object) => Buffer.from(JSON.stringify(header)).toString('base64url');
    assert.equal(await kindOf(`${headerOf({ alg: 'none' })}.${payload}.`), 'invalid');
    const [key] = server.issuer.keys.toJSON();
    assert.ok(key !== undefined);
    const publicKey = createPublicKey({ key: { ...key }, format: 'jwk' });
    const pem = publicKey.export({ type: 'spki', format: 'pem' });
    const signed = `${headerOf({ alg: 'HS256', kid: key.kid })}.${payload}`;
    const forged = `${signed}.${createHmac('sha256', pem).update(signed).digest('base64url')}`;
    assert.equal(await kindOf(forged), 'invalid');
  });

  test('with a critical extension nobody knows is refused', async () => {
    const [, payload] = (await tokenOf()).split('.');
    const [jwk] = server.issuer.keys.toJSON(true);
    assert.ok(jwk !== undefined);
    const key = createPrivateKey({ key: { ...jwk }, format: 'jwk' });
    const signedWith = (extra: object): string => {
      const header = { alg: 'ES256', kid: jwk.kid, ...extra };
      const text = `${Buffer.from(JSON.stringify(header)).toString('base64url')}.${payload}`;
      const signature = sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' });
      return `${text}.${signature.toString('base64url')}`;
    };
    assert.equal(await kindOf(signedWith({})), 'valid');
    assert.equal(await kindOf(signedWith({ crit: ['x'], x: 1 })), 'invalid');
  });

  test('altered or cut anywhere is refused, and nothing throws', async () => {
    const token = await tokenOf();
    const verifier = verifierOf();
    for (let at = 0; at < token.length; at += 7) {
      const altered = `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`;
      // The last characters of a signature can hold bits that nobody reads.
      if (at < token.length - 2) assert.equal((await verifier.verify(altered)).kind, 'invalid');
      assert.equal((await verifier.verify(token.slice(0, at))).kind, 'invalid');
    }
    assert.equal((await verifier.verify('x'.repeat(20_000))).kind, 'invalid');
    assert.equal((await verifier.verify('\u0000..')).kind, 'invalid');
  });
});

test('a verdict is remembered, and ends with its token', async () => {
  let nowMs = Date.now();
  const verifier = verifierOf({}, () => nowMs);
  const token = await tokenOf();
  assert.equal((await verifier.verify(token)).kind, 'valid');
  assert.equal((await verifier.verify(token)).kind, 'valid');
  assert.deepEqual([verifier.hits, verifier.misses], [1, 1]);
  nowMs += 3_700_000;
  assert.equal((await verifier.verify(token)).kind, 'invalid');
});

describe('a provider', () => {
  interface Answer {
    readonly status?: number;
    readonly headers?: Record<string, string>;
    readonly body?: string;
    /** Never answers. */
    readonly silent?: true;
  }
  let asked = 0;
  let received = '';
  let answer: Answer = {};
  const provider = http.createServer((message, response) => {
    asked += 1;
    received = '';
    message.on('data', (bytes) => {
      received += String(bytes);
    });
    message.on('end', () => {
      if (answer.silent) return;
      response.writeHead(answer.status ?? 200, answer.headers).end(answer.body ?? '');
    });
  });
  let origin = '';
  before(async () => {
    await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve));
    origin = `http://127.0.0.1:${(provider.address() as AddressInfo).port}`;
  });
  after(() => {
    provider.closeAllConnections();
    provider.close();
  });
  const keysThere = () => ({ keysUrl: new URL(`${origin}/keys`) });
  const asking = (): Partial<OAuthSettings> => ({
    keysUrl: null,
    introspection: {
      url: new URL(`${origin}/introspect`),
      clientId: 'pop:3',
      clientSecret: 'sec ret',
    },
  });
  const exp = Math.floor(Date.now() / 1_000) + 600;

  const badAnswers: Record<string, Answer> = {
    'that is not there': { status: 404 },
    'that redirects': { status: 302, headers: { location: 'http://127.0.0.1:1/' } },
    'that answers without end': { body: `{"keys":[],"x":"${'y'.repeat(400_000)}"}` },
    'that answers with HTML': { body: '<html>' },
    'that answers with something else': { body: '{"keys":{}}' },
    'that answers with too many keys': {
      body: JSON.stringify({ keys: Array.from({ length: 101 }, () => ({ kty: 'EC' })) }),
    },
  };
  for (const [title, bad] of Object.entries(badAnswers)) {
    test(`${title} is an outage, not a bad token`, async () => {
      answer = bad;
      assert.equal(await kindOf(await tokenOf(), keysThere()), 'unavailable');
    });
  }

  test('that says nothing is given up in time', async () => {
    answer = { silent: true };
    assert.equal(await kindOf(await tokenOf(), keysThere()), 'unavailable');
  });

  test('with other keys does not vouch, and is asked once for many', async () => {
    answer = { body: '{"keys":[]}' };
    const verifier = verifierOf(keysThere());
    const tokens = await Promise.all(Array.from({ length: 20 }, () => tokenOf()));
    asked = 0;
    const verdicts = await Promise.all(tokens.map((token) => verifier.verify(token)));
    assert.ok(verdicts.every(({ kind }) => kind === 'invalid'));
    assert.equal(asked, 1);
    await verifier.verify(await tokenOf());
    assert.equal(asked, 1, 'an unknown key id does not make it ask at once again');
  });

  test('is asked about an opaque token, with our credentials and the token in the body', async () => {
    answer = { body: JSON.stringify({ active: true, exp, email: 'bob@example.org', aud: 'mail' }) };
    const verdict = await verifierOf(asking()).verify('op-aque');
    assert.ok(verdict.kind === 'valid' && verdict.name === 'bob@example.org');
    assert.equal(received, 'token=op-aque&token_type_hint=access_token');
  });

  const inactive: Record<string, object> = {
    'is for nobody in particular': { active: true, exp, email: 'a@example.org' },
    'was given to another client': { active: true, exp, email: 'a@example.org', client_id: 'web' },
    'is not good yet': {
      ...{ active: true, exp, email: 'a@example.org', aud: 'mail' },
      nbf: exp,
    },
    'is a refresh token': {
      ...{ active: true, exp, email: 'a@example.org', aud: 'mail' },
      token_use: 'refresh_token',
    },
    'has an address not verified, in words': {
      ...{ active: true, exp, email: 'a@example.org', aud: 'mail' },
      email_verified: 'false',
    },
    'is not active': { active: false },
    'is over': { active: true, exp: exp - 3_600, email: 'a@example.org' },
    'has no end': { active: true, email: 'a@example.org' },
    'is for someone else': { active: true, exp, email: 'a@example.org', aud: ['web'] },
    'is of another issuer': { active: true, exp, email: 'a@example.org', iss: 'https://o.example' },
  };
  for (const [title, body] of Object.entries(inactive)) {
    test(`refuses an opaque token that ${title}`, async () => {
      answer = { body: JSON.stringify(body) };
      assert.equal(
        await kindOf(`token-${title.replaceAll(' ', '-').replaceAll(',', '')}`, asking()),
        'invalid',
      );
    });
  }

  test('that answers an introspection with nonsense is an outage', async () => {
    answer = { body: '{"active":"yes"}' };
    assert.equal(await kindOf('op-aque-2', asking()), 'unavailable');
    answer = { status: 401 };
    assert.equal(await kindOf('op-aque-3', asking()), 'unavailable');
  });
});

test('settings that would be unsafe are refused with the key', () => {
  const faults: [Partial<OAuthSettings>, RegExp][] = [
    [{ keysUrl: null }, /keysUrl or introspectionUrl/],
    [{ keysUrl: new URL('http://keys.example/') }, /keysUrl must be https/],
    [{ keysUrl: new URL('https://u:p@keys.example/') }, /without a password/],
    [{ algorithms: ['HS256'] }, /algorithms/],
    [{ algorithms: ['none'] }, /algorithms/],
    [{ algorithms: [] }, /algorithms/],
    [{ audiences: [] }, /audience/],
    [{ issuer: '' }, /issuer/],
  ];
  for (const [change, fault] of faults) assert.match(faultOf(settings(change)) ?? '', fault);
  assert.equal(faultOf(settings()), null);
});
