/** Which texts are addresses, and that each has one canonical form (fault families V44 and V45). */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { canonicalAddress, canonicalDomain } from './address.ts';

const accepted: readonly [text: string, canonical: string][] = [
  ['ann@example.org', 'ann@example.org'],
  ['Ann.B@Example.ORG', 'ann.b@example.org'],
  ['postmaster@localhost', 'postmaster@localhost'],
  ["o'brien+tag=1@mail.example.org", "o'brien+tag=1@mail.example.org"],
  ['!#$%&*/?^_`{|}~-@example.org', '!#$%&*/?^_`{|}~-@example.org'],
  ['a@1.2.3.4', 'a@1.2.3.4'],
  ['a@xn--bcher-kva.example', 'a@xn--bcher-kva.example'],
  [`${'l'.repeat(64)}@example.org`, `${'l'.repeat(64)}@example.org`],
  [`a@${'d'.repeat(63)}.org`, `a@${'d'.repeat(63)}.org`],
  [`a@${'abc.'.repeat(62)}abcd`, `a@${'abc.'.repeat(62)}abcd`],
];

const refused: readonly [text: string, reason: string][] = [
  ['', 'empty'],
  ['ann', 'no domain'],
  ['@example.org', 'no local part'],
  ['ann@', 'no domain after the sign'],
  ['@', 'nothing at all'],
  ['a@b@c', 'two signs'],
  ['.ann@example.org', 'a dot first'],
  ['ann.@example.org', 'a dot last'],
  ['a..b@example.org', 'two dots'],
  ['"a b"@example.org', 'a quoted local part'],
  ['a b@example.org', 'a space'],
  [' ann@example.org', 'a space first'],
  ['ann@example.org ', 'a space last'],
  ['ann@example.org\n', 'a line feed last'],
  ['ann\r\nset x@example.org', 'a line break'],
  ['ann\0@example.org', 'NUL'],
  ['ann@example.org.', 'a dot after the domain'],
  ['ann@.example.org', 'a dot before the domain'],
  ['ann@exa_mple.org', 'an underscore in a label'],
  ['ann@-example.org', 'a hyphen first in a label'],
  ['ann@example-.org', 'a hyphen last in a label'],
  ['ann@[192.0.2.1]', 'an address literal'],
  ['dom\\user', 'another form of login name'],
  ['user%dom', 'a route by percent sign'],
  ['\u212aelvin@example.org', 'Kelvin sign, which lower-cases to k'],
  ['ann@\u212a.example', 'Kelvin sign in the domain'],
  ['\u0131@example.org', 'dotless i'],
  ['ann@\uff41.example', 'full-width a in the domain'],
  ['ann@example\u3002org', 'ideographic full stop'],
  ['\ud800@example.org', 'a lone surrogate'],
  [`${'l'.repeat(65)}@example.org`, 'a local part of 65'],
  [`a@${'d'.repeat(64)}.org`, 'a label of 64'],
  [`ab@${'abc.'.repeat(62)}abcd`, 'an address of 255'],
  [`${'ab@'.repeat(100_000)}c`, 'a very long text'],
];

test('addresses that are accepted have exactly this canonical form', () => {
  for (const [text, canonical] of accepted) assert.equal(canonicalAddress(text), canonical);
});

test('everything else is refused', () => {
  for (const [text, reason] of refused) assert.equal(canonicalAddress(text), null, reason);
});

test('a domain has 253 octets at most', () => {
  const longest = `${'abc.'.repeat(63)}a`;
  assert.equal(longest.length, 253);
  assert.equal(canonicalDomain(longest), longest);
  assert.equal(canonicalDomain(`${longest}b`), null);
  assert.equal(canonicalDomain('Example.ORG'), 'example.org');
  assert.equal(canonicalDomain(''), null);
});

// Texts near the boundary: most single characters are legal somewhere, some never.
const nearlyAddress = fc
  .array(fc.constantFrom('a', 'B', '.', '-', '@', '+', '_', ' ', '\0', '\u212a', '\ud800', 'z9'), {
    maxLength: 40,
  })
  .map((parts) => parts.join(''));

test('property: never throws, is idempotent, and changes nothing but ASCII case', () => {
  let seen = 0;
  fc.assert(
    fc.property(
      fc.oneof(nearlyAddress, fc.string({ unit: 'binary' }), fc.emailAddress()),
      (text) => {
        const canonical = canonicalAddress(text);
        // What is beyond ASCII has properties of its own in username.test.ts.
        if (canonical === null || !/^[\0-\x7f]*$/.test(text)) return;
        seen += 1;
        assert.equal(canonicalAddress(canonical), canonical);
        assert.equal(canonical.length, text.length);
        for (let i = 0; i < text.length; i++) {
          const code = text.charCodeAt(i);
          const upper = code >= 0x41 && code <= 0x5a;
          assert.equal(canonical.charCodeAt(i), upper ? code + 0x20 : code);
        }
      },
    ),
    { numRuns: 3000 },
  );
  assert.ok(seen > 300, 'the property met enough real addresses');
});
