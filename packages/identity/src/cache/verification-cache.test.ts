/** Whose secret the cache knows, and for how long (fault families V51 and V52). */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { TagTable } from './tag-table.ts';
import { VerificationCache } from './verification-cache.ts';

const secret = Buffer.from('sesame');

function cacheOf({ seconds = 3_600, octets = 1 << 16 } = {}) {
  const clock = { seconds: 5 };
  const parts = { memory: TagTable.allocate(octets), key: randomBytes(32), seconds };
  const open = (key = parts.key): VerificationCache =>
    new VerificationCache({ ...parts, key, clock: () => clock.seconds * 1_000 });
  return { clock, cache: open(), open };
}

describe('the verification cache', () => {
  test('knows this secret of this mailbox at this version, and no other', () => {
    const { cache } = cacheOf();
    assert.equal(cache.matched('m1', '7', secret), false);
    cache.remember({ mailboxId: 'm1', version: '7', secret });
    assert.equal(cache.matched('m1', '7', Buffer.from('sesame')), true);
    const others: [mailboxId: string, version: string, secret: string][] = [
      ['m1', '7', 'sesamE'],
      ['m1', '7', 'sesame '],
      ['m1', '7', ''],
      ['m2', '7', 'sesame'],
      ['m1', '8', 'sesame'],
      ['m1', '6', 'sesame'],
      ['m', '17', 'sesame'],
      ['m17', '', 'sesame'],
      ['', 'm17', 'sesame'],
    ];
    for (const [mailboxId, version, other] of others) {
      assert.equal(
        cache.matched(mailboxId, version, Buffer.from(other)),
        false,
        [mailboxId, version, other].join(' '),
      );
    }
  });

  test('an empty secret is not stored', () => {
    const { cache } = cacheOf();
    cache.remember({ mailboxId: 'm1', version: '7', secret: Buffer.alloc(0) });
    assert.equal(cache.matched('m1', '7', Buffer.alloc(0)), false);
  });

  test('a fact ends with its time, or with its credential if that is sooner', () => {
    const { cache, clock } = cacheOf({ seconds: 100 });
    cache.remember({ mailboxId: 'm1', version: '7', secret });
    cache.remember({ mailboxId: 'm2', version: '7', secret, secondsMax: 10 });
    cache.remember({ mailboxId: 'm3', version: '7', secret, secondsMax: 1_000 });
    clock.seconds += 10;
    assert.equal(cache.matched('m2', '7', secret), false);
    assert.equal(cache.matched('m1', '7', secret), true);
    clock.seconds += 90;
    assert.equal(cache.matched('m1', '7', secret), false);
    assert.equal(cache.matched('m3', '7', secret), false);
  });

  test('all who share the memory and the key share the facts; another key knows none', () => {
    const { cache, open } = cacheOf();
    cache.remember({ mailboxId: 'm1', version: '7', secret });
    assert.equal(open().matched('m1', '7', secret), true);
    assert.equal(open(randomBytes(32)).matched('m1', '7', secret), false);
  });

  test('it can be switched off by its time and by its size', () => {
    for (const settings of [{ seconds: 0 }, { octets: 0 }]) {
      const { cache } = cacheOf(settings);
      cache.remember({ mailboxId: 'm1', version: '7', secret });
      assert.equal(cache.matched('m1', '7', secret), false);
    }
  });
});
