/** `If-Match` as RFC 9110 has it, and text that is no such thing, however it is made. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ifMatchCharactersMax } from './limits.ts';
import { versionsIn } from './preconditions.ts';

const read = (text: string): readonly string[] | null => versionsIn({ 'if-match': text });

test('tags, lists with empty places, weak ones, any, none', () => {
  assert.equal(versionsIn({}), null);
  assert.equal(read(' * '), null);
  assert.deepEqual(read('"1-2"'), ['1-2']);
  assert.deepEqual(read(' , "1-2" ,\t, W/"x", "a,b" ,'), ['1-2', 'a,b']);
  assert.deepEqual(read('W/"1-2"'), []);
  assert.deepEqual(read('""'), ['']);
});

for (const text of [
  '',
  ',',
  '1-2',
  '"1-2',
  '"1-2" "3-4"',
  '"1-2"x',
  '*, "1-2"',
  '"1-2", *',
  'w/"1"',
]) {
  test(`${JSON.stringify(text)} is none`, () => {
    assert.throws(() => read(text), /not a precondition/);
  });
}

test('whatever is sent is looked at once: blanks and commas without end are refused at once', {
  timeout: 5_000,
}, () => {
  for (const piece of [',  ', ' ', '\t,', '"a",  ', ',']) {
    const text = `"a"${piece.repeat(ifMatchCharactersMax)}`.slice(0, ifMatchCharactersMax - 1);
    assert.throws(() => read(`${text}x`), /not a precondition/);
  }
});
