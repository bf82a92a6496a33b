/** Output: in order, packed when small, by reference when large, never written to when taken. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { slabOctets, slabsKeptMax } from '../limits.ts';
import { textOf } from '../pop3/testing/memory-maildrop.ts';
import { ReplyBuffer } from './reply-buffer.ts';

test('small pieces leave as one', () => {
  const output = new ReplyBuffer();
  output.append('+OK one\r\n');
  output.append(Uint8Array.of(0x2e, 0x0d, 0x0a));
  assert.equal(output.pendingOctets, 12);
  const [only, ...others] = output.take();
  assert.ok(only !== undefined);
  assert.equal(textOf(only), '+OK one\r\n.\r\n');
  assert.equal(others.length, 0);
  assert.equal(output.pendingOctets, 0);
  assert.deepEqual(output.take(), []);
});

test('a piece over 8 KiB is passed on by reference, in its place', () => {
  const output = new ReplyBuffer();
  const large = new Uint8Array(8_193);
  output.append('before');
  output.append(large);
  output.append('behind');
  const parts = output.take();
  assert.equal(parts.length, 3);
  assert.equal(parts[1], large);
});

test('what is dropped is gone', () => {
  const output = new ReplyBuffer();
  output.append('x'.repeat(3_000));
  output.clear();
  assert.equal(output.pendingOctets, 0);
  assert.deepEqual(output.take(), []);
});

test('what was written is used again, by whoever speaks next, and kept up to a bound', () => {
  const buffers = Array.from({ length: slabsKeptMax + 2 }, () => new ReplyBuffer());
  const said = buffers.map((buffer) => {
    buffer.append('+OK\r\n');
    return buffer.take()[0]?.buffer;
  });
  assert.equal(new Set(said).size, buffers.length, 'each has its own while it is not written');
  for (const buffer of buffers) buffer.reuse();
  const again = buffers.map((buffer) => {
    buffer.append('-ERR\r\n');
    return buffer.take()[0]?.buffer;
  });
  assert.equal(again.filter((memory) => said.includes(memory)).length, slabsKeptMax);
  for (const buffer of buffers) buffer.forget();
});

test('a text longer than a slab leaves whole, and its memory is not kept', () => {
  const output = new ReplyBuffer();
  const long = 'x'.repeat(slabOctets + 1);
  output.append(long);
  const [part] = output.take();
  assert.ok(part !== undefined);
  assert.equal(textOf(part), long);
  output.reuse();
  output.append('y');
  assert.notEqual(output.take()[0]?.buffer, part.buffer);
});

test('property: everything comes out once and in order, and taken parts never change', () => {
  const action = fc.oneof(
    fc.string({ unit: 'grapheme-ascii', maxLength: 600 }),
    fc.constant('y'.repeat(5_000)),
    fc.nat(20_000).map((octets) => new Uint8Array(octets).fill(octets & 0x7f)),
    fc.constant('take' as const),
    fc.constant('written' as const),
    fc.constant('kept' as const),
  );
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
      const output = new ReplyBuffer();
      // Another one of the thread, with which slabs are shared.
      const neighbour = new ReplyBuffer();
      const taken: { part: Uint8Array; was: string }[] = [];
      const kept: { part: Uint8Array; was: string }[] = [];
      const take = (): void => {
        for (const part of output.take()) taken.push({ part, was: textOf(part) });
      };
      let expected = '';
      let said = '';
      let pending = 0;
      for (const piece of actions) {
        neighbour.append('z'.repeat(3_000));
        if (piece === 'take') {
          take();
          pending = 0;
        } else if (piece === 'written') {
          // Until then they must not have changed, however much was said.
          for (const { part, was } of taken.splice(0)) {
            assert.equal(textOf(part), was);
            said += was;
          }
          output.reuse();
        } else if (piece === 'kept') {
          for (const { was } of taken) said += was;
          kept.push(...taken.splice(0));
          output.forget();
        } else {
          output.append(piece);
          expected += typeof piece === 'string' ? piece : textOf(piece);
          pending += piece.length;
        }
        assert.equal(output.pendingOctets, pending);
      }
      take();
      assert.equal(said + taken.map(({ was }) => was).join(''), expected);
      for (const { part, was } of [...taken, ...kept]) assert.equal(textOf(part), was);
    }),
    { numRuns: 300 },
  );
});
