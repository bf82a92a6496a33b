/** TOP's cut through a message in wire form, at every cut of its pieces (RFC 1939 §7). */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { octetsOf } from '../pop3/testing/memory-maildrop.ts';
import { TopCutter } from './top-cutter.ts';

function cutAll(pieces: readonly string[], bodyLines: number): { text: string; cutter: TopCutter } {
  const cutter = new TopCutter(bodyLines);
  let text = '';
  for (const piece of pieces) text += piece.slice(0, cutter.cut(octetsOf(piece)));
  return { text, cutter };
}

const header = 'Subject: x\r\nX-Odd: \r\n\r\r\n\r\n';
const body = '..dot\r\n\r\none\rtwo\r\nlast\r\n';

test('0 lines are the header and the blank line, n lines so many of the body', () => {
  const expected = ['', '..dot\r\n', '..dot\r\n\r\n', '..dot\r\n\r\none\rtwo\r\n', body, body];
  for (const [lines, text] of expected.entries()) {
    for (let cut = 0; cut <= header.length + body.length; cut += 1) {
      const whole = header + body;
      const got = cutAll([whole.slice(0, cut), whole.slice(cut)], lines);
      assert.equal(got.text, header + text, `${lines} lines, cut at ${cut}`);
      assert.equal(got.cutter.satisfied, lines < 5);
    }
    assert.equal(cutAll([...header, ...body], lines).text, header + text);
  }
});

test('more lines than any message has are never satisfied', () => {
  const { text, cutter } = cutAll([header, body], 10 ** 10);
  assert.equal(text, header + body);
  assert.equal(cutter.satisfied, false);
  assert.equal(cutter.headerEnded, true);
});

test('a message that is all header is wanted whole, whatever the number', () => {
  const { text, cutter } = cutAll(['Subject: x\r\n', 'To: y\r', '\n'], 0);
  assert.equal(text, 'Subject: x\r\nTo: y\r\n');
  assert.equal(cutter.satisfied, false);
  assert.equal(cutter.headerEnded, false);
});

test('an empty header is a blank line at the very beginning', () => {
  assert.equal(cutAll(['\r\nbody\r\n'], 0).text, '\r\n');
  assert.equal(cutAll(['\r', '\nbody\r\n'], 0).text, '\r\n');
});

test('property: the same as splitting the whole into lines', () => {
  const line = fc.constantFrom('', 'a', '..', 'a: b', 'long '.repeat(20));
  const message = fc.array(line, { maxLength: 12 });
  fc.assert(
    fc.property(message, fc.nat(14), fc.array(fc.nat(400)), (lines, wanted, cuts) => {
      const whole = lines.map((text) => `${text}\r\n`).join('');
      const blank = lines.indexOf('');
      const until = blank === -1 ? lines.length : blank + 1 + wanted;
      const expected = lines
        .slice(0, until)
        .map((text) => `${text}\r\n`)
        .join('');
      const marks = [0, ...cuts.filter((cut) => cut < whole.length).sort((a, b) => a - b)];
      const pieces = marks.map((from, i) => whole.slice(from, marks[i + 1] ?? whole.length));
      assert.equal(cutAll(pieces, wanted).text, expected);
    }),
  );
});
