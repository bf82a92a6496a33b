import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unpackSnapshot } from './snapshot-columns.ts';
import type { PackedList } from './statements/list-messages.ts';

function numbers(values: readonly bigint[]): Buffer {
  const column = Buffer.alloc(8 * values.length);
  values.forEach((value, index) => {
    column.writeBigInt64BE(value, 8 * index);
  });
  return column;
}

function sizes(values: readonly number[]): Buffer {
  const column = Buffer.alloc(8 * values.length);
  values.forEach((value, index) => {
    column.writeDoubleBE(value, 8 * index);
  });
  return column;
}

const packed: PackedList = {
  version: 7n,
  messageIds: numbers([1n, 2n ** 40n + 5n]),
  octets: sizes([100, 2 ** 40]),
  wireOctets: sizes([101, 2 ** 40 + 1]),
  headerOctets: sizes([10, 20]),
  guids: Buffer.from(Array.from({ length: 32 }, (_, i) => i)),
  uidlIds: null,
  uidls: null,
};

test('columns become numbers, whole and in order', () => {
  const snapshot = unpackSnapshot(packed);
  assert.deepEqual([...snapshot.messageIds], [1n, 2n ** 40n + 5n]);
  assert.deepEqual([...snapshot.octets], [100, 2 ** 40]);
  assert.deepEqual([...snapshot.wireOctets], [101, 2 ** 40 + 1]);
  assert.deepEqual([...snapshot.headerOctets], [10, 20]);
  assert.equal(snapshot.totalOctets, 100 + 2 ** 40);
  const [first, second] = [0, 1].map((index) =>
    Buffer.concat([
      packed.messageIds.subarray(8 * index, 8 * index + 8),
      packed.guids.subarray(16 * index, 16 * index + 16),
    ]),
  );
  assert.deepEqual(
    Buffer.from(snapshot.identities),
    Buffer.concat([first, second].map((b) => b ?? Buffer.alloc(0))),
  );
});

test('all columns lie in one piece of memory, of 56 octets a message', () => {
  const { messageIds, octets, wireOctets, headerOctets, identities } = unpackSnapshot(packed);
  assert.equal(messageIds.buffer.byteLength, 2 * 56);
  for (const column of [octets, wireOctets, headerOctets, identities]) {
    assert.equal(column.buffer, messageIds.buffer);
  }
});

test('columns that differ in length are refused', () => {
  for (const column of ['octets', 'wireOctets', 'headerOctets', 'guids'] as const) {
    const short = { ...packed, [column]: packed[column].subarray(8) };
    assert.throws(() => unpackSnapshot(short), { code: 'STORE_CORRUPT' }, column);
  }
});
