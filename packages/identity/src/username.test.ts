/** Names beyond ASCII: what the profile maps, what it refuses, and that canonical names stay apart. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { canonicalAddress, canonicalDomain, canonicalName } from './address.ts';

const names: readonly [text: string, canonical: string | null, what: string][] = [
  ['Bücher', 'bücher', 'letters of Latin'],
  ['bu\u0308cher', 'bücher', 'composed'],
  ['STRAẞE', 'straße', 'the capital sharp s'],
  ['straße', 'straße', 'the sharp s stays'],
  ['ΣΊΣΥΦΟΣ', 'σίσυφος', 'the final sigma'],
  ['ПОЧТА.2', 'почта.2', 'Cyrillic with a dot'],
  ['中村', '中村', 'Han'],
  ['ｶﾞｷﾞ', 'ガギ', 'half-width Katakana'],
  ['ＡＮＮ', 'ann', 'full-width letters'],
  ['ab\u30fbカ', 'ab\u30fbカ', 'a middle dot with Katakana'],
  ['שלום', 'שלום', 'Hebrew'],
  ['שלום1', 'שלום1', 'Hebrew and a digit'],
  ['مرحبا٢', 'مرحبا٢', 'Arabic and its digit'],
  ['col·lega', 'col·lega', 'a middle dot between two l'],
  ['पत्र', 'पत्र', 'Devanagari with a virama'],
  ['\u212aelvin', null, 'Kelvin sign'],
  ['\u212bngström', null, 'Angstrom sign'],
  ['\u0130stanbul', null, 'I with a dot'],
  ['ı\u015fık', null, 'dotless i'],
  ['mi\u017ft', null, 'long s'],
  ['\ufb01n', null, 'a ligature'],
  ['a\u00b2', null, 'a superscript'],
  ['a\u2163', null, 'a Roman numeral'],
  ['\u0958', null, 'a letter that normalization takes apart'],
  ['a\u200db', null, 'a zero-width joiner'],
  ['a\u200bü', null, 'a zero-width space'],
  ['a\u00adü', null, 'a soft hyphen'],
  ['a\u034fü', null, 'a grapheme joiner'],
  ['a\u202eü', null, 'a direction override'],
  ['a\ufeffü', null, 'a byte order mark'],
  ['ü\u00a0', null, 'a no-break space'],
  ['a\u3000b', null, 'a full-width space'],
  ['ü\u0085', null, 'a C1 control'],
  ['ü\n', null, 'a line feed'],
  ['ü x', null, 'a space'],
  ['\ue000ü', null, 'private use'],
  ['\u0378ü', null, 'unassigned'],
  ['\uffffü', null, 'a noncharacter'],
  ['ü\ud800', null, 'a lone surrogate'],
  ['\u{1f600}', null, 'a picture'],
  ['a\u00d7', null, 'a symbol'],
  ['ü\u2024x', null, 'a one dot leader'],
  ['ü\uff0ex', 'ü.x', 'a full-width full stop is a dot'],
  ['\uff0eü', null, 'a full-width full stop first'],
  ['ü\uff20x', null, 'a full-width at sign'],
  ['ü\u3002x', null, 'an ideographic full stop'],
  ['\u1112\u1161\u11ab', null, 'old Hangul'],
  ['\u0640ا', null, 'tatweel'],
  ['\u0301ü', null, 'a mark first'],
  ['ü.\u0301x', null, 'a mark after a dot'],
  ['ü=\u0338', null, 'a mark that makes a symbol of a sign'],
  ['a·ü', null, 'a middle dot elsewhere'],
  ['a\u30fbb', null, 'a Katakana middle dot without Katakana'],
  ['aש', null, 'Hebrew after Latin'],
  ['שa', null, 'Latin after Hebrew'],
  ['1ש', null, 'Hebrew after a digit'],
  ['ש-', null, 'a hyphen after Hebrew'],
  ['ا٢2', null, 'two kinds of digits'],
  ['ü'.repeat(32), 'ü'.repeat(32), '64 octets'],
  ['ü'.repeat(33), null, '66 octets'],
  ['ü@x', null, 'a sign'],
  ['"ü"', null, 'quotes'],
  ['', null, 'nothing'],
];

test('names beyond ASCII', () => {
  for (const [text, canonical, what] of names) {
    assert.equal(canonicalName(text), canonical, what);
    const address = canonical === null ? null : `${canonical}@example.org`;
    assert.equal(canonicalAddress(`${text}@Example.org`), address, what);
  }
});

const domains: readonly [text: string, canonical: string | null, what: string][] = [
  ['Bücher.Example', 'xn--bcher-kva.example', 'an umlaut'],
  ['bu\u0308cher.example', 'xn--bcher-kva.example', 'composed'],
  ['xn--bcher-kva.中村', 'xn--bcher-kva.xn--fiqu62d', 'both kinds of labels'],
  ['faß.example', 'xn--fa-hia.example', 'the sharp s stays'],
  ['пример.рф', 'xn--e1afmkfd.xn--p1ai', 'Cyrillic'],
  ['עברית.example', 'xn--5dbqzzl.example', 'Hebrew'],
  ['\u212a.example', null, 'Kelvin sign'],
  ['\uff41nn.example', null, 'full-width a'],
  ['bücher\u3002example', null, 'ideographic full stop'],
  ['bücher\uff0eexample', null, 'full-width full stop'],
  ['\u0130.example', null, 'I with a dot'],
  ['b\u00fccher..example', null, 'an empty label'],
  ['bücher.example.', null, 'a dot last'],
  ['-ü.example', null, 'a hyphen first'],
  ['ü-.example', null, 'a hyphen last'],
  ['ab--ü.example', null, 'hyphens where A-labels have them'],
  ['ü_x.example', null, 'an underscore'],
  ['ü:1.example', null, 'a colon'],
  ['\u0301a.example', null, 'a mark first'],
  ['a\u200dü.example', null, 'a zero-width joiner'],
  ['\u{1f44d}.example', null, 'a picture'],
  ['\ud800ü.example', null, 'a lone surrogate'],
  [`${'ü'.repeat(60)}.example`, null, 'an A-label of more than 63'],
  [Array(12).fill('ü'.repeat(20)).join('.'), null, 'A-labels of more than 253 together'],
  ['ü'.repeat(300), null, 'too long'],
];

test('domains beyond ASCII are A-labels', () => {
  for (const [text, canonical, what] of domains) {
    assert.equal(canonicalDomain(text), canonical, what);
  }
});

test('the sizes hold for what is stored', () => {
  const domain = `${'abc.'.repeat(46)}example`;
  const local = 'ü'.repeat(31);
  assert.equal(canonicalAddress(`${local}@${domain}`), `${local}@${domain}`);
  assert.equal(canonicalAddress(`ü${local}@${domain}`), null, 'an address of more than 254 octets');
});

const oddities = 'aAzZ0.-_üÜßẞſKÅİıΣςσéשا٢۲カｶﾞＡａ．＠中\u0301\u0338\u200d\u00ad\u3002\u30fb·lﬁ²';
const oddText = fc
  .array(
    fc.oneof(
      fc.constantFrom(...oddities),
      fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
    ),
    { maxLength: 8 },
  )
  .map((parts) => parts.join(''));

/** What is meant by the same name: case, width and composition aside, and nothing else. */
function folded(text: string): string {
  const narrow = text.replace(/[\uff01-\uffee]/g, (form) => form.normalize('NFKC'));
  return narrow.normalize('NFC').toLowerCase().normalize('NFC');
}

