/** The dot codec: every rule of RFC 5321 §4.5.2, at every cut. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DotDecoder, DotEncoder, type RunSink } from './dot-stuffing.ts';

class Collected implements RunSink {
  text = '';
  run(bytes: Uint8Array, start: number, end: number): void {
    assert.ok(start < end, 'a run is never empty');
    for (let at = start; at < end; at += 1) this.text += String.fromCharCode(bytes[at] ?? 0);
  }
}

function octets(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function encode(pieces: readonly string[]): { text: string; stuffedOctets: number } {
  const sink = new Collected();
  const encoder = new DotEncoder(sink);
  for (const piece of pieces) encoder.run(octets(piece), 0, piece.length);
  return { text: sink.text, stuffedOctets: encoder.stuffedOctets };
}

/** The content and what follows the dot line; undefined when there was no dot line. */
function decode(pieces: readonly string[]): { text: string; rest: string | undefined } {
  const sink = new Collected();
  const decoder = new DotDecoder(sink);
  for (const [index, piece] of pieces.entries()) {
    const end = decoder.decode(octets(piece), 0);
    if (end >= 0) {
      return { text: sink.text, rest: piece.slice(end) + pieces.slice(index + 1).join('') };
    }
  }
  return { text: sink.text, rest: undefined };
}

/** The text whole, byte by byte, and in two at every offset. */
function cuts(text: string): string[][] {
  const halves = Array.from({ length: text.length + 1 }, (_, at) => [
    text.slice(0, at),
    text.slice(at),
  ]);
  return [[text], [...text], ...halves];
}

const alphabet = fc.array(fc.constantFrom('a', '.', '\r', '\n', '\r\n', '\r\n.', '\r\n..'), {
  maxLength: 40,
});

function cutAt(text: string, sizes: readonly number[]): string[] {
  const pieces: string[] = [];
  let at = 0;
  for (const size of sizes) {
    pieces.push(text.slice(at, at + size));
    at += size;
  }
  return [...pieces, text.slice(at)];
}

const encodings: readonly [content: string, stuffed: string][] = [
  ['', ''],
  ['.', '..'],
  ['..\r\n', '...\r\n'],
  ['a.b\r\n.c\r\n', 'a.b\r\n..c\r\n'],
  ['a\n.b\r.c', 'a\n.b\r.c'],
  ['a\r\r\n.b', 'a\r\r\n..b'],
  ['\r\n.\r\n.\r\n', '\r\n..\r\n..\r\n'],
];

test('RFC 5321 §4.5.2 a line that begins with a dot gets another, the first line too', () => {
  for (const [content, stuffed] of encodings) {
    for (const pieces of cuts(content)) {
      const result = encode(pieces);
      assert.equal(result.text, stuffed, JSON.stringify(pieces));
      assert.equal(result.stuffedOctets, stuffed.length - content.length);
    }
  }
});

const decodings: readonly [stuffed: string, content: string, rest: string | undefined][] = [
  ['.\r\n', '', ''],
  ['a\r\n.\r\nQUIT\r\n', 'a\r\n', 'QUIT\r\n'],
  ['..\r\n.\r\n', '.\r\n', ''],
  ['.a\r\n..b\r\n.\r\n', 'a\r\n.b\r\n', ''],
  ['a\r\n.\r\r\n.\r\n', 'a\r\n\r\r\n', ''],
  ['a\r\n.\rb\r\n.\r\n', 'a\r\n\rb\r\n', ''],
  ['a\r\r\n.\r\n', 'a\r\r\n', ''],
  ['a\r\n.', 'a\r\n', undefined],
  ['a\r\n.\r', 'a\r\n', undefined],
  ['a.\r\n', 'a.\r\n', undefined],
];

test('RFC 5321 §4.5.2 stuffed dots are taken away and the dot line ends the text', () => {
  for (const [stuffed, content, rest] of decodings) {
    for (const pieces of cuts(stuffed)) {
      assert.deepEqual(decode(pieces), { text: content, rest }, JSON.stringify(pieces));
    }
  }
});

test('V78 only CRLF.CRLF ends the text', () => {
  for (const [before, after] of [
    ['\n', '\n'],
    ['\n', '\r\n'],
    ['\r', '\r'],
    ['\r', '\r\n'],
    ['\r\n', '\n'],
    ['\r\n', '\r'],
    ['\n', '\r'],
    ['\r', '\n'],
  ]) {
    for (const pieces of cuts(`a${before}.${after}MAIL FROM:<b@c>\r\n`)) {
      assert.equal(decode(pieces).rest, undefined, JSON.stringify(pieces));
    }
  }
});

test('decoding begins at the offset asked for', () => {
  const sink = new Collected();
  assert.equal(new DotDecoder(sink).decode(octets('xx.\r\nyy'), 2), 5);
  assert.equal(sink.text, '');
});

test('unstuffing what was stuffed gives the content back, at any cuts', () => {
  fc.assert(
    fc.property(alphabet, fc.array(fc.nat(5)), fc.array(fc.nat(5)), (parts, first, second) => {
      const content = `${parts.join('')}\r\n`;
      const stuffed = encode(cutAt(content, first)).text;
      const pieces = cutAt(`${stuffed}.\r\nrest`, second);
      assert.deepEqual(decode(pieces), { text: content, rest: 'rest' });
    }),
  );
});

test('any text decodes as a plain search and replacement would have it', () => {
  fc.assert(
    fc.property(alphabet, (parts) => {
      const text = parts.join('');
      const end = `\r\n${text}`.indexOf('\r\n.\r\n');
      const { text: content, rest } = decode([text]);
      assert.equal(rest, end < 0 ? undefined : text.slice(end + 3));
      if (end >= 0) assert.equal(content, text.slice(0, end).replaceAll(/(^|\r\n)\./g, '$1'));
    }),
    { numRuns: 1_000 },
  );
});

test('where the input is cut makes no difference', () => {
  fc.assert(
    fc.property(alphabet, fc.array(fc.nat(5)), (parts, sizes) => {
      const text = parts.join('');
      assert.deepEqual(decode(cutAt(text, sizes)), decode([text]));
      assert.deepEqual(encode(cutAt(text, sizes)), encode([text]));
    }),
  );
});
