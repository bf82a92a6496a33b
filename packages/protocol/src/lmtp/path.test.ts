/** Paths: what is taken, in which form, and everything that must not be. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readPath } from './path.ts';

const longLocal = 'l'.repeat(64);
const host = `${'h'.repeat(60)}.`.repeat(3);

const accepted: readonly [text: string, address: string][] = [
  ['<>', ''],
  ['<a@b>', 'a@b'],
  ['<A.b+c=d@Example.ORG>', 'A.b+c=d@Example.ORG'],
  ['<"a b"@c>', '"a b"@c'],
  ['<"a"@c>', 'a@c'],
  ['<"a.b"@c>', 'a.b@c'],
  ['<"a..b"@c>', '"a..b"@c'],
  ['<"a\\"b\\\\c\\d"@e>', '"a\\"b\\\\cd"@e'],
  ['<""@c>', '""@c'],
  ['<"a@b>c"@d>', '"a@b>c"@d'],
  ['<a@[192.0.2.1]>', 'a@[192.0.2.1]'],
  ['<a@[IPv6:2001:db8::1]>', 'a@[IPv6:2001:db8::1]'],
  ['<@x,@y.z:a@b>', 'a@b'],
  ['<postmaster>', 'postmaster'],
  ['<PostMaster>', 'PostMaster'],
  ['<a@b_c.d-e>', 'a@b_c.d-e'],
  [`<${longLocal}@${host}x>`, `${longLocal}@${host}x`],
];

test('RFC 5321 §4.1.2 paths are read into one canonical form', () => {
  for (const [text, address] of accepted) {
    const path = { address, wide: false };
    assert.deepEqual(readPath(text), { path, length: text.length }, text);
    assert.deepEqual(readPath(`${text} SIZE=1`), { path, length: text.length }, text);
  }
});

test('RFC 6531 §3.3 characters outside ASCII are taken and reported', () => {
  for (const address of ['jürgen@b', 'a@bücher.example', '"j ü"@c', '用户@例子.广告']) {
    assert.deepEqual(readPath(`<${address}>`)?.path, { address, wide: true });
  }
});

test('V79 and V82 what is malformed is no path', () => {
  for (const text of [
    '',
    'a@b',
    '<',
    '<a@b',
    '<a@bc',
    '<a@[192.0.2.1]',
    '<a',
    '<a>',
    '<a@>',
    '<@b>',
    '<"">',
    '<"a>',
    '<"a\\',
    '<"a\\">',
    '<"a"',
    '<"a"b@c>',
    '<.a@b>',
    '<a.@b>',
    '<a..b@c>',
    '<a b@c>',
    '<a@b c>',
    '<a@b..c>',
    '<a@.b>',
    '<a@b.>',
    '<a@-b>',
    '<a@b->',
    '<a@[]>',
    '<a@[b>',
    '<a@[b]c>',
    '<a@b@c>',
    '<<a@b>',
    '<(x)a@b>',
    '<a@b\r\nX: y>',
    '<a@b\0>',
    '<"a\nb"@c>',
    '<"a\u{85}b"@c>',
    '<a\u{7f}@b>',
    '<a\u{9b}@b>',
    '<@x:>',
    '<@x a@b>',
    '<@x,y:a@b>',
    '<@-x:a@b>',
    `<a@${'b'.repeat(64)}>`,
    `<a@${'b.'.repeat(130)}b>`,
    `<${longLocal}@${host}xxxxxxxxx>`,
    `<${'ü'.repeat(130)}@b>`,
  ]) {
    assert.equal(readPath(text), undefined, JSON.stringify(text.slice(0, 40)));
  }
});

test('whatever is taken has no control, no line end, and reads back as itself', () => {
  const word = fc.constantFrom(
    'a',
    '"',
    '\\',
    '@',
    '.',
    '<',
    '>',
    ':',
    ',',
    '[',
    ']',
    ' ',
    '\r\n',
    'é',
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 14 }), (words) => {
      const read = readPath(`<${words.join('')}>`);
      if (read === undefined || read.path.address === '') return;
      const { address } = read.path;
      assert.doesNotMatch(address, /\p{Cc}/u);
      assert.equal(readPath(`<${address}>`)?.path.address, address);
    }),
    { numRuns: 2_000 },
  );
});
