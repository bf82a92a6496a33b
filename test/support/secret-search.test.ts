/** A secret is found in every form, and nothing where there is none. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { SecretSearch } from './secret-search.ts';

test('in the clear, in hexadecimal, percent-encoded, in base64 at any place', () => {
  const search = new SecretSearch();
  search.add('it', 'open "sesame" ÿ?>~');
  const secret = 'open "sesame" ÿ?>~';
  const octets = Buffer.from(secret);
  for (const text of [
    `PASS ${secret}`,
    JSON.stringify({ secret }),
    octets.toString('hex'),
    octets.toString('hex').toUpperCase(),
    encodeURIComponent(secret),
    inspect(octets),
    JSON.stringify(octets),
    JSON.stringify(new Uint8Array(octets)),
    ...['', 'a', 'ab', 'abc'].flatMap((before) =>
      ['', 'z', 'zy'].flatMap((behind) => {
        const all = Buffer.from(`${before}${secret}${behind}`);
        return [all.toString('base64'), all.toString('base64url')];
      }),
    ),
  ]) {
    assert.ok(search.foundIn(`before ${text} behind`).length > 0, text);
  }
  assert.deepEqual(search.foundIn('open sesame, 6f70656e, b3Blbg=='), []);
  assert.throws(() => search.add('short', 'secret'), /too short/);
});
