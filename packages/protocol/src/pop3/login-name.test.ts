/** Login names: every form that is accepted, everything that is not, and what must hold for any text. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type LoginName, type LoginNameRule, parseLoginName } from './login-name.ts';

const rule: LoginNameRule = { defaultDomain: 'd.org', masterSeparator: '*' };
const bare: LoginNameRule = { defaultDomain: null, masterSeparator: '*' };
const noMaster: LoginNameRule = { defaultDomain: null, masterSeparator: null };

function show(name: LoginName | null): string {
  if (name === null) return 'refused';
  return name.maildrop === null ? name.actor : `${name.actor} opens ${name.maildrop}`;
}

function parse(text: string, by: LoginNameRule = rule, authorizationId = ''): string {
  return show(parseLoginName(text, authorizationId, by));
}

const accepted: readonly (readonly [string, string, LoginNameRule?])[] = [
  ['user@domain', 'user@domain'],
  ['User@Domain', 'User@Domain'],
  ['user', 'user@d.org'],
  ['user', 'user', bare],
  ['user', 'user', noMaster],
  ['domain\\user', 'user@domain'],
  ['domain\\user/mailbox', 'user@domain opens mailbox@domain'],
  ['domain\\user/mailbox@other', 'user@domain opens mailbox@other'],
  ['domain\\user/user', 'user@domain'],
  ['user@domain/mailbox@domain', 'user@domain opens mailbox@domain'],
  ['user@domain/mailbox@other', 'user@domain opens mailbox@other'],
  ['user@domain/mailbox', 'user@domain opens mailbox@domain'],
  ['user@domain/mailbox', 'user@domain opens mailbox@domain', noMaster],
  ['user@domain/user@domain', 'user@domain'],
  ['user@domain/a/b@other', 'user@domain opens a/b@other'],
  // The delimiter is behind what is complete: these are local parts.
  ['a/b@domain', 'a/b@domain'],
  ['a/b', 'a/b@d.org'],
  ['a/b', 'a/b', bare],
  ['/a@domain', '/a@domain'],
  ['a/b@domain/c', 'a/b@domain opens c@domain'],
  ['user*master', 'master@d.org opens user@d.org'],
  ['user*master', 'master opens user', bare],
  ['user*master@domain', 'master@domain opens user', bare],
  ['user@domain*master', 'master@d.org opens user@domain'],
  ['user@domain*master@other', 'master@other opens user@domain'],
  ['domain\\user*other\\master', 'master@other opens user@domain'],
  ['a/b@domain*master', 'master@d.org opens a/b@domain'],
  ['user*user', 'user@d.org'],
  ['user*master', 'user*master', noMaster],
  ['a*b@domain', 'a*b@domain', noMaster],
  ['user%master', 'master@d.org opens user@d.org', { ...rule, masterSeparator: '%' }],
  // Left for whoever looks the parts up.
  ['user+tag@domain', 'user+tag@domain'],
  ['user%dom', 'user%dom@d.org'],
  ['user@domain.', 'user@domain.'],
  ['%{env:PATH}', '%{env:PATH}@d.org'],
  [`' OR 1=1--`.replaceAll(' ', '+'), `'+OR+1=1--@d.org`],
  ['jos\u00e9@caf\u00e9.example', 'jos\u00e9@caf\u00e9.example'],
  ['\u212A@domain', '\u212A@domain'],
  [`${'u'.repeat(64)}@${'d'.repeat(255)}`, `${'u'.repeat(64)}@${'d'.repeat(255)}`],
  [`${'\u00e9'.repeat(32)}@d`, `${'\u00e9'.repeat(32)}@d`],
];

const refused: readonly (readonly [string, LoginNameRule?])[] = [
  [''],
  ['@'],
  ['@domain'],
  ['user@'],
  ['user@@domain'],
  ['a@b@c'],
  ['a@b@c/d@e'],
  ['\\'],
  ['\\user'],
  ['domain\\'],
  ['a\\b\\c'],
  ['domain\\user@other'],
  ['user@domain\\other'],
  ['a/b\\user'],
  ['/'.concat('user\\x')],
  ['user@domain/'],
  ['domain\\user/'],
  ['domain\\/mailbox'],
  ['@domain/mailbox'],
  ['user@/mailbox'],
  ['user@domain/other\\mailbox'],
  ['user@domain/@domain'],
  ['user@domain/mailbox@'],
  ['user@domain/mailbox@domain/third'],
  ['user@domain/a@b@c'],
  ['*'],
  ['user*'],
  ['*master'],
  ['user**master'],
  ['a*b*c'],
  ['user@domain*'],
  ['user@domain/mailbox*master'],
  ['user*master@domain/mailbox'],
  ['user*@domain'],
  ['a b@domain'],
  [' user'],
  ['user '],
  ['user@domain '],
  ['victim\0attacker'],
  ['user\t'],
  ['user\r\nset x'],
  ['us\x7fer'],
  ['us\x85er'],
  ['us\u2028er'],
  ['us\u00a0er'],
  ['us\ud800er'],
  ['\udc00'],
  // What Unicode maps to a delimiter or to white space.
  ['user\uff20evil@domain'],
  ['user\ufe6bdomain'],
  ['user@domain\uff0fmailbox'],
  ['a\u2100c@domain'],
  ['domain\uff3cuser'],
  ['user\uff0amaster'],
  ['a\ufdfab@domain'],
  [`${'u'.repeat(65)}@domain`],
  ['u'.repeat(65)],
  ['u'.repeat(65), bare],
  [`user@${'d'.repeat(256)}`],
  [`${'\u00e9'.repeat(33)}@d`],
  [`${'\u20ac'.repeat(22)}@d`],
  [`${'\u{1f600}'.repeat(17)}@d`],
  [`user@domain/${'u'.repeat(65)}`],
  ['x'.repeat(10_000)],
  ['@'.repeat(10_000)],
  ['*'.repeat(10_000)],
];

describe('login names', () => {
  test('what is accepted', () => {
    for (const [text, expected, by] of accepted) assert.equal(parse(text, by), expected, text);
  });

  test('what is refused', () => {
    for (const [text, by] of refused) {
      assert.equal(parse(text, by), 'refused', JSON.stringify(text.slice(0, 40)));
      if (text !== '') assert.equal(parse('user', by, text), 'refused', 'nor is it a maildrop');
    }
  });

  test('a default domain that is none makes no name', () => {
    for (const defaultDomain of ['', 'a@b', 'a*b', 'x'.repeat(256)]) {
      assert.equal(parse('user', { ...rule, defaultDomain }), 'refused');
    }
  });

  test('RFC 4616 §2: an authorization identity names the maildrop', () => {
    assert.equal(parse('user', rule, 'box'), 'user@d.org opens box@d.org');
    assert.equal(parse('user@domain', rule, 'box@other'), 'user@domain opens box@other');
    assert.equal(parse('user@domain', rule, 'box'), 'user@domain opens box@d.org');
    assert.equal(parse('user@domain', bare, 'box'), 'user@domain opens box');
    assert.equal(parse('user', rule, 'a/b'), 'user@d.org opens a/b@d.org');
    assert.equal(parse('user', noMaster, 'a*b'), 'user opens a*b');
  });

  test('RFC 4616 §2: the actor itself is no proxying', () => {
    for (const name of ['user', 'user@d.org', 'd.org\\user']) {
      assert.equal(parse(name, rule, 'user@d.org'), 'user@d.org');
      assert.equal(parse(name, rule, 'user'), 'user@d.org');
    }
    assert.equal(parse('user', bare, 'user@d.org'), 'user opens user@d.org');
  });

  test('it agrees with a maildrop in the name, or nothing is opened', () => {
    for (const name of ['d\\user/box', 'user@d/box', 'box@d*user@d']) {
      assert.equal(parse(name, rule, 'box@d'), 'user@d opens box@d', name);
      assert.equal(parse(name, rule, 'other@d'), 'refused', name);
      assert.equal(parse(name, rule, 'user@d'), 'refused', name);
    }
  });

  test('an authorization identity is a plain name and nothing else', () => {
    for (const text of ['d\\box', 'user@d/box', 'box*user', 'a@b@c', ' box', '@', 'b\0', 'b@d/']) {
      assert.equal(parse('user@d', rule, text), 'refused', JSON.stringify(text));
    }
  });
});

const piece = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('@', '/', '\\', '*', '%', 'user', 'd.org', 'box', 'a') },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 4 }) },
);
const written = fc.array(piece, { maxLength: 9 }).map((pieces) => pieces.join(''));
const rules = fc.record({
  defaultDomain: fc.constantFrom(null, 'd.org', 'e.org'),
  masterSeparator: fc.constantFrom(null, '*', '%'),
});

/** The parts of `user@domain` or of a bare name. */
function parts(name: string): [local: string, domain: string | null] {
  const at = name.lastIndexOf('@');
  return at === -1 ? [name, null] : [name.slice(0, at), name.slice(at + 1)];
}

