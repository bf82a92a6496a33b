/** When two messages count as one. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toWireMessage } from '@poplar/protocol';
import { headerLikeness, type Likeness, likenessOf, replacementUidl } from './same-message.ts';

function likeness(text: string): Likeness {
  const { pieces, headerOctets } = toWireMessage(Buffer.from(text, 'latin1'));
  return likenessOf(pieces, headerOctets);
}

const message = 'A: b\nSubject: x\n y\n\nbody\n.\n';

test('where the pieces are cut makes no difference', () => {
  const { pieces, headerOctets } = toWireMessage(Buffer.from(message));
  const wire = Buffer.concat(pieces);
  const whole = likenessOf([wire], headerOctets);
  assert.equal(whole.bodyOctets, 'body\r\n..\r\n'.length);
  assert.equal(headerLikeness(wire.subarray(0, headerOctets)), whole.header);
  for (let cut = 0; cut <= wire.length; cut += 1) {
    const parts = [wire.subarray(0, cut), wire.subarray(cut)];
    assert.deepEqual(likenessOf(parts, headerOctets), whole, `cut at ${cut}`);
  }
});

test('what servers and clients note in a header does not count', () => {
  const plain = likeness(message);
  for (const noted of [
    'Status: RO\n',
    'X-UIDL: u\n',
    'x-status: A\n',
    'X-Keywords: a\n b\n\tc\n',
    'Content-Length: 7\n',
    'X-Mozilla-Status : 0001\n',
  ]) {
    assert.deepEqual(likeness(noted + message), plain, noted);
    assert.deepEqual(likeness(message.replace('Subject', `${noted}Subject`)), plain, noted);
  }
});

test('everything else does', () => {
  const plain = JSON.stringify(likeness(message));
  const others = [
    message.replace('A: b', 'A: c'),
    message.replace('A: b\n', ''),
    message.replace(' y', ' z'),
    message.replace('\n y', '\nStatus: y'),
    message.replace('body', 'Body'),
    message.replace('\n\n', '\n\nStatus: R\n'),
    `A status: x\n${message}`,
    `Status\n${message}`,
    `${message}\n`,
    '',
  ];
  for (const other of others) assert.notEqual(JSON.stringify(likeness(other)), plain, other);
});

test('a replacement follows from the UIDL and the message, and can be sent', () => {
  const replacement = replacementUidl('u', likeness(message));
  assert.match(replacement, /^[0-9a-f]{64}$/);
  assert.equal(replacementUidl('u', likeness(`Status: R\n${message}`)), replacement);
  assert.notEqual(replacementUidl('v', likeness(message)), replacement);
  assert.notEqual(replacementUidl('u', likeness(`${message}x\n`)), replacement);
});
