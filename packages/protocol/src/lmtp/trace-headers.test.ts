/** Header lines added at delivery. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { joined } from './testing/drive.ts';
import { receivedHeader, recipientPrefix } from './trace-headers.ts';

const trace = {
  clientName: 'mta.example.net',
  peer: '[192.0.2.7]',
  hostname: 'mx.example.org',
  protocol: 'LMTP',
  id: '0123456789ab',
  date: 'Mon, 02 Nov 2026 10:11:12 +0000',
};

test('RFC 5321 §4.4 Return-Path is the first line, Delivered-To the second', () => {
  const prefix = joined([recipientPrefix('a@b', '"c d"@e')]);
  assert.equal(prefix, 'Return-Path: <a@b>\r\nDelivered-To: "c d"@e\r\n');
  assert.match(joined([recipientPrefix('', 'a@b')]), /^Return-Path: <>\r\n/);
  assert.match(joined([recipientPrefix('', 'é@b')]), /Delivered-To: \xc3\xa9@b\r\n$/);
});

test('RFC 5321 §4.4 Received names client, host, protocol, id and date, folded', () => {
  assert.equal(
    joined([receivedHeader(trace)]),
    'Received: from mta.example.net ([192.0.2.7]) by mx.example.org with LMTP\r\n' +
      '\tid 0123456789ab; Mon, 02 Nov 2026 10:11:12 +0000\r\n',
  );
});

test('RFC 5322 §2.1.1 lines are at most 78 characters where a word allows it', () => {
  for (let length = 1; length < 255; length += 1) {
    const text = joined([receivedHeader({ ...trace, clientName: 'x'.repeat(length) })]);
    const lines = text.split('\r\n');
    assert.equal(lines.pop(), '');
    for (const [index, line] of lines.entries()) {
      assert.ok(line.length <= 78 || /^\tx+$/.test(line), line);
      assert.ok(index === 0 || line.startsWith('\t'), line);
    }
    const unfolded = text.replaceAll('\r\n\t', ' ');
    assert.ok(unfolded.startsWith(`Received: from ${'x'.repeat(length)} ([192.0.2.7]) by mx.`));
  }
});

test('V82 nothing from outside can end the line or the comment', () => {
  const text = joined([receivedHeader({ ...trace, peer: 'a)\r\nX: (b', clientName: 'é' })]);
  assert.ok(text.startsWith('Received: from ? (a???X: ?b) by mx.example.org'), text);
});
