/** Lines out of octets: every cut, both kinds of end, and what is too long. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { octetsOf, textOf } from '../pop3/testing/memory-maildrop.ts';
import { LineReader, needData, overlong } from './line-reader.ts';

/** Every line that is complete, as text; `overlong` stands for one that was dropped. */
function linesOf(reader: LineReader, octetsMax = 512): string[] {
  const lines: string[] = [];
  for (;;) {
    const line = reader.next(octetsMax);
    if (line === needData) return lines;
    lines.push(line === overlong ? '(overlong)' : textOf(line));
  }
}

function readAll(chunks: readonly string[], bareLf: boolean, octetsMax = 512): string[] {
  const reader = new LineReader({ bareLf });
  return chunks.flatMap((chunk) => {
    reader.push(octetsOf(chunk));
    return linesOf(reader, octetsMax);
  });
}

describe('LineReader', () => {
  test('a line ends at CRLF and is returned without it', () => {
    assert.deepEqual(readAll(['one\r\n\r\ntwo\r\nthr'], false), ['one', '', 'two']);
  });

  test('a LF alone ends a line where that is tolerated, and is an octet of it elsewhere', () => {
    assert.deepEqual(readAll(['a\nb\r\n\n'], true), ['a', 'b', '']);
    assert.deepEqual(readAll(['a\nb\r\n\n\r\n'], false), ['a\nb', '\n']);
  });

  test('a CR alone ends nothing', () => {
    assert.deepEqual(readAll(['a\rb\r\r\n'], true), ['a\rb\r']);
    assert.deepEqual(readAll(['a\rb\r', '\n'], false), ['a\rb']);
  });

  test('the same lines come at every cut and octet by octet', () => {
    const text = 'NOOP\r\n\r\nLIST 1\r\nx\ry\r\nlast\r\n';
    for (const bareLf of [true, false]) {
      const whole = readAll([text], bareLf);
      for (let cut = 0; cut <= text.length; cut += 1) {
        assert.deepEqual(readAll([text.slice(0, cut), text.slice(cut)], bareLf), whole);
      }
      assert.deepEqual(readAll([...text], bareLf), whole);
    }
  });

  test('the bound counts the end of line', () => {
    assert.deepEqual(readAll(['12345678\r\n123456789\r\nx\r\n'], false, 10), [
      '12345678',
      '(overlong)',
      'x',
    ]);
    assert.deepEqual(readAll(['123456789\n1234567890\n'], true, 10), ['123456789', '(overlong)']);
  });

  test('an overlong line is reported once, at its end, wherever it was cut', () => {
    const text = `${'A'.repeat(40)}\rB\r\nnext\r\n`;
    for (let cut = 0; cut <= text.length; cut += 1) {
      const chunks = [text.slice(0, cut), text.slice(cut)];
      assert.deepEqual(readAll(chunks, false, 10), ['(overlong)', 'next'], `cut at ${cut}`);
    }
    assert.deepEqual(readAll([...text], false, 10), ['(overlong)', 'next']);
  });

  test('a hundred megabytes without an end are dropped as they come', () => {
    const reader = new LineReader({ bareLf: true });
    const chunk = new Uint8Array(65_536).fill(0x41);
    for (let i = 0; i < 1_600; i += 1) {
      reader.push(chunk);
      assert.equal(reader.next(512), needData);
      assert.ok(reader.bufferedOctets <= 1);
    }
    reader.push(octetsOf('\r\nNOOP\r\n'));
    assert.deepEqual(linesOf(reader), ['(overlong)', 'NOOP']);
  });

  test('what was not returned can be counted, looked at and taken away', () => {
    const reader = new LineReader({ bareLf: false });
    assert.equal(reader.takeRest(), null);
    reader.push(octetsOf('DATA\r\nbody'));
    assert.deepEqual(linesOf(reader), ['DATA']);
    assert.equal(reader.bufferedOctets, 4);
    assert.equal(textOf(reader.peek()), 'body');
    const rest = reader.takeRest();
    assert.ok(rest !== null);
    assert.equal(textOf(rest), 'body');
    assert.equal(reader.bufferedOctets, 0);
    reader.push(octetsOf('QUIT\r\n'));
    assert.deepEqual(linesOf(reader), ['QUIT']);
  });

  test('octets that arrive while nothing is pending are not copied, and never written to', () => {
    const reader = new LineReader({ bareLf: true });
    const bytes = octetsOf('NOOP\r\nNO');
    reader.push(bytes);
    const line = reader.next(512);
    assert.ok(line instanceof Uint8Array);
    assert.equal(line.buffer, bytes.buffer);
    reader.push(octetsOf('OP\r\n'));
    assert.deepEqual(linesOf(reader), ['NOOP']);
    assert.equal(textOf(bytes), 'NOOP\r\nNO');
  });

  test('the buffer depends on what is pending, not on what was returned', () => {
    const reader = new LineReader({ bareLf: true });
    const lines: string[] = [];
    const expected: string[] = [];
    let text = '';
    for (let i = 0; i < 200; i += 1) {
      const line = `${i} ${'x'.repeat(i % 90)}`;
      expected.push(line);
      text += `${line}\r\n`;
    }
    for (let at = 0; at < text.length; at += 61) {
      reader.push(octetsOf(text.slice(at, at + 61)));
      lines.push(...linesOf(reader));
      assert.ok(reader.peek().buffer.byteLength <= 512);
    }
    assert.deepEqual(lines, expected);
  });

  test('a line of 16 KiB octet by octet takes time linear in its length', () => {
    const feed = (octets: number): number => {
      const reader = new LineReader({ bareLf: true });
      const before = process.cpuUsage();
      for (let i = 0; i < octets; i += 1) {
        reader.push(Uint8Array.of(0x41));
        reader.next(1_000_000);
      }
      // Of this process alone, however busy the machine is.
      return process.cpuUsage(before).user / 1_000;
    };
    feed(16_384);
    // Were every octet searched again for each new one, this would take minutes.
    assert.ok(feed(262_144) < 2_000);
  });

  test('property: any octets in any chunks are split as a split of the whole would', () => {
    const octets = fc.constantFrom('a', 'b', '\r', '\n', '\r\n');
    const chunks = fc.array(fc.array(octets, { maxLength: 400 }).map((few) => few.join('')));
    fc.assert(
      fc.property(chunks, fc.boolean(), (texts, bareLf) => {
        const parts = texts.join('').split(bareLf ? /\r?\n/ : /\r\n/);
        const expected = parts
          .slice(0, -1)
          .map((line) => (line.length > 300 ? '(overlong)' : line));
        // Lines are kept well away from the bound, whose edge depends on the kind of end.
        fc.pre(parts.every((line) => line.length < 296 || line.length > 304));
        assert.deepEqual(readAll(texts, bareLf, 302), expected);
      }),
    );
  });
});
