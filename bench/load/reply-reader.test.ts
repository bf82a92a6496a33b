/**
 * The reader of replies at every cut of a conversation: what is right is counted, what is wrong is
 * noticed, wherever TCP divides it.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Expected, LoadFault, ReplyReader } from './reply-reader.ts';

const ok: Expected = { status: '+OK' };
const listing = '1 12\r\n2 3456\r\n.\r\n';
const message = 'Subject: x\r\n\r\n..dot\r\n.\r\n';
const body = (octets: number | null, lines: number | null): Expected => ({
  status: '+OK',
  body: { octets, lines, keep: true },
});

/** Reads it in two pieces; null when all of it was as it was due, else what was wrong. */
function fault(said: string, due: readonly Expected[], cut: number): string | null {
  const bytes = Buffer.from(said, 'latin1');
  const reader = new ReplyReader(() => undefined);
  for (const expected of due) reader.expect(expected);
  try {
    for (const piece of [bytes.subarray(0, cut), bytes.subarray(cut)]) reader.push(piece);
    reader.end();
  } catch (error) {
    assert.ok(error instanceof LoadFault);
    return error.message;
  }
  assert.equal(reader.octets, bytes.length);
  return null;
}

interface Case {
  readonly name: string;
  readonly said: string;
  readonly due: readonly Expected[];
  /** Null when there is nothing wrong with it. */
  readonly wrong: RegExp | null;
}

const whole = `+OK hello\r\n+OK 2 messages\r\n${listing}+OK 24 octets\r\n${message}+OK bye\r\n`;
const counted = [ok, body(listing.length, 2), body(message.length, null), ok];
const searched = [ok, body(null, 2), body(null, 3), ok];

const cases: readonly Case[] = [
  { name: 'octets that are known', said: whole, due: counted, wrong: null },
  { name: 'octets that are not known', said: whole, due: searched, wrong: null },
  { name: 'an empty listing', said: '+OK\r\n.\r\n', due: [body(3, 0)], wrong: null },
  { name: 'an empty listing, searched', said: '+OK\r\n.\r\n', due: [body(null, 0)], wrong: null },
  {
    name: 'a message that is an octet short',
    said: `+OK\r\n${message.replace('x', '')}`,
    due: [body(message.length, null)],
    wrong: /23 octets instead of 24/,
  },
  {
    name: 'a message that is an octet long',
    said: `+OK\r\n${message.replace('x', 'xy')}`,
    due: [body(message.length, null)],
    wrong: /no terminator after 24 octets/,
  },
  {
    name: 'a message without a terminator',
    said: `+OK\r\n${message.slice(0, -3)}+OK`,
    due: [body(message.length, null)],
    wrong: /no terminator after 24 octets/,
  },
  {
    name: 'a message that breaks off',
    said: `+OK\r\n${message.slice(0, -3)}`,
    due: [body(message.length, null)],
    wrong: /closed with 1 replies due/,
  },
  {
    name: 'a listing that lacks a line',
    said: `+OK\r\n${listing.replace('1 12\r\n', '')}`,
    due: [body(null, 2)],
    wrong: /1 lines instead of 2/,
  },
  { name: 'a refusal', said: '-ERR no\r\n', due: [ok], wrong: /not \+OK: -ERR no/ },
  {
    name: 'another line than the one that is known',
    said: '+OK 3 4\r\n',
    due: [{ status: '+OK', line: '+OK 2 4' }],
    wrong: /"\+OK 2 4" was due: \+OK 3 4/,
  },
  { name: 'a bare LF', said: '+OK\n', due: [ok], wrong: /not a line/ },
  {
    name: 'what nobody asked for',
    said: '+OK\r\n+OK\r\n',
    due: [ok],
    wrong: /without being asked/,
  },
];

for (const { name, said, due, wrong } of cases) {
  test(`${name}, cut anywhere`, () => {
    for (let cut = 0; cut <= said.length; cut += 1) {
      const found = fault(said, due, cut);
      if (wrong === null) assert.equal(found, null, `cut at ${cut}`);
      else assert.match(found ?? 'nothing was wrong', wrong, `cut at ${cut}`);
    }
  });
}

test('a body is kept as it came, without its last line', () => {
  const texts: string[] = [];
  const reader = new ReplyReader((reply) => texts.push(reply.text));
  reader.expect(body(null, 2));
  reader.push(Buffer.from(`+OK\r\n${listing}`));
  assert.deepEqual(texts, ['1 12\r\n2 3456\r\n']);
});

test('LMTP: a reply of several lines is one reply', () => {
  let replies = 0;
  const reader = new ReplyReader(() => {
    replies += 1;
  });
  reader.expect({ status: '250' });
  reader.push(Buffer.from('250-a\r\n250-b\r\n250 c\r\n'));
  assert.deepEqual([replies, reader.outstanding], [1, 0]);
});
