import assert from 'node:assert/strict';
import { test } from 'node:test';
import { previewOf } from './header-preview.ts';

const preview = (text: string) => previewOf(new TextEncoder().encode(text));

test('the fields that tell which message it is, unfolded and decoded', () => {
  const header = [
    'Received: from x',
    'FROM: =?utf-8?q?Ren=C3=A9e?= <r@example.org>',
    'Subject: =?UTF-8?B?R3LDvMOfZQ==?= =?iso-8859-1?Q?_aus_K=F6ln?=',
    ' and more',
    'Message-ID:<1@example.org>',
    '',
    'To: not the header',
  ].join('\r\n');
  assert.deepEqual(preview(header.split('\r\n\r\n')[0] ?? ''), {
    from: 'Renée <r@example.org>',
    to: null,
    subject: 'Grüße aus Köln and more',
    date: null,
    messageId: '<1@example.org>',
  });
});

test('whatever else is in a header is shown as it is, without control characters', () => {
  const odd = '=?nonsense?b?AAAA?= =?utf-8?q?=zz?= \u001b[31mred\u202e';
  const { subject } = preview(`Subject: ${odd}\r\n`);
  assert.match(subject ?? '', /^=\?nonsense\?b\?AAAA\?=/);
  assert.doesNotMatch(subject ?? '', /[\p{Cc}\p{Cf}]/u);
  assert.equal(preview(`Subject: ${'x'.repeat(5000)}`).subject?.length, 1000);
  assert.equal(previewOf(new Uint8Array([0xff, 0xfe, 0x00])).from, null);
});

test('a hostile header is read in time that grows with its length', () => {
  const started = performance.now();
  for (const piece of ['=?utf-8?q?', '=?', '?= =?', '\r\n ', 'a?b?=?']) {
    preview(`Subject: ${piece.repeat(4_000)}`);
  }
  assert.ok(performance.now() - started < 5_000);
});
