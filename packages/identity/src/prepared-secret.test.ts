/** RFC 8265 §4.2, and what happens to secrets that are not in its form. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { hash } from '@node-rs/argon2';
import fc from 'fast-check';
import { secretOctetsMax } from './limits.ts';
import { hashPassword } from './password.ts';
import { hasControlCharacter, preparedSecret } from './prepared-secret.ts';
import { Verifier } from './verifier.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const prepared = (text: string) => Buffer.from(preparedSecret(bytes(text))).toString();

describe('the prepared form', () => {
  test('is the examples of RFC 8265 §4.3', () => {
    assert.equal(prepared('correct horse battery staple'), 'correct horse battery staple');
    assert.equal(prepared('Correct Horse Battery Staple'), 'Correct Horse Battery Staple');
    assert.equal(prepared('πßå'), 'πßå');
    assert.equal(prepared('Jack of ♦s'), 'Jack of ♦s');
    assert.equal(prepared('foo\u{1680}bar'), 'foo bar');
  });

  test('composes, keeps width and case, and makes every space one', () => {
    assert.equal(prepared('cafe\u0301'), 'caf\u00e9');
    assert.equal(prepared('\u212b'), '\u00c5');
    assert.equal(prepared('\uff21\ufb01'), '\uff21\ufb01', 'NFKC would change these');
    const spaces = [0xa0, 0x1680, 0x2000, 0x2003, 0x200a, 0x202f, 0x205f, 0x3000];
    assert.equal(prepared(String.fromCodePoint(...spaces)), ' '.repeat(spaces.length));
    assert.equal(prepared('é\u2028\u200b'), 'é\u2028\u200b', 'no spaces, whatever their names');
    assert.equal(prepared('\ufeffx'), '\ufeffx', 'nor is a byte order mark dropped');
  });

  test('property: it is stable, and of no other octets than text beyond ASCII', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const once = preparedSecret(bytes(text));
        assert.equal(preparedSecret(once), once);
      }),
    );
    const ascii = fc.array(fc.integer({ max: 0x7f, min: 0 }));
    fc.assert(
      fc.property(fc.oneof(ascii, fc.array(fc.constantFrom(0xff, 0xe9, 0x20, 0xa0))), (octets) => {
        const secret = new Uint8Array(octets);
        assert.equal(preparedSecret(secret), secret);
      }),
    );
  });

  test('control characters are seen in text, and in nothing else', () => {
    for (const text of ['a\tb', '\u007f', '\0', 'é\u0085', 'é\n']) {
      assert.equal(hasControlCharacter(bytes(text)), true, JSON.stringify(text));
    }
    for (const text of ['a b', 'é\u00a0', '❤\ufe0f', '\u200d']) {
      assert.equal(hasControlCharacter(bytes(text)), false, JSON.stringify(text));
    }
    assert.equal(hasControlCharacter(new Uint8Array([0xff, 9, 0x85])), false);
  });
});

describe('a secret that is not in its prepared form', () => {
  const composed = 'caf\u00e9 au lait';
  const decomposed = 'cafe\u0301\u00a0au lait';
  const verifier = new Verifier();
  const verdictOf = async (secret: Uint8Array, stored: string | null) =>
    (await verifier.verify(secret, stored === null ? [] : [stored], 'test')).verdict;

  test('is the same password as the one that is', async () => {
    for (const given of [composed, decomposed]) {
      const stored = await hashPassword(bytes(given));
      assert.equal(await verdictOf(bytes(composed), stored), 'match');
      assert.equal(await verdictOf(bytes(decomposed), stored), 'match');
      assert.equal(await verdictOf(bytes('cafe au lait'), stored), 'no-match');
    }
  });

  test('matches a hash that was made elsewhere of its own octets', async () => {
    const stored = await hash(bytes(decomposed), { memoryCost: 4096 });
    assert.equal(await verdictOf(bytes(decomposed), stored), 'match');
    assert.equal(await verdictOf(bytes(composed), stored), 'no-match');
    const raw = new Uint8Array([0x63, 0xe9]);
    assert.equal(await verdictOf(raw, await hash(raw, { memoryCost: 4096 })), 'match');
  });

  test('is refused when it has control characters or grows too long', async () => {
    await assert.rejects(hashPassword(bytes('a\tb')), /control/);
    await assert.rejects(hashPassword(bytes('é\u0080')), /control/);
    // U+FB2C has three octets, and six when composed (it is excluded from composition).
    const growing = '\ufb2c'.repeat(Math.floor(secretOctetsMax / 3));
    assert.ok(preparedSecret(bytes(growing)).length > secretOctetsMax);
    await assert.rejects(hashPassword(bytes(growing)), RangeError);
    const stored = await hash(bytes(growing), { memoryCost: 4096 });
    assert.equal(await verdictOf(bytes(growing), stored), 'match', 'as it came');
  });

  test('costs two computations, whether there is such a name or not', async () => {
    const stored = await hashPassword(bytes('x'));
    const timesMs = new Map<string | null, number[]>();
    // In turn, so that a busy machine is as busy for each.
    for (let turn = 0; turn < 11; turn += 1) {
      for (const record of [stored, null, 'nonsense']) {
        const before = performance.now();
        await verdictOf(bytes(decomposed), record);
        timesMs.set(record, [...(timesMs.get(record) ?? []), performance.now() - before]);
      }
    }
    const [known = 0, ...others] = [...timesMs.values()].map(
      (times) => times.sort((one, other) => one - other)[5] ?? 0,
    );
    for (const other of others) {
      assert.ok(other > known / 1.6 && other < known * 1.6, `${other} ms against ${known} ms`);
    }
  });
});
