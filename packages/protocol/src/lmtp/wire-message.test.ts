/** The stored form of a message: bytes, sizes, pieces, bounds. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DotDecoder } from '../wire/dot-stuffing.ts';
import { OctetBudget } from './octet-budget.ts';
import { joined, octets } from './testing/drive.ts';
import { encodeText } from './text.ts';
import { toWireMessage, WireMessage } from './wire-message.ts';

const cases: readonly [content: string, wire: string, headerOctets: number][] = [
  ['', '', 0],
  ['\r\n', '\r\n', 2],
  ['a: b', 'a: b\r\n', 6],
  ['a: b\n\nbody\n', 'a: b\r\n\r\nbody\r\n', 8],
  ['a: b\r\n\r\n.\r\n\r\n', 'a: b\r\n\r\n..\r\n\r\n', 8],
  ['.a: b\r\n\r\n', '..a: b\r\n\r\n', 10],
  ['a\r\rb', 'a\r\n\r\nb\r\n', 5],
  ['a\r\nb\r\n', 'a\r\nb\r\n', 6],
];

test('RFC 1939 §3 and §11 content becomes wire form with its three sizes, at every cut', () => {
  for (const [content, wire, headerOctets] of cases) {
    for (let at = 0; at <= content.length; at += 1) {
      const message = unbounded();
      for (const half of [content.slice(0, at), content.slice(at)]) {
        message.run(octets(half), 0, half.length);
      }
      message.finish();
      assert.equal(joined(message.pieces), wire);
      assert.equal(message.wireOctets, wire.length);
      assert.equal(message.headerOctets, headerOctets, JSON.stringify([content, at]));
      assert.equal(message.octets, wire.length - (wire.match(/^\.\./gm)?.length ?? 0));
    }
  }
});

test('any bytes decode back to their CRLF form, and the sizes are exact', () => {
  const part = fc.constantFrom(
    'a',
    '.',
    '\r',
    '\n',
    '\r\n',
    '\r\n.',
    '\xff',
    'long word '.repeat(9),
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 60 }), (parts) => {
      const text = parts.join('');
      const message = toWireMessage(octets(text));
      let decoded = '';
      const decoder = new DotDecoder({
        run: (bytes, start, end) => {
          decoded += joined([bytes.subarray(start, end)]);
        },
      });
      const wire = joined(message.pieces);
      assert.equal(decoder.decode(octets(`${wire}.\r\n`), 0), wire.length + 3);
      const lines = text.replaceAll(/\r\n|\r|\n/g, '\r\n');
      const expected = lines === '' || lines.endsWith('\r\n') ? lines : `${lines}\r\n`;
      assert.equal(decoded, expected);
      assert.equal(message.octets, expected.length);
      assert.equal(message.wireOctets, wire.length);
      const blank = `\r\n${wire}`.indexOf('\r\n\r\n');
      assert.equal(message.headerOctets, blank < 0 ? wire.length : blank + 2);
    }),
  );
});

test('pieces grow from 8 to 64 KiB and keep every octet', () => {
  const content = octets('0123456789abcdef\r\n'.repeat(20_000));
  const message = toWireMessage(content);
  const sizes = message.pieces.map((piece) => piece.length);
  assert.deepEqual(sizes.slice(0, 5), [8_192, 16_384, 32_768, 65_536, 65_536]);
  assert.equal(message.wireOctets, content.length);
  assert.ok(joined(message.pieces) === joined([content]), 'the bytes are the same');
});

test('a message that ends with its piece has no empty piece behind it', () => {
  const message = toWireMessage(octets(`${'x'.repeat(8_190)}\r\n`));
  assert.deepEqual(
    message.pieces.map((piece) => piece.length),
    [8_192],
  );
});

test('a message over the limit is counted no further and gives its memory back', () => {
  const budget = new OctetBudget(100_000);
  for (const [content, fate] of [
    ['1234567890\r\n', 'kept'],
    ['12345678901\r\n', 'too-large'],
    ['12345678901', 'too-large'],
    ['.1234567\r\n.\r', 'too-large'],
    ['.234567\r\n.\r', 'kept'],
  ] as const) {
    const message = new WireMessage({ octetsMax: 12, budget });
    message.run(octets(content), 0, content.length);
    message.run(octets(content), 0, 0);
    message.finish();
    assert.equal(message.fate, fate, content);
    assert.equal(budget.taken, fate === 'kept' ? 8_192 : 0);
    message.release();
    message.release();
    assert.equal(budget.taken, 0);
  }
  const message = new WireMessage({ octetsMax: 2, budget });
  for (const text of ['abc', 'def']) message.run(octets(text), 0, 3);
  message.finish();
  assert.deepEqual([message.fate, message.octets, message.pieces.length], ['too-large', 3, 0]);
});

test('short of memory, the rest is counted but not kept', () => {
  const budget = new OctetBudget(10_000);
  const content = octets('x'.repeat(9_000));
  const message = new WireMessage({ octetsMax: 20_000, budget });
  message.run(content, 0, content.length);
  assert.deepEqual([message.fate, message.pieces.length, budget.taken], ['no-memory', 0, 0]);
  message.run(content, 0, 1_000);
  message.finish();
  assert.deepEqual([message.fate, message.octets], ['no-memory', 10_002]);
  const larger = new WireMessage({ octetsMax: 17_000, budget });
  larger.run(content, 0, content.length);
  larger.run(content, 0, content.length);
  larger.finish();
  assert.equal(larger.fate, 'too-large', 'the reason that trying again would not cure');
});

test('text of replies and headers is UTF-8', () => {
  assert.equal(joined([encodeText('a%é€😀')]), 'a%\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80');
  assert.equal(joined([encodeText('a%')]), 'a%');
});

function unbounded(): WireMessage {
  return new WireMessage({ octetsMax: 1_000, budget: new OctetBudget(1_000_000) });
}
