/** When two messages count as one. */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { toWireMessage } from '@poplar/protocol';
import fc from 'fast-check';
import { headerSearchOctetsMax } from './limits.ts';
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

/** What it means, for headers that are small. */
function likenessInWords(header: Buffer): string {
  const digest = createHash('sha256');
  for (const field of header.toString('latin1').split(/\r\n(?![ \t])/)) {
    const name = field.slice(0, Math.max(0, field.indexOf(':')));
    if (!['status', 'x-uidl'].includes(name.trim().toLowerCase()))
      digest.update(`${field}\r\n`, 'latin1');
  }
  return digest.digest('hex');
}

test('property: it is the digest of the fields that count, each with its lines', () => {
  const part = fc.constantFrom(
    'A: b',
    'Status',
    ': x',
    'X-UIDL: u',
    '\r\n',
    '\r\n',
    ' ',
    '\t',
    '\u00e9',
    'Status: R',
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 30 }), (parts) => {
      const header = Buffer.from(`${parts.join('')}\r\n`, 'latin1');
      assert.equal(headerLikeness(header), likenessInWords(header));
    }),
    { numRuns: 1_000 },
  );
});

test('a header of the largest message in the shortest lines is compared in little memory, to its last octet', async () => {
  const octets = 150 * 1024 * 1024;
  const file = JSON.stringify(new URL('./same-message.ts', import.meta.url).href);
  // A thread of its own: with too little memory it ends, and no other test with it.
  const worker = new Worker(
    `const { parentPort } = require('node:worker_threads');
     void import(${file}).then(({ headerLikeness }) => {
       const header = Buffer.alloc(${octets}, 'a\\r\\n');
       const one = headerLikeness(header);
       header[${octets - 1}] = 0x62;
       parentPort.postMessage([one, headerLikeness(header)]);
     });`,
    { eval: true, resourceLimits: { maxOldGenerationSizeMb: 128 } },
  );
  const [[one, other]] = await once(worker, 'message', { signal: AbortSignal.timeout(60_000) });
  await worker.terminate();
  assert.match(String(one), /^[0-9a-f]{64}$/);
  assert.notEqual(one, other);
});

test('behind what is looked at every field counts', () => {
  const far = `A: ${'x'.repeat(headerSearchOctetsMax)}\n`;
  const plain = likeness(`${far}\nbody\n`);
  assert.notEqual(likeness(`${far}Status: R\n\nbody\n`).header, plain.header);
  assert.equal(likeness(`Status: R\n${far}\nbody\n`).header, plain.header);
});
