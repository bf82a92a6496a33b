/** Tags are HMACs of delimited fields, whatever was tagged before. */

import assert from 'node:assert/strict';
import { createHmac, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { Tagger } from './tagger.ts';

const fields = fc.array(
  fc.oneof(fc.string({ unit: 'grapheme' }), fc.uint8Array({ maxLength: 300 })),
  {
    maxLength: 6,
  },
);

function plainly(key: Uint8Array, parts: readonly (string | Uint8Array)[]): Buffer {
  const hmac = createHmac('sha256', key);
  for (const part of parts) {
    const octets = Buffer.from(part);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(octets.length);
    hmac.update(length).update(octets);
  }
  return hmac.digest();
}

test('property: a tag is the HMAC-SHA-256 of the fields, each behind its length', () => {
  const key = randomBytes(32);
  const tagger = new Tagger(key);
  fc.assert(
    fc.property(fields, (parts) => {
      assert.deepEqual(tagger.tag(parts), plainly(key, parts));
    }),
    { numRuns: 500 },
  );
});

test('fields longer than the buffer are tagged as well, and leave the next tag alone', () => {
  const key = randomBytes(64);
  const tagger = new Tagger(key);
  for (const octets of [2039, 2040, 2041, 5000, 3]) {
    const parts = ['x', randomBytes(octets)];
    assert.deepEqual(tagger.tag(parts), plainly(key, parts), `${octets} octets`);
  }
});

test('no boundary between fields can be moved', () => {
  const tagger = new Tagger(randomBytes(32));
  const tags = [['ab', 'c'], ['a', 'bc'], ['abc'], ['abc', ''], ['', 'abc']].map((parts) =>
    tagger.tag(parts).toString('hex'),
  );
  assert.equal(new Set(tags).size, tags.length);
});

test('a key has a block at most', () => {
  assert.throws(() => new Tagger(new Uint8Array(65)), RangeError);
});
