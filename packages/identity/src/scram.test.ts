/** The conversations in RFC 5802 and RFC 7677, and what must not be proved. */

import assert from 'node:assert/strict';
import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  decoyScramSecret,
  makeScramSecret,
  parseScramSecret,
  type ScramHash,
  verifyScramProof,
} from './scram.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const fromBase64 = (text: string) => Buffer.from(text, 'base64');

const conversations = [
  {
    hash: 'sha1',
    salt: 'QSXCR+Q6sek8bf92',
    authMessage:
      'n=user,r=fyko+d2lbbFgONRv9qkxdawL,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096,c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j',
    proof: 'v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=',
    signature: 'rmF9pqV8S7suAoZWja4dJRkFsKQ=',
  },
  {
    hash: 'sha256',
    salt: 'W22ZaJ0SNY7soEsUEjb6gQ==',
    authMessage:
      'n=user,r=rOprNGfwEbeRWgbNEkqO,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0',
    proof: 'dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
    signature: '6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
  },
] as const;

async function secretOf(options: Parameters<typeof makeScramSecret>[0]) {
  const secret = parseScramSecret((await makeScramSecret(options)) ?? '');
  assert.ok(secret !== null);
  return secret;
}

test('the conversations of the RFCs', async () => {
  for (const { hash, salt, authMessage, proof, signature } of conversations) {
    const secret = await secretOf({ hash, password: bytes('pencil'), salt: fromBase64(salt) });
    assert.equal(secret.iterations, 4096);
    const verify = (change: Partial<Parameters<typeof verifyScramProof>[0]>) =>
      verifyScramProof({ secret, authMessage, proof: fromBase64(proof), ...change });
    assert.equal(Buffer.from(verify({}) ?? []).toString('base64'), signature);
    assert.equal(verify({ authMessage: `${authMessage} ` }), null);
    assert.equal(verify({ authMessage: 'x'.repeat(65_537) }), null);
    for (let at = 0; at < fromBase64(proof).length; at += 1) {
      const wrong = fromBase64(proof);
      wrong[at] = (wrong[at] ?? 0) ^ 1;
      assert.equal(verify({ proof: wrong }), null);
    }
    assert.equal(verify({ proof: fromBase64(proof).subarray(1) }), null);
    assert.equal(verify({ proof: new Uint8Array(0) }), null);
    const other = await secretOf({ hash, password: bytes('pencils'), salt: fromBase64(salt) });
    assert.equal(verify({ secret: other }), null);
  }
});

test('a client that computes for itself is believed', async () => {
  const password = 'Ⅸ\u00adpässwörd';
  for (const hash of ['sha1', 'sha256'] as const) {
    const secret = await secretOf({ hash, password: bytes(password), iterations: 5000 });
    const octets = hash === 'sha1' ? 20 : 32;
    const prepared = 'IXpässwörd';
    const salted = pbkdf2Sync(prepared, secret.salt, secret.iterations, octets, hash);
    const clientKey = createHmac(hash, salted).update('Client Key').digest();
    const storedKey = createHash(hash).update(clientKey).digest();
    const signature = createHmac(hash, storedKey).update('message').digest();
    const proof = clientKey.map((octet, at) => octet ^ (signature[at] ?? 0));
    assert.ok(verifyScramProof({ secret, authMessage: 'message', proof }) !== null);
    assert.equal(verifyScramProof({ secret, authMessage: 'massage', proof }), null);
  }
});

test('what SASLprep prohibits, and what is no UTF-8, cannot be a password', async () => {
  for (const password of ['', 'a\u0007', '\u00ad', 'a\u0627', '\ue000']) {
    const made = await makeScramSecret({ hash: 'sha256', password: bytes(password) });
    assert.equal(made, null, JSON.stringify(password));
  }
  const octets = new Uint8Array([0xff, 0xfe]);
  assert.equal(await makeScramSecret({ hash: 'sha256', password: octets }), null);
  const long = new Uint8Array(1025).fill(0x61);
  assert.equal(await makeScramSecret({ hash: 'sha256', password: long }), null);
});

test('costs are bounded both ways', async () => {
  const password = bytes('x');
  for (const iterations of [0, 1, 4095, 4096.5, 1_000_001, Number.NaN]) {
    await assert.rejects(makeScramSecret({ hash: 'sha1', password, iterations }), RangeError);
  }
  await assert.rejects(
    makeScramSecret({ hash: 'sha1', password, salt: new Uint8Array(7) }),
    RangeError,
  );
  const made = (await makeScramSecret({ hash: 'sha256', password })) ?? '';
  assert.notEqual(made, await makeScramSecret({ hash: 'sha256', password }), 'a fresh salt');
  assert.ok(parseScramSecret(made) !== null);
  for (const iterations of ['4095', '1000001', '9999999', '99999999', '04096', '-1', '1e4']) {
    assert.equal(parseScramSecret(made.replace('4096', iterations)), null, iterations);
  }
  for (const text of ['', made.slice(15), `${made}=`, `${made}\n`, made.replace('256', '1')]) {
    assert.equal(parseScramSecret(text), null, text);
  }
});

test('unknown names have a salt of their own, always the same, and no password', async () => {
  const key = randomBytes(32);
  const decoy = (name: string, hash: ScramHash = 'sha256') => decoyScramSecret({ hash, name, key });
  assert.deepEqual(decoy('a'), decoy('a'));
  assert.notDeepEqual(decoy('a').salt, decoy('b').salt);
  assert.notDeepEqual(decoy('a').salt, decoy('a', 'sha1').salt);
  const other = decoyScramSecret({ hash: 'sha256', name: 'a', key: randomBytes(32) });
  assert.notDeepEqual(decoy('a').salt, other.salt);
  for (const hash of ['sha1', 'sha256'] as const) {
    const real = await secretOf({ hash, password: bytes('x') });
    const shape = ({ salt, storedKey, serverKey, iterations }: typeof real) =>
      [salt, storedKey, serverKey].map(({ length }) => length).concat(iterations);
    assert.deepEqual(shape(decoy('a', hash)), shape(real), 'looks like a new one');
    const proof = new Uint8Array(hash === 'sha1' ? 20 : 32);
    assert.equal(verifyScramProof({ secret: decoy('a', hash), authMessage: 'm', proof }), null);
  }
});

test('property: no stored string makes reading throw', () => {
  const part = fc.constantFrom('{SCRAM-SHA-1}', '{SCRAM-SHA-256}', '4096', ',', '=', 'AAAA', '+');
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(part, { maxLength: 20 }).map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(text, (stored) => {
      parseScramSecret(stored);
    }),
  );
});
