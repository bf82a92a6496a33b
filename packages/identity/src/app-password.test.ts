/** App passwords: how they look, how they may be typed, and what one costs to verify. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeAppPassword } from './app-password.ts';
import { hashPassword } from './password.ts';
import { Verifier } from './verifier.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

test('a text is random, of letters that cannot be mistaken, and not in what is stored', () => {
  const made = Array.from({ length: 50 }, makeAppPassword);
  for (const { text, stored } of made) {
    assert.match(text, /^(?:[0-9a-hjkmnp-tv-z]{4}-){6}[0-9a-hjkmnp-tv-z]{4}$/);
    assert.match(stored, /^\{APP\}[A-Za-z0-9+/]{64}$/);
    assert.ok(!stored.includes(text));
  }
  assert.equal(new Set(made.map(({ text }) => text)).size, 50);
  const seen = new Set(made.flatMap(({ text }) => [...text.replaceAll('-', '')]));
  assert.equal(seen.size, 32, 'all letters come up');
});

test('case, spaces, dashes and letters that look alike do not count when it is typed', async () => {
  const verifier = new Verifier();
  const { text, stored } = makeAppPassword();
  const verdictOf = async (typed: string) =>
    (await verifier.verify(bytes(typed), [stored], 'a')).verdict;
  const bare = text.replaceAll('-', '');
  for (const typed of [
    text,
    bare,
    text.toUpperCase(),
    text.replaceAll('-', ' '),
    ` ${bare} `,
    bare.replaceAll('0', 'O').replaceAll('1', 'l'),
    bare.replaceAll('0', 'o').replaceAll('1', 'I'),
  ]) {
    assert.equal(await verdictOf(typed), 'match', typed);
  }
  const last = bare.endsWith('z') ? 'y' : 'z';
  for (const typed of [
    bare.slice(1),
    `${bare}0`,
    bare.slice(0, -1) + last,
    `${bare}\0`,
    '-'.repeat(30),
  ]) {
    assert.equal(await verdictOf(typed), 'no-match', typed);
  }
});

test('a match costs no argon2 and no place; a wrong one costs what a wrong password costs', async () => {
  const verifier = new Verifier({ concurrencyMax: 1, queueMax: 0 });
  const password = await hashPassword(bytes('a password'));
  const apps = Array.from({ length: 20 }, makeAppPassword);
  const stored = [password, ...apps.map((app) => app.stored)];
  const busy = verifier.verify(bytes('wrong'), stored, 'b');
  for (const [at, { text }] of apps.entries()) {
    assert.deepEqual(await verifier.verify(bytes(text), stored, 'a'), {
      verdict: 'match',
      index: at + 1,
      rehash: false,
    });
  }
  assert.equal(verifier.running, 1, 'all of that while one argon2 was computed');
  const other = makeAppPassword().text;
  assert.equal((await verifier.verify(bytes(other), stored, 'a')).verdict, 'overloaded');
  assert.equal((await busy).verdict, 'no-match');
  const before = performance.now();
  assert.equal((await verifier.verify(bytes(other), stored.slice(1), 'a')).verdict, 'no-match');
  assert.ok(performance.now() - before > 2, 'the dummy was computed');
});
