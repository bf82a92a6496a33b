/** Ends of line made CRLF, at every cut. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CrlfNormaliser } from './crlf.ts';

function normalise(pieces: readonly string[]): string {
  let text = '';
  const normaliser = new CrlfNormaliser({
    run(bytes, start, end) {
      assert.ok(start < end, 'a run is never empty');
      for (let at = start; at < end; at += 1) text += String.fromCharCode(bytes[at] ?? 0);
    },
  });
  for (const piece of pieces) {
    // Surrounded by line ends that are not part of the run: they must not be looked at.
    const bytes = Uint8Array.from(`\r\n${piece}\n`, (character) => character.charCodeAt(0));
    normaliser.run(bytes, 2, 2 + piece.length);
  }
  normaliser.finish();
  normaliser.finish();
  return text;
}

const cases: readonly [input: string, output: string][] = [
  ['', ''],
  ['a', 'a\r\n'],
  ['a\r\n', 'a\r\n'],
  ['a\n', 'a\r\n'],
  ['a\r', 'a\r\n'],
  ['\n\n', '\r\n\r\n'],
  ['\r\r', '\r\n\r\n'],
  ['\r\r\n', '\r\n\r\n'],
  ['\n\r', '\r\n\r\n'],
  ['a\nb\rc\r\nd\r\ne', 'a\r\nb\r\nc\r\nd\r\ne\r\n'],
  ['a\0\tb\r\n\x0b', 'a\0\tb\r\n\x0b\r\n'],
];

test('RFC 1939 §11 bare LF, bare CR and a missing last end become CRLF, at every cut', () => {
  for (const [input, output] of cases) {
    assert.equal(normalise([input]), output);
    assert.equal(normalise([...input]), output);
    for (let at = 0; at <= input.length; at += 1) {
      const pieces = [input.slice(0, at), '', input.slice(at)];
      assert.equal(normalise(pieces), output, JSON.stringify(pieces));
    }
  }
});

test('any text at any cuts is what a plain replacement makes of it', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('a', '\r', '\n', '\r\n')), fc.nat(20), (parts, at) => {
      const text = parts.join('');
      const ended = text.replaceAll(/\r\n|\r|\n/g, '\r\n');
      const expected = ended === '' || ended.endsWith('\r\n') ? ended : `${ended}\r\n`;
      assert.equal(normalise([text.slice(0, at), text.slice(at)]), expected);
    }),
  );
});
