/** BASE64, UTF-8 and decimal numbers, against what the run time says and against the strict rules. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { octetsOf, textOf } from '../pop3/testing/memory-maildrop.ts';
import { writeDecimal } from './ascii.ts';
import { decodeBase64, encodeBase64 } from './base64.ts';
import { decodePrintable } from './utf8.ts';

describe('base64', () => {
  test('property: what is encoded is what the run time encodes, and decodes to itself', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        const text = encodeBase64(bytes);
        assert.equal(textOf(text), Buffer.from(bytes).toString('base64'));
        assert.deepEqual(decodeBase64(text), Uint8Array.from(bytes));
      }),
    );
  });

  test('RFC 4648 §3: what is not strictly BASE64 is refused', () => {
    const wrong = [
      '=',
      '==',
      '====',
      'A',
      'AA',
      'AAA',
      'A===',
      '=AAA',
      'AA=A',
      'AAA=BBB',
      'AAA=BBBB',
    ];
    wrong.push(
      'AA A',
      'AAAA ',
      ' AAAA',
      'AA\r\n',
      'AA-_',
      'AA*A',
      'AAA\0',
      'AAA\xff',
      '='.repeat(1_000),
    );
    wrong.push('AAAA====', 'AA==AAAA');
    for (const text of wrong)
      assert.equal(decodeBase64(octetsOf(text)), null, JSON.stringify(text));
  });

  test('nothing is the encoding of nothing, and surplus bits are not looked at', () => {
    assert.deepEqual(decodeBase64(octetsOf('')), new Uint8Array(0));
    assert.deepEqual(decodeBase64(octetsOf('QR==')), Uint8Array.of(0x41));
    assert.deepEqual(decodeBase64(octetsOf('QUJ=')), Uint8Array.of(0x41, 0x42));
  });
});

describe('utf8', () => {
  test('property: a text without control characters comes back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
        fc.pre(!/[\u0000-\u001f\u007f-\u009f]/.test(text));
        assert.equal(decodePrintable(new TextEncoder().encode(text)), text);
      }),
    );
  });

  test('property: any octets are decoded as the run time decodes them, or refused', () => {
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    const tricky = fc.constantFrom(
      0x41,
      0x80,
      0xbf,
      0xc0,
      0xc2,
      0xe0,
      0xed,
      0xa0,
      0xf0,
      0xf4,
      0x90,
      0xff,
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(tricky, fc.nat(255)), { maxLength: 6 }), (octets) => {
        const bytes = Uint8Array.from(octets);
        let expected: string | null = null;
        try {
          expected = decoder.decode(bytes);
        } catch {
          // Not UTF-8: to be refused.
        }
        // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
        if (expected !== null && /[\u0000-\u001f\u007f-\u009f]/.test(expected)) expected = null;
        assert.equal(decodePrintable(bytes), expected);
      }),
      { numRuns: 3_000 },
    );
  });

  test('RFC 3629 §3: overlong forms, surrogates, cut and stray octets are refused', () => {
    const wrong = ['\xc0\x80', '\xc1\xbf', '\xe0\x80\x80', '\xe0\x9f\xbf', '\xf0\x80\x80\x80'];
    wrong.push('\xed\xa0\x80', '\xed\xbf\xbf', '\xf4\x90\x80\x80', '\xf8\x88\x80\x80\x80', '\xff');
    wrong.push(
      '\x80',
      'a\xbf',
      '\xc3',
      '\xe2\x82',
      '\xf0\x9f\x98',
      '\xc3A',
      '\xe2\x82A',
      '\xc2\x85',
    );
    for (const text of wrong)
      assert.equal(decodePrintable(octetsOf(text)), null, JSON.stringify(text));
    assert.equal(decodePrintable(octetsOf('\xf4\x8f\xbf\xbf')), '\u{10ffff}');
  });
});

test('property: a number is written as the run time prints it', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (value) => {
      const target = new Uint8Array(20);
      assert.equal(textOf(target.subarray(2, writeDecimal(value, target, 2))), String(value));
    }),
  );
});
