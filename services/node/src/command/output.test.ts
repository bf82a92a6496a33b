/** What people see: tables, numbers, progress, and no foreign control characters. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withoutLineEnd } from '../secret-file.ts';
import { ProgressLine, progressText } from './import/progress-line.ts';
import { Tally } from './import/tally.ts';
import { printable, printedDate, printedMessages, printedOctets } from './output.ts';

test('octets in powers of ten, each unit up to 999.9', () => {
  const sizes: readonly [octets: number, text: string][] = [
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [999_940, '999.9 kB'],
    [999_960, '1.0 MB'],
    [157_286_400, '157.3 MB'],
    [5_000_000_000, '5.0 GB'],
    [7e15, '7000.0 TB'],
  ];
  for (const [octets, text] of sizes) assert.equal(printedOctets(octets), text);
});

test('counts and dates', () => {
  assert.equal(printedMessages(1), '1 message');
  assert.equal(printedMessages(12_345), '12,345 messages');
  assert.equal(printedDate(new Date('2026-11-24T03:08:09.123Z')), '2026-11-24 03:08:09Z');
});

test('foreign text cannot steer a terminal', () => {
  assert.equal(printable('a\u001b[2Jb\nc\u0085\u202e\u2028d\u00e9'), 'a?[2Jb?c???d\u00e9');
});

test('one line end at the end of a password does not count', () => {
  const less = (text: string) => Buffer.from(withoutLineEnd(Buffer.from(text))).toString();
  assert.equal(less('x'), 'x');
  assert.equal(less('x \n'), 'x ');
  assert.equal(less('x\r\n'), 'x');
  assert.equal(less('x\n\n'), 'x\n');
  assert.equal(less('x\r'), 'x\r');
  assert.equal(less('\n'), '');
});

test('progress: within bounds also when files have grown, and one line on a terminal', () => {
  const tally = new Tally();
  tally.imported = 3;
  tally.inputOctets = 300;
  tally.skip('empty', 'x');
  assert.match(progressText(tally, 600), /^\[#{12}-{12}\] {3}50% {2}300 B of 600 B {2}4 messages/);
  assert.match(progressText(tally, 200), /^\[#{24}\] {2}100%/);
  assert.match(progressText(tally, 0), /^\[#{24}\] {2}100%/);
  const written: string[] = [];
  const output = { isTTY: true, columns: 20, write: (text: string) => written.push(text) };
  const line = new ProgressLine(output, 600);
  for (let i = 0; i < 1000; i += 1) line.update(tally);
  line.finish(tally);
  assert.ok(written.length < 10, `${written.length} writes for 1,000 messages`);
  assert.equal(written[0], '\r[############------\u001b[K');
  assert.equal(written.at(-1), '\n');
});
