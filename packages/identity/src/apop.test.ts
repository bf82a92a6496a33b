/** The example of RFC 1939, and secrets that are none. */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { verifyApop } from './apop.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const timestamp = '<1896.697170952@dbc.mtview.ca.us>';
const digest = 'c4c9334bac560ecc979e58001b3e22fb';

test('the example of RFC 1939 §7', () => {
  assert.equal(verifyApop(bytes('tanstaaf'), timestamp, digest), true);
  assert.equal(verifyApop(bytes('tanstaaf'), timestamp, digest.toUpperCase()), true);
  assert.equal(verifyApop(bytes('tanstaaf'), timestamp.slice(1), digest), false);
  assert.equal(verifyApop(bytes('tanstaag'), timestamp, digest), false);
});

test('V48: an empty or missing secret never matches, not even its own digest', () => {
  const md5 = (text: string) => createHash('md5').update(text).digest('hex');
  for (const secret of [null, new Uint8Array(0)]) {
    for (const tail of ['', '-', 'null', '\0']) {
      assert.equal(verifyApop(secret, timestamp, md5(timestamp + tail)), false);
    }
  }
});

test('a digest has 32 hexadecimal digits', () => {
  const secret = bytes('tanstaaf');
  for (const wrong of [
    '',
    digest.slice(1),
    `${digest}0`,
    `${digest}\n`,
    'x'.repeat(32),
    `${digest.slice(2)} c4`,
  ]) {
    assert.equal(verifyApop(secret, timestamp, wrong), false, wrong);
  }
  assert.equal(verifyApop(secret, 'x'.repeat(513), digest), false);
});
