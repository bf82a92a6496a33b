/** What the table remembers, for how long, and what it gives up. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { TagTable } from './tag-table.ts';

const bucketOctets = 192;

/** A table whose clock stands where the test puts it. */
function tableOf(octets: number) {
  const clock = { seconds: 1_000 };
  const memory = TagTable.allocate(octets);
  return { clock, memory, table: new TagTable(memory, () => clock.seconds * 1_000) };
}

/** Tags of small numbers: all of their words are the number. */
function tagOf(number: number): Buffer {
  const tag = Buffer.alloc(16);
  for (let at = 0; at < 16; at += 4) tag.writeInt32LE(number, at);
  return tag;
}

describe('a table of tags', () => {
  test('has what was added until its time is over, and nothing else', () => {
    const { table, clock } = tableOf(1 << 16);
    const [tag, other] = [randomBytes(16), randomBytes(16)];
    assert.equal(table.has(tag), false);
    table.add(tag, 10);
    assert.equal(table.has(tag), true);
    assert.equal(table.has(other), false);
    clock.seconds += 9;
    assert.equal(table.has(tag), true);
    clock.seconds += 1;
    assert.equal(table.has(tag), false);
  });

  test('takes the last word on how long, be it longer or shorter', () => {
    const { table, clock } = tableOf(1 << 16);
    const [longer, shorter, never] = [randomBytes(16), randomBytes(16), randomBytes(16)];
    table.add(longer, 5);
    table.add(longer, 50);
    table.add(shorter, 50);
    table.add(shorter, 5);
    table.add(never, 0);
    assert.equal(table.has(never), false);
    clock.seconds += 10;
    assert.deepEqual([table.has(longer), table.has(shorter)], [true, false]);
  });

  test('every bit of a tag counts', () => {
    const { table } = tableOf(bucketOctets);
    const tag = randomBytes(16);
    table.add(tag, 60);
    for (let bit = 0; bit < 128; bit += 1) {
      const near = Buffer.from(tag);
      near[bit >> 3] = (near[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      assert.equal(table.has(near), false, `bit ${bit}`);
    }
    assert.equal(table.has(tag), true);
  });

  test('gives up what was used longest ago, and what has ended before that', () => {
    const { table, clock } = tableOf(bucketOctets);
    assert.equal(table.tagsMax, 8);
    for (let number = 1; number <= 8; number += 1) {
      table.add(tagOf(number), number === 5 ? 20 : 1_000);
      clock.seconds += 1;
    }
    assert.equal(table.has(tagOf(1)), true, 'used now');
    clock.seconds += 1;
    table.add(tagOf(9), 1_000);
    assert.equal(table.has(tagOf(2)), false, 'the longest unused');
    clock.seconds += 20;
    table.add(tagOf(10), 1_000);
    const there = Array.from({ length: 10 }, (_, index) => index + 1).filter((number) =>
      table.has(tagOf(number)),
    );
    assert.deepEqual(there, [1, 3, 4, 6, 7, 8, 9, 10]);
  });

  test('a table without room keeps nothing', () => {
    const { table, memory } = tableOf(bucketOctets - 1);
    assert.equal(memory.byteLength, 0);
    table.add(tagOf(1), 60);
    assert.equal(table.has(tagOf(1)), false);
  });

  test('two tables over one memory are one table', () => {
    const { table, memory, clock } = tableOf(1 << 14);
    table.add(tagOf(7), 60);
    assert.equal(new TagTable(memory, () => clock.seconds * 1_000).has(tagOf(7)), true);
  });

  test('a tag under the expiry of another does not match', () => {
    const { table, memory, clock } = tableOf(bucketOctets);
    table.add(tagOf(7), 10);
    const words = new Int32Array(memory);
    // As if the writer of another tag had been late with the word that says when it ends.
    Atomics.store(words, 0, clock.seconds + 5_000);
    assert.equal(table.has(tagOf(7)), false);
    clock.seconds += 100;
    assert.equal(table.has(tagOf(7)), false);
  });

  test('property: never more than a plain set with the same times would have', () => {
    const step = fc.record({
      number: fc.integer({ min: 1, max: 40 }),
      seconds: fc.integer({ min: 0, max: 30 }),
      passes: fc.integer({ min: 0, max: 3 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const { table, clock } = tableOf(bucketOctets * 3);
        const ends = new Map<number, number>();
        for (const { number, seconds, passes } of steps) {
          clock.seconds += passes;
          table.add(tagOf(number), seconds);
          if (seconds > 0) {
            ends.set(number, clock.seconds + seconds);
            assert.equal(table.has(tagOf(number)), true);
          }
          for (let other = 1; other <= 40; other += 1) {
            const mayBe = (ends.get(other) ?? 0) > clock.seconds;
            if (!mayBe) assert.equal(table.has(tagOf(other)), false);
          }
        }
      }),
      { numRuns: 200 },
    );
  });
});
