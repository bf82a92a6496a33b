/** Where messages begin and end in an mbox, whatever its kind and wherever it is cut. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { copiedBy } from '../testing/copied-octets.ts';
import { fromLineDate } from './from-line.ts';
import { MboxSplitter } from './mbox-splitter.ts';

const dated = 'From ann@example.org Tue Nov 24 03:08:00 2026';

interface Split {
  readonly texts: (string | null)[];
  readonly inputOctets: number;
  readonly strayOctets: number;
}

function split(file: string | Buffer, cuts: readonly number[] = [], octetsMax = 1_000_000): Split {
  const bytes = Buffer.from(file);
  const splitter = new MboxSplitter(octetsMax);
  const found = [];
  let at = 0;
  for (const cut of [...cuts, bytes.length]) {
    found.push(...splitter.push(Buffer.from(bytes.subarray(at, cut))));
    at = cut;
  }
  found.push(...splitter.finish());
  return {
    texts: found.map(({ content }) =>
      content === null ? null : Buffer.from(content).toString('latin1'),
    ),
    inputOctets: found.reduce((sum, message) => sum + message.inputOctets, 0),
    strayOctets: splitter.strayOctets,
  };
}

const cases: readonly [name: string, file: string, messages: (string | null)[]][] = [
  ['an empty file', '', []],
  ['one message', `${dated}\nA: b\n\ntext\n\n`, ['A: b\n\ntext\n']],
  ['no empty line at the end', `${dated}\nA: b\n\ntext`, ['A: b\n\ntext']],
  [
    'two messages',
    `${dated}\nA: 1\n\nx\n\n${dated}\nA: 2\n\ny\n\n`,
    ['A: 1\n\nx\n', 'A: 2\n\ny\n'],
  ],
  [
    'CRLF',
    `${dated}\r\nA: 1\r\n\r\nx\r\n\r\n${dated}\r\nA: 2\r\n\r\n`,
    ['A: 1\r\n\r\nx\r\n', 'A: 2\r\n'],
  ],
  ['only one empty line is taken away', `${dated}\nA: b\n\nx\n\n\n`, ['A: b\n\nx\n\n']],
  [
    'no empty line between',
    `${dated}\nA: 1\n\nx\n${dated}\nA: 2\n\ny\n`,
    ['A: 1\n\nx\n', 'A: 2\n\ny\n'],
  ],
  [
    'CR alone in what looks like a From_ line of an undated mbox',
    'From ann\nA: 1\n\nx\n\nFrom ben\rA: 2\n\ny\n',
    ['A: 1\n\nx\n\nFrom ben\rA: 2\n\ny\n'],
  ],
  [
    'From in the text of a dated mbox',
    `${dated}\nA: 1\n\nx\n\nFrom here on it rains.\n\n${dated}\nA: 2\n\n`,
    ['A: 1\n\nx\n\nFrom here on it rains.\n', 'A: 2\n'],
  ],
  [
    'an mbox without dates: an empty line must be before',
    'From ann\nA: 1\n\nx\nFrom me\n\nFrom bob\nA: 2\n\ny\n',
    ['A: 1\n\nx\nFrom me\n', 'A: 2\n\ny\n'],
  ],
  [
    'quoted lines lose one mark each',
    `${dated}\nA: b\n\n>From a\n>>From b\n>>>From c\n> From d\nx >From e\n>Frombly\n>From`,
    ['A: b\n\nFrom a\n>From b\n>>From c\n> From d\nx >From e\n>Frombly\n>From'],
  ],
  ['a quoted line at the very beginning', `${dated}\n>From bob\nA: b\n\n`, ['From bob\nA: b\n']],
  [
    'Content-Length is not believed',
    `${dated}\nContent-Length: 9999\n\nx\n\n${dated}\nContent-Length: 0\n\ny\n\n`,
    ['Content-Length: 9999\n\nx\n', 'Content-Length: 0\n\ny\n'],
  ],
  ['a From: field is no From_ line', `${dated}\nFrom: a\n\nFrom: b\n`, ['From: a\n\nFrom: b\n']],
  ['a message of nothing', `${dated}\n\n${dated}\nA: b\n\n`, ['', 'A: b\n']],
];

for (const [name, file, messages] of cases) {
  test(`mbox: ${name}, at every cut`, () => {
    const whole = split(file);
    assert.deepEqual(whole.texts, messages);
    assert.equal(whole.inputOctets, Buffer.byteLength(file), 'every octet is accounted for');
    for (let cut = 0; cut <= file.length; cut += 1) {
      assert.deepEqual(split(file, [cut]), whole, `cut at ${cut}`);
    }
    const everywhere = Array.from({ length: file.length }, (_, at) => at + 1);
    assert.deepEqual(split(file, everywhere), whole, 'octet by octet');
  });
}

test('what is no mbox has no message, and its octets are counted', () => {
  assert.deepEqual(split('A: b\n\ntext\n'), { texts: [], inputOctets: 0, strayOctets: 11 });
  for (const file of [`${dated}\rA: b\r\rtext\r`, 'From ann\rA: b\r\rtext\r', 'x'.repeat(3_000)]) {
    const strayOctets = file.length;
    assert.deepEqual(split(file, [7]), { texts: [], inputOctets: 0, strayOctets });
  }
});

test('a message above the limit is dropped, its neighbours are not', () => {
  const large = `A: b\n\n${'x'.repeat(1000)}\n`;
  const file = `${dated}\nA: 1\n\n\n${dated}\n${large}\n${dated}\nA: 2\n\n`;
  const { texts, inputOctets } = split(file, [50, 700], 500);
  assert.deepEqual(texts, ['A: 1\n\n', null, 'A: 2\n']);
  assert.equal(inputOctets, file.length);
  assert.deepEqual(split(file, [], large.length).texts, ['A: 1\n\n', large, 'A: 2\n']);
});

test('a line without end is passed on in parts', () => {
  const line = 'x'.repeat(400_000);
  const file = `${dated}\nA: b\n\n${line}\n\n${dated}\nA: 2\n\n`;
  const cuts = [100_000, 200_000, 300_000, 400_010];
  assert.deepEqual(split(file, cuts).texts, [`A: b\n\n${line}\n`, 'A: 2\n']);
});

test('what is in memory stays within one message and one line', () => {
  const octetsMax = 100_000;
  const splitter = new MboxSplitter(octetsMax);
  const lines = Buffer.from('y\n'.repeat(25_000));
  const endless = Buffer.alloc(50_000, 'x');
  for (const chunk of [
    Buffer.from(`${dated}\n`),
    ...Array(20).fill(lines),
    ...Array(20).fill(endless),
  ]) {
    splitter.push(Buffer.from(chunk));
    assert.ok(splitter.bufferedOctets <= octetsMax + 64 * 1024, String(splitter.bufferedOctets));
  }
  assert.deepEqual(
    splitter.finish().map(({ content }) => content),
    [null],
  );
});

const line = fc.oneof(
  fc.constantFrom(
    '',
    'From x',
    '>From x',
    '>>From x',
    '.',
    'From: y',
    dated,
    `>${dated}`,
    '\0\xff',
  ),
  fc.string({ maxLength: 12 }).map((text) => text.replace(/[\r\n]/g, ' ')),
);
const message = fc
  .array(line, { maxLength: 8 })
  .map((lines) => ['Subject: s', '', ...lines].map((text) => `${text}\n`).join(''));

test('property: what was quoted as mboxrd comes back, however it is cut', () => {
  fc.assert(
    fc.property(
      fc.array(message, { maxLength: 5 }),
      fc.array(fc.nat(600), { maxLength: 6 }),
      (messages, somewhere) => {
        const file = Buffer.from(
          messages.map((text) => `${dated}\n${text.replace(/^(>*From )/gm, '>$1')}\n`).join(''),
          'latin1',
        );
        const cuts = somewhere.filter((at) => at < file.length).sort((a, b) => a - b);
        const latin1 = messages.map((text) => Buffer.from(text, 'latin1').toString('latin1'));
        assert.deepEqual(split(file, cuts).texts, latin1);
      },
    ),
    { numRuns: 500 },
  );
});

test('property: any bytes at any cut give the same messages and lose no octet', () => {
  const piece = fc.constantFrom('From ', '\n', '\r\n', '>', dated, 'x', ':', '\0', '\xff');
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 40 }),
      fc.array(fc.nat(300), { maxLength: 5 }),
      (pieces, somewhere) => {
        const file = Buffer.from(pieces.join(''), 'latin1');
        const cuts = somewhere.filter((at) => at < file.length).sort((a, b) => a - b);
        const whole = split(file);
        assert.deepEqual(split(file, cuts), whole);
        assert.equal(whole.inputOctets + whole.strayOctets, file.length);
      },
    ),
    { numRuns: 1000 },
  );
});

test('dates of From_ lines', () => {
  const dates: readonly [line: string, iso: string | null][] = [
    ['From a@b Tue Nov 24 03:08:09 2026', '2026-11-24T03:08:09.000Z'],
    ['From a@b  Tue Nov  4 03:08:09 2026\r\n', '2026-11-04T03:08:09.000Z'],
    ['From a@b Tue Nov 24 03:08 2026', '2026-11-24T03:08:00.000Z'],
    ['From - Tue Nov 24 03:08:09 2026', '2026-11-24T03:08:09.000Z'],
    ['From 1586@xxx Mon Jan 02 15:04:05 +0200 2017', '2017-01-02T13:04:05.000Z'],
    ['From a b Mon Jan 02 15:04:05 2017 -0130', '2017-01-02T16:34:05.000Z'],
    ['From a@b Mon Jan 02 15:04:05 CEST 2017', '2017-01-02T15:04:05.000Z'],
    ['From Mon Jan 02 15:04:05 2017', '2017-01-02T15:04:05.000Z'],
    ['From a@b Mon Jan 02 15:04:05 0001', null],
    ['From a@b', null],
    ['From here on it rains every Mon', null],
  ];
  for (const [text, iso] of dates) {
    assert.equal(fromLineDate(text)?.toISOString() ?? null, iso, text);
  }
});

test('an mbox that comes octet by octet costs no more copies than its octets', () => {
  const long = 'x'.repeat(60_000);
  const bytes = Buffer.from(`${dated}\nA: b\n\n${`${long}\n`.repeat(8)}${'\n'.repeat(50_000)}`);
  let octets = 0;
  const copied = copiedBy(() => {
    const splitter = new MboxSplitter(1_000_000);
    for (let at = 0; at < bytes.length; at += 1) splitter.push(bytes.subarray(at, at + 1));
    octets = splitter.finish()[0]?.content?.length ?? 0;
  });
  assert.equal(octets, bytes.length - dated.length - 1 - 1);
  assert.ok(copied.octets <= 4 * bytes.length, `${copied.octets} octets of ${bytes.length}`);
  assert.ok(copied.piecesMax <= 64, `${copied.piecesMax} pieces`);
});
