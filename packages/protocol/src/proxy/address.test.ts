/** Addresses: what is one, what only looks like one, and the one way to write it. */

import assert from 'node:assert/strict';
import { isIPv4, isIPv6 } from 'node:net';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parseDecimal, parseIPv4, parseIPv6, printIPv4, printIPv6 } from './address.ts';

function rewritten(text: string): string | null {
  const octets = parseIPv6(text);
  return octets === null ? null : printIPv6(octets);
}

describe('addresses', () => {
  test('decimal numbers have no sign, no leading zero and a bound', () => {
    for (const [text, value] of [
      ['0', 0],
      ['7', 7],
      ['65535', 65_535],
    ] as const) {
      assert.equal(parseDecimal(text, 65_535), value);
    }
    for (const text of ['', '00', '01', '+1', '-1', '1e3', ' 1', '1 ', '0x1', '65536', '100000']) {
      assert.equal(parseDecimal(text, 65_535), null, text);
    }
  });

  test('IPv4 is four numbers, and nothing that inet_aton would guess', () => {
    assert.deepEqual(parseIPv4('192.0.2.255'), Uint8Array.of(192, 0, 2, 255));
    for (const text of [
      '',
      '1',
      '1.2.3',
      '1.2.3.4.5',
      '1.2.3.256',
      '01.2.3.4',
      '1.2.3.',
      '.1.2.3',
    ]) {
      assert.equal(parseIPv4(text), null, text);
    }
    for (const text of ['0x7f.0.0.1', '127.1', '1.2.3.4/8', '1.2.3.4 ', '１.2.3.4', '1..2.3']) {
      assert.equal(parseIPv4(text), null, text);
    }
  });

  test('IPv6 in its three forms, written as RFC 5952 asks', () => {
    const forms: Record<string, string> = {
      '2001:DB8:0:0:8:800:200C:417A': '2001:db8::8:800:200c:417a',
      '2001:db8:0:1:1:1:1:1': '2001:db8:0:1:1:1:1:1',
      '2001:0:0:1:0:0:0:1': '2001:0:0:1::1',
      '2001:db8:0:0:1:0:0:1': '2001:db8::1:0:0:1',
      '::': '::',
      '::1': '::1',
      '1::': '1::',
      '1:2:3:4:5:6:7::': '1:2:3:4:5:6:7:0',
      '::2:3:4:5:6:7:8': '0:2:3:4:5:6:7:8',
      '0001:0002:0003:0004:0005:0006:0007:0008': '1:2:3:4:5:6:7:8',
      '::ffff:192.0.2.7': '::ffff:192.0.2.7',
      '::FFFF:C000:207': '::ffff:192.0.2.7',
      '64:ff9b::192.0.2.33': '64:ff9b::c000:221',
      '0:0:0:0:0:fffe:0:0': '::fffe:0:0',
      '1:0:0:0:0:ffff:1:1': '1::ffff:1:1',
    };
    for (const [text, canonical] of Object.entries(forms)) {
      assert.equal(rewritten(text), canonical, text);
    }
  });

  test('what is not IPv6', () => {
    for (const text of [
      ...['', ':', ':::', '1', '1:2', '1::2::3', '1:::2', ':1::2', '1::2:', '12345::', 'g::'],
      ...['1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', '1:2:3:4:5:6:7:8::', '::1:2:3:4:5:6:7:8'],
      ...['1.2.3.4::', '::1.2.3.4:1', '::1.2.3', '::01.2.3.4', '1:2:3:4:5:6:7:1.2.3.4'],
      ...['fe80::1%eth0', '[::1]', '::1/128', ' ::1', '::1 ', '::0x1', '::+1'],
    ]) {
      assert.equal(parseIPv6(text), null, text);
    }
  });

  test('whatever octets: what is printed is read back, and is what it was', () => {
    const octet = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 255 }));
    const octets = (count: number) => fc.uint8Array({ minLength: count, maxLength: count });
    const sparse = fc.array(octet, { minLength: 16, maxLength: 16 });
    fc.assert(
      fc.property(octets(4), sparse, (four, sixteen) => {
        assert.deepEqual(parseIPv4(printIPv4(four)), four);
        const bytes = Uint8Array.from(sixteen);
        assert.deepEqual(parseIPv6(printIPv6(bytes)), bytes);
        assert.ok(isIPv6(printIPv6(bytes)));
      }),
    );
  });

  test('whatever text: nothing is read that Node would not call an address', () => {
    const like = fc.string({ unit: fc.constantFrom(...'0123456789abF:.'), maxLength: 24 });
    fc.assert(
      fc.property(fc.oneof(fc.ipV6(), fc.ipV4(), like), (text) => {
        assert.equal(parseIPv4(text) !== null, isIPv4(text), text);
        assert.equal(parseIPv6(text) !== null, isIPv6(text), text);
      }),
      { numRuns: 2_000 },
    );
  });
});