test('property: never throws, is idempotent, and joins only what case, width or composition tell apart', () => {
  const byCanonical = new Map<string, string>();
  let seen = 0;
  fc.assert(
    fc.property(oddText, (text) => {
      canonicalDomain(text);
      const canonical = canonicalName(text);
      if (canonical === null) return;
      seen += 1;
      assert.equal(canonicalName(canonical), canonical);
      assert.equal(canonical, folded(text));
      const before = byCanonical.get(canonical) ?? text;
      assert.equal(folded(before), folded(text));
      byCanonical.set(canonical, text);
    }),
    { numRuns: 5000 },
  );
  assert.ok(seen > 300, `the property met ${seen} names`);
});

test('every character by itself: canonical forms are fixed, and capitals join their small letters alone', () => {
  const origin = new Map<string, string[]>();
  for (let code = 0x80; code <= 0x10ffff; code += 1) {
    const character = String.fromCodePoint(code);
    const canonical = canonicalName(character);
    if (canonical === null) continue;
    assert.equal(canonicalName(canonical), canonical);
    origin.set(canonical, [...(origin.get(canonical) ?? []), character]);
  }
  assert.ok(origin.size > 100_000, `${origin.size} names`);
  for (const [canonical, characters] of origin) {
    const strange = characters.filter(
      (character) => character.normalize('NFKC').toLowerCase().normalize('NFC') !== canonical,
    );
    assert.deepEqual(strange, [], canonical);
    // Two characters in the same case and width would be two people.
    const narrow = characters.filter((character) => !/[\uff01-\uffee]/.test(character));
    assert.ok(narrow.length <= 2, `${canonical} is made of ${narrow}`);
    if (/^[\0-\x7f]$/.test(canonical)) assert.deepEqual(narrow, [], `ASCII from ${characters}`);
  }
});

test('canonical domains are their own canonical form', () => {
  fc.assert(
    fc.property(oddText, (text) => {
      const canonical = canonicalDomain(`${text}.example`);
      if (canonical !== null) assert.equal(canonicalDomain(canonical), canonical);
    }),
    { numRuns: 3000 },
  );
});