test('property: any text is a name of sound parts or refused, and what is opened is written', () => {
  fc.assert(
    fc.property(written, fc.oneof(fc.constant(''), written), rules, (name, other, by) => {
      const parsed = parseLoginName(name, other, by);
      if (parsed === null) return;
      for (const address of [parsed.actor, parsed.maildrop ?? parsed.actor]) {
        const [local, domain] = parts(address);
        assert.ok(`${name} ${other}`.includes(local), 'a local part is written');
        assert.ok(
          domain === null || domain === by.defaultDomain || `${name} ${other}`.includes(domain),
          'a domain is written, or the default one',
        );
        assert.ok(local !== '' && domain !== '', 'no part is empty');
        assert.doesNotMatch(local, /[@\\\s\p{Cc}]/u);
        assert.doesNotMatch(domain ?? '', /[@\\/\s\p{Cc}]/u);
        assert.ok(by.masterSeparator === null || !address.includes(by.masterSeparator));
      }
      if (parsed.maildrop !== null) {
        assert.notEqual(parsed.maildrop, parsed.actor);
        const separates = /[@\\].*\//s.test(name) || name.includes(by.masterSeparator ?? '\0');
        assert.ok(
          other !== '' || separates,
          'only a delimiter or an identity opens another maildrop',
        );
      }
    }),
    { numRuns: 3_000 },
  );
});

test('property: what was parsed is parsed to the same again', () => {
  fc.assert(
    fc.property(written, fc.oneof(fc.constant(''), written), rules, (name, other, by) => {
      const parsed = parseLoginName(name, other, by);
      if (parsed === null) return;
      assert.deepEqual(parseLoginName(parsed.actor, parsed.maildrop ?? '', by), parsed);
    }),
    { numRuns: 3_000 },
  );
});
