/** UIDLs from dovecot-uidlist and X-UIDL. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { archivedUidListOctetsMax, uidListLineOctetsMax, uidListLinesMax } from './limits.ts';
import { MailStreamError } from './mail-entry.ts';
import { storedUidlOf } from './stored-uidl.ts';
import { UidList, uniqueName } from './uidlist.ts';

function parse(text: string, cut = text.length): UidList {
  const list = new UidList();
  const bytes = Buffer.from(text);
  list.push(bytes.subarray(0, cut));
  list.push(bytes.subarray(cut));
  list.finish();
  return list;
}

const version3 = [
  '3 V1275660208 N25022 G3085f01b7f11094c501100008c4a11c1',
  '1 :1275660210.M1P2.host,S=10,W=11:2,S',
  '26 S123 W130 PUID17-abc :1275660211.M1P3.host',
  '255 :with space.host',
  'nonsense',
  '4294967296 :too large a uid',
  `300 P${'x'.repeat(71)} :too.long`,
  '301 P :empty.own',
].join('\n');

test('version 3: own UIDLs, else UID and UIDVALIDITY in hexadecimal; at every cut', () => {
  for (let cut = 0; cut <= version3.length; cut += 1) {
    const { known, isUnderstood } = parse(version3, cut);
    assert.equal(isUnderstood, true);
    assert.deepEqual(
      [...known],
      [
        ['1275660210.M1P2.host,S=10,W=11', { uid: 1, uidl: '000000014C0907B0' }],
        ['1275660211.M1P3.host', { uid: 26, uidl: 'UID17-abc' }],
        ['with space.host', { uid: 255, uidl: '000000FF4C0907B0' }],
        ['too.long', { uid: 300, uidl: null }],
        ['empty.own', { uid: 301, uidl: null }],
      ],
    );
  }
});

test('version 1', () => {
  const { known } = parse('1 1275660208 3\n1 a.host:2,S\n2 b.host\n');
  assert.deepEqual([...known.keys()], ['a.host', 'b.host']);
  assert.equal(known.get('b.host')?.uidl, '000000024C0907B0');
});

test('a first line that is not understood makes nothing known', () => {
  for (const text of ['', '4 V1 N2\n1 :a\n', '3 N2\n1 :a\n', '3 V0 N2\n1 :a\n', ':a\n1 :a\n']) {
    const { known, isUnderstood } = parse(text);
    assert.equal(isUnderstood, false, text);
    assert.equal(known.size, 0);
  }
});

test('a list of as many lines as there may be is read, one line more is refused', () => {
  const first = '3 V7 N9\n';
  const entries = (count: number) => Array.from({ length: count }, (_, at) => `${at + 1} :${at}\n`);
  const most = first + entries(uidListLinesMax - 1).join('');
  const { known } = parse(most);
  assert.equal(known.size, uidListLinesMax - 1);
  assert.deepEqual(known.get('7'), { uid: 8, uidl: '0000000800000007' });
  assert.throws(() => parse(`${most}1 :x\n`), MailStreamError);
});

test('the largest list of an archive, made of the shortest lines, is refused before it is kept', () => {
  for (const line of ['\n', '1 :a\n', 'x\n']) {
    const list = Buffer.alloc(archivedUidListOctetsMax, line);
    list.write('3 V7 N9\n');
    assert.throws(() => new UidList().push(list), MailStreamError, JSON.stringify(line));
  }
});

test('a line that is too long is refused, not read as two', () => {
  const long = `3 V7 N9\n1 :${'x'.repeat(uidListLineOctetsMax)}`;
  for (const text of [long, `${long}\n`, `${long}\n2 :b\n`]) {
    for (const cut of [10, uidListLineOctetsMax, text.length]) {
      assert.throws(() => parse(text, cut), MailStreamError);
    }
  }
});

test('the flags of a file name do not count', () => {
  assert.equal(uniqueName('a.b,S=3:2,FS'), 'a.b,S=3');
  assert.equal(uniqueName('a.b'), 'a.b');
});

test('property: any text is read without an error and gives sendable UIDLs alone', () => {
  const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('1 :a\n', ' P', '\n', ':'));
  fc.assert(
    fc.property(fc.array(text), (parts) => {
      for (const { uidl } of parse(`3 V7 N9\n${parts.join('')}`).known.values()) {
        if (uidl !== null) assert.match(uidl, /^[!-~]{1,70}$/);
      }
    }),
  );
});

test('X-UIDL in a header', () => {
  const headers: readonly [content: string, uidl: string | null][] = [
    ['A: b\nX-UIDL: abc!~\nC: d\n\nx', 'abc!~'],
    ['x-uidl \t: \t abc \t\r\nC: d\r\n\r\n', 'abc'],
    ['X-UIDL:abc', 'abc'],
    ['A: b\n\nX-UIDL: in the body\n', null],
    ['X-UIDL: two words\n\n', null],
    ['X-UIDL:\n\n', null],
    [`X-UIDL: ${'x'.repeat(70)}\n\n`, 'x'.repeat(70)],
    [`X-UIDL: ${'x'.repeat(71)}\n\n`, null],
    [`X-UIDL: ${'x'.repeat(4000)}\n\n`, null],
    ['X-UIDL: caf\u00e9\n\n', null],
    ['X-UIDL: first\nX-UIDL: second\n\n', 'first'],
    ['A: b\n X-UIDL: folded\n\n', null],
    ['Y-X-UIDL: other\n\n', null],
    ['X-UIDLS: other\n\n', null],
    ['', null],
    ['\nX-UIDL: behind\n', null],
  ];
  for (const [content, uidl] of headers) {
    assert.equal(storedUidlOf(Buffer.from(content, 'latin1')), uidl, content);
  }
});
