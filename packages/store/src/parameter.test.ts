import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { StoreError } from './errors.ts';
import { int8Array, uuidArray } from './parameter.ts';

const headerOctets = 20;

/** The octets of each element behind its length. */
function elements(array: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = headerOctets; at < array.length; ) {
    const octets = array.readInt32BE(at);
    found.push(array.subarray(at + 4, at + 4 + octets));
    at += 4 + octets;
  }
  return found;
}

test('integers are 64 bits, whether they came as text or not', () => {
  const integers = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
  const few = fc.bigInt({ min: 0n, max: 10n ** 16n });
  fc.assert(
    fc.property(fc.array(fc.oneof(integers, few)), (values) => {
      const asText = int8Array(values.map(String));
      assert.deepEqual(asText, int8Array(values));
      const read = values.length === 0 ? [] : elements(asText).map((one) => one.readBigInt64BE());
      assert.deepEqual(read, values);
    }),
  );
});

test('what is no 64-bit integer is refused', () => {
  const bad = ['', ' 1', '1 ', '+1', '1.0', '1e3', '0x1', '-', '9223372036854775808', '１'];
  for (const text of bad) {
    assert.throws(() => int8Array([text]), StoreError, JSON.stringify(text));
  }
});

test('a UUID is its sixteen octets', () => {
  fc.assert(
    fc.property(fc.array(fc.uuid(), { minLength: 1 }), (uuids) => {
      const expected = uuids.map((uuid) => Buffer.from(uuid.replaceAll('-', ''), 'hex'));
      assert.deepEqual(elements(uuidArray(uuids)), expected);
    }),
  );
});

test('what PostgreSQL would write in another way, or not read, is refused', () => {
  const good = '01234567-89ab-cdef-0123-456789abcdef';
  assert.equal(elements(uuidArray([good])).length, 1);
  const bad = [
    ...[good.toUpperCase(), `${good}0`, good.slice(1), `{${good}}`, good.replaceAll('-', '')],
    good.replace('-', '_'),
    '0123456-789ab-cdef-0123-456789abcdef',
    good.replace('f', 'g'),
    good.replace('f', 'Ŧ'),
    '',
  ];
  for (const text of bad) assert.throws(() => uuidArray([text]), StoreError, text);
});
