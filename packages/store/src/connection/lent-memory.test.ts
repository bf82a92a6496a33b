/** Lent memory: what is out never changes, what has come back is used again, and nothing comes back twice. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { lentBlockOctetsMax, lentKeptOctets } from '../limits.ts';
import { LentMemory } from './lent-memory.ts';

test('property: a piece that is out never changes, whatever else is lent and comes back', () => {
  const action = fc.oneof(
    fc.nat(100_000).map((octets) => ({ octets, at: 0 })),
    fc.nat(1_000).map((at) => ({ octets: null, at })),
  );
  fc.assert(
    fc.property(fc.array(action, { maxLength: 200 }), (actions) => {
      const memory = new LentMemory();
      const out: { piece: Buffer; fill: number }[] = [];
      for (const [nth, { octets, at }] of actions.entries()) {
        const fill = nth & 0xff;
        if (octets !== null) out.push({ piece: memory.lend(Buffer.alloc(octets, fill)), fill });
        else {
          const [returned] = out.splice(at % Math.max(out.length, 1), 1);
          if (returned !== undefined) memory.takeBack(returned.piece);
        }
        for (const { piece, fill: was } of out) {
          assert.ok(piece.length === 0 || (piece[0] === was && piece.at(-1) === was));
        }
      }
    }),
    { numRuns: 100 },
  );
});

test('property: a piece that came back is refused for ever, though others have its block', () => {
  const action = fc.record({ kind: fc.constantFrom('lend', 'return', 'again'), at: fc.nat(1_000) });
  fc.assert(
    fc.property(fc.array(action, { minLength: 20, maxLength: 200 }), (actions) => {
      const memory = new LentMemory();
      const out: { piece: Buffer; fill: number }[] = [];
      const returned: Buffer[] = [];
      for (const [nth, { kind, at }] of actions.entries()) {
        const fill = nth & 0xff;
        // All of one size, so that blocks change hands.
        if (kind === 'lend') out.push({ piece: memory.lend(Buffer.alloc(600, fill)), fill });
        else if (kind === 'return') {
          const [one] = out.splice(at % Math.max(out.length, 1), 1);
          if (one === undefined) continue;
          memory.takeBack(one.piece);
          returned.push(one.piece);
        } else {
          const former = returned[at % Math.max(returned.length, 1)];
          if (former !== undefined) assert.throws(() => memory.takeBack(former), RangeError);
        }
        for (const { piece, fill: was } of out)
          assert.deepEqual([piece[0], piece.at(-1)], [was, was]);
      }
      // None of the refusals has taken anything from those who have theirs still.
      for (const { piece } of out) memory.takeBack(piece);
    }),
    { numRuns: 200 },
  );
});

test('a block that came back is used again, for a value of its size', () => {
  const memory = new LentMemory();
  const one = memory.lend(Buffer.alloc(5_000, 1));
  const two = memory.lend(Buffer.alloc(5_000, 2));
  assert.notEqual(one.buffer, two.buffer);
  memory.takeBack(one);
  assert.notEqual(memory.lend(Buffer.alloc(4_000, 3)).buffer, one.buffer);
  const again = memory.lend(Buffer.alloc(8_192, 4));
  assert.equal(again.buffer, one.buffer);
  assert.equal(again.length, 8_192);
  assert.equal(two[0], 2);
});

test('no more is kept than the bound says', () => {
  const memory = new LentMemory();
  const octets = lentBlockOctetsMax;
  const fitting = lentKeptOctets / octets;
  const pieces = Array.from({ length: fitting + 3 }, () => memory.lend(Buffer.alloc(octets)));
  for (const piece of pieces) memory.takeBack(piece);
  const known = new Set(pieces.map(({ buffer }) => buffer));
  const again = Array.from({ length: fitting + 3 }, () => memory.lend(Buffer.alloc(octets)));
  assert.equal(again.filter(({ buffer }) => known.has(buffer)).length, fitting);
});

test('what comes back twice is an error, what was not lent is left alone', () => {
  const memory = new LentMemory();
  const piece = memory.lend(Buffer.alloc(10, 1));
  memory.takeBack(piece);
  assert.throws(() => memory.takeBack(piece), RangeError);
  const large = memory.lend(Buffer.alloc(lentBlockOctetsMax + 1, 3));
  memory.takeBack(large);
  memory.takeBack(Buffer.alloc(10));
  memory.takeBack(memory.lend(Buffer.alloc(0)));
});
