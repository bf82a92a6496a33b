/** What is asked of the store for a message, and what its answers mean. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Envelope, type LmtpEffect, toWireMessage } from '@poplar/protocol';
import { MetricSet, noTracer, silentLog } from '@poplar/runtime';
import { type DeliverRequest, type MailboxId, type Recipient, StoreError } from '@poplar/store';
import { AcceptMessage, dateOf, failureCode, type Mailbox } from './accept-message.ts';

type Answer = 'delivered' | 'no-mailbox' | 'duplicate-uidl' | StoreError;

/** A store that answers what it is told to. */
function acceptMessage(answers: { find?: Recipient | StoreError; deliver?: Answer[] }) {
  const asked: (string | DeliverRequest)[] = [];
  const accept = new AcceptMessage({
    store: {
      findRecipient: async (address) => {
        asked.push(address);
        if (answers.find instanceof StoreError) throw answers.find;
        return answers.find ?? { kind: 'unknown' };
      },
      deliver: async (request) => {
        asked.push(request);
        const delivered = (answers.deliver ?? []).map((answer) => {
          if (answer instanceof StoreError) throw answer;
          return answer;
        });
        return { delivered };
      },
    },
    hostname: 'mx.example.org',
    log: silentLog,
    metrics: new MetricSet(),
    tracer: noTracer,
  });
  return { accept, asked };
}

const mailboxId = '7' as MailboxId;
const away = new StoreError('STORE_UNAVAILABLE', 'the database is away');

function delivery(
  recipients: readonly string[],
): Extract<LmtpEffect<Mailbox>, { kind: 'deliver' }> {
  const envelope: Envelope<Mailbox> = {
    from: 's@x',
    recipients: recipients.map((address) => ({ address, mailbox: mailboxId })),
    clientName: 'mta',
    protocol: 'LMTP',
  };
  return { kind: 'deliver', envelope, message: toWireMessage(Buffer.from('A: b\r\n\r\n.\r\n')) };
}

test('a recipient is looked up by its canonical address', async () => {
  const { accept, asked } = acceptMessage({
    find: { kind: 'mailbox', mailboxId, address: 'a@b.c' },
  });
  assert.deepEqual(await accept.resolve('A@B.c'), { kind: 'accepted', mailbox: mailboxId });
  assert.deepEqual(asked, ['a@b.c']);
});

test('an address that cannot be ours is unknown without a query', async () => {
  const { accept, asked } = acceptMessage({ find: away });
  for (const address of ['postmaster', '"a b"@c', '\u212a@b', 'a@[192.0.2.1]']) {
    assert.deepEqual(await accept.resolve(address), { kind: 'rejected', reason: 'unknown' });
  }
  assert.deepEqual(asked, []);
});

test('unknown, suspended and an outage are told apart', async () => {
  for (const [find, reason] of [
    [{ kind: 'unknown' }, 'unknown'],
    [{ kind: 'suspended' }, 'suspended'],
    [away, 'temporary'],
  ] as const) {
    const { accept } = acceptMessage({ find });
    assert.deepEqual(await accept.resolve('a@b'), { kind: 'rejected', reason });
  }
});

test('one request for all recipients; Return-Path is first and sizes are those of the pieces', async () => {
  const { accept, asked } = acceptMessage({ deliver: ['delivered', 'no-mailbox'] });
  const outcome = await accept.deliver(delivery(['a@b', 'c@d']), '[192.0.2.1]');
  assert.ok(outcome.kind === 'delivered');
  assert.deepEqual(outcome.results, ['delivered', 'unknown']);
  const [request, ...others] = asked;
  assert.ok(typeof request === 'object');
  assert.deepEqual(others, ['c@d'], 'the one that was not delivered is looked up again');
  assert.deepEqual(
    request.deliveries.map(({ prefix }) => Buffer.from(prefix).toString()),
    ['Return-Path: <s@x>\r\nDelivered-To: a@b\r\n', 'Return-Path: <s@x>\r\nDelivered-To: c@d\r\n'],
  );
  const wire = Buffer.concat(request.pieces).toString();
  assert.match(wire, /^Received: from mta \(\[192\.0\.2\.1\]\) by mx\.example\.org with LMTP/);
  assert.ok(wire.includes(`id ${outcome.id};`));
  assert.equal(request.headerOctets, wire.indexOf('\r\n\r\n') + 4);
  assert.equal(request.octets, wire.length - 1, 'one dot is stuffed');
});

test('a mailbox that was suspended or removed since RCPT is answered as RCPT would be', async () => {
  for (const [find, result] of [
    [{ kind: 'suspended' }, 'suspended'],
    [{ kind: 'unknown' }, 'unknown'],
    // Active again meanwhile.
    [{ kind: 'mailbox', mailboxId, address: 'a@b' }, 'temporary'],
    [away, 'temporary'],
  ] as const) {
    const { accept } = acceptMessage({ find, deliver: ['no-mailbox', 'delivered'] });
    const outcome = await accept.deliver(delivery(['a@b', 'c@d']), 'local socket');
    assert.ok(outcome.kind === 'delivered');
    assert.deepEqual(outcome.results, [result, 'delivered']);
  }
});

test('what failed is tried again, what is refused for good is not', async () => {
  for (const [answer, result] of [
    [away, 'temporary'],
    [new StoreError('OUTCOME_UNKNOWN', 'no answer to COMMIT'), 'temporary'],
    [new StoreError('INVALID', 'too large'), 'too-large'],
    ['duplicate-uidl', 'temporary'],
  ] as const) {
    const { accept } = acceptMessage({ deliver: [answer] });
    const outcome = await accept.deliver(delivery(['a@b']), 'local socket');
    assert.ok(outcome.kind === 'delivered');
    assert.deepEqual(outcome.results, [result]);
  }
});

test('a store that answers too little never becomes `delivered`', async () => {
  const { accept } = acceptMessage({ deliver: ['delivered'] });
  const outcome = await accept.deliver(delivery(['a@b', 'c@d']), 'local socket');
  assert.ok(outcome.kind === 'delivered');
  assert.deepEqual(outcome.results, ['delivered', 'temporary']);
});

test('store errors have labels, dates are those of RFC 5322 §3.3', () => {
  assert.equal(failureCode(away), 'STORE_UNAVAILABLE');
  assert.equal(failureCode(new Error('x')), 'INTERNAL');
  assert.equal(dateOf(new Date(0)), 'Thu, 01 Jan 1970 00:00:00 +0000');
});
