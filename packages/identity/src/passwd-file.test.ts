/** Lines of passwd-files: what is taken, what is skipped, and why. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type PasswdOptions, parsePasswdLine } from './passwd-file.ts';

const hash =
  '$6$c7kWdafeGhY7bWQh$QH0uX1TidxAQfzLifPR9eAw9gdeW/knokay4kpooLNZfyEOBf1hv0DDj6zjgtHMnWS5c8fQGkCIfP4eZWL1JN.';
const ssha = 'RzDM6NcvJGuDMsE/6Grcy4k4sMQ5fSI5';

/** A short form to compare: what came out of a line. */
function outcome(line: string, options?: PasswdOptions): string {
  const entry = parsePasswdLine(line, options);
  if (entry.kind === 'hash') return `${entry.name} ${entry.stored} ${entry.dropped}`.trim();
  if (entry.kind === 'clear') {
    return `${entry.name} clear ${Buffer.from(entry.clear)} ${entry.dropped}`.trim();
  }
  return entry.kind === 'skipped' ? `skipped ${entry.name}: ${entry.reason}` : entry.kind;
}

test('entries with a hash', () => {
  assert.equal(outcome(`ann:{SHA512-CRYPT}${hash}`), `ann {SHA512-CRYPT}${hash}`);
  assert.equal(outcome(`ann:${hash}:::::`), `ann ${hash}`);
  assert.equal(
    outcome(
      `ann@example.org:{SSHA}${ssha}:1000:1000:Ann:/home/ann:/bin/sh:userdb_mail=maildir:~/x`,
    ),
    `ann@example.org {SSHA}${ssha}`,
  );
  assert.equal(
    outcome(`ann:{SSHA}${ssha}::::::allow_nets=10.0.0.0/8 pass=x`),
    `ann {SSHA}${ssha} allow_nets,pass`,
  );
  assert.equal(outcome(`ann:{SSHA}${ssha}::::::nologin=no nopassword=n`), `ann {SSHA}${ssha}`);
  assert.equal(outcome(`ann:${ssha}`, { defaultScheme: 'SSHA' }), `ann {SSHA}${ssha}`);
  assert.equal(outcome(`ann:${hash}`, { defaultScheme: 'SSHA' }), `ann ${hash}`);
});

test('entries in clear text, to be hashed', () => {
  assert.equal(outcome('ann:{PLAIN} p w :1000'), 'ann clear  p w');
  assert.equal(outcome('ann:{PLAIN}p:w'), 'ann clear p', 'as Dovecot cuts it');
  assert.equal(outcome('ann:{CLEARTEXT}x::::::allow_nets=::1'), 'ann clear x allow_nets');
  assert.equal(outcome('ann:secret', { defaultScheme: 'PLAIN' }), 'ann clear secret');
});

test('what is no entry, and what is skipped', () => {
  for (const line of ['', '   ', '# ann:{PLAIN}x', '#']) assert.equal(outcome(line), 'nothing');
  const skipped: readonly [line: string, reason: string][] = [
    [':{PLAIN}x', 'null: no name'],
    ['ann', 'null: no colon'],
    ['ann:', 'ann: no password'],
    ['ann:{PLAIN}', 'ann: no password'],
    ['ann::1000:1000', 'ann: no password'],
    ['ann:::::::nopassword', 'ann: nopassword: any password would do'],
    ['ann:{PLAIN}x::::::nopassword=y', 'ann: nopassword: any password would do'],
    [`ann:${hash}::::::x=1 nologin`, 'ann: nologin: it may not log in'],
    [`ann:!${hash}`, 'ann: a locked password'],
    ['ann:*', 'ann: a locked password'],
    ['ann:x', 'ann: no scheme is named'],
    ['ann:secret', 'ann: no scheme is named'],
    ['ann:{SHA}L55TUjtiq8FBorTWAZ0jy6g129A=', 'ann: an unsalted digest is never verified'],
    ['ann:{NEW}x', 'ann: an unknown scheme'],
    ['ann:{SSHA}x', 'ann: malformed, or its costs are out of bounds'],
    ['ann\0:{PLAIN}x', 'null: characters that no name has'],
    ['ann\ud800:{PLAIN}x', 'null: characters that no name has'],
    [`ann:{PLAIN}${'x'.repeat(8192)}`, 'null: the line is too long'],
  ];
  for (const [line, reason] of skipped) assert.equal(outcome(line), `skipped ${reason}`);
});

test('property: never throws, and no reason holds any of the password', () => {
  const password = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('{SHA}', '{NTLM}', '{'));
  fc.assert(
    fc.property(password, fc.string({ unit: 'binary' }), (text, rest) => {
      const entry = parsePasswdLine(`ann:${text}zQj7:${rest}`);
      if (entry.kind === 'skipped') assert.ok(!entry.reason.includes('zQj7'));
    }),
  );
});
