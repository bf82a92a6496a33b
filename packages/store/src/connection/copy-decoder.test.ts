import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { StoreError } from '../errors.ts';
import { CopyDecoder } from './copy-decoder.ts';

const header = Buffer.concat([Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'), Buffer.alloc(8)]);
const trailer = Buffer.from([0xff, 0xff]);

function row(value: Uint8Array | null): Buffer {
  const head = Buffer.from([0, 1, 0, 0, 0, 0]);
  head.writeInt32BE(value === null ? -1 : value.length, 2);
  return Buffer.concat([head, value ?? Buffer.alloc(0)]);
}

function decode(bytes: Buffer, cuts: readonly number[]): { value: Buffer; decoder: CopyDecoder } {
  const pieces: Buffer[] = [];
  const decoder = new CopyDecoder((piece) => pieces.push(piece));
  const points = [...cuts.map((cut) => cut % bytes.length), bytes.length].sort((a, b) => a - b);
  let at = 0;
  for (const point of points) {
    decoder.receive(bytes.subarray(at, point));
    at = point;
  }
  return { value: Buffer.concat(pieces), decoder };
}

test('the values come out of any cut', () => {
  const values = fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 5 });
  fc.assert(
    fc.property(values, fc.array(fc.nat(), { maxLength: 10 }), (rows, cuts) => {
      const { value, decoder } = decode(Buffer.concat([header, ...rows.map(row), trailer]), cuts);
      assert.deepEqual(value, Buffer.concat(rows));
      assert.equal(decoder.rows, rows.length);
      assert.equal(decoder.complete, true);
    }),
  );
});

test('what breaks off is not complete', () => {
  const whole = Buffer.concat([header, row(Buffer.from('abc')), trailer]);
  for (let octets = 1; octets < whole.length; octets += 1) {
    assert.equal(decode(whole.subarray(0, octets), []).decoder.complete, false);
  }
});

test('a null value has no bytes', () => {
  const { value, decoder } = decode(Buffer.concat([header, row(null), trailer]), []);
  assert.equal(value.length, 0);
  assert.equal(decoder.rows, 1);
});

test('another format is refused', () => {
  assert.throws(() => decode(Buffer.alloc(40), []), StoreError);
});
