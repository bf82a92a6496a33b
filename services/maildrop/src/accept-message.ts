/**
 * Where LMTP meets the store: an effect of the session becomes calls on the store, and what came of
 * them becomes an outcome. The only file of this service that knows both sides.
 *
 * Never: `delivered` before the store has committed; a store error told to a client in the store's
 * words; a rejected promise (a failure is an outcome).
 */

import { randomBytes } from 'node:crypto';
import { canonicalAddress } from '@poplar/identity';
import {
  type DeliveryResult,
  type LmtpEffect,
  type LmtpOutcome,
  receivedHeader,
  recipientPrefix,
} from '@poplar/protocol';
import type { Log, MetricSet, Tracer } from '@poplar/runtime';
import { type MailboxId, type Store, StoreError } from '@poplar/store';

/** What the session knows a mailbox by. */
export type Mailbox = MailboxId;

export interface AcceptMessageParts {
  readonly store: Pick<Store, 'findRecipient' | 'deliver'>;
  /** Of this host, for the Received line. */
  readonly hostname: string;
  readonly log: Log;
  readonly metrics: MetricSet;
  readonly tracer: Tracer;
}

type Deliver = Extract<LmtpEffect<Mailbox>, { kind: 'deliver' }>;

export class AcceptMessage {
  readonly #parts: AcceptMessageParts;

  constructor(parts: AcceptMessageParts) {
    this.#parts = parts;
  }

  /** RCPT: whose mailbox is it? Never rejects. */
  async resolve(address: string): Promise<LmtpOutcome<Mailbox>> {
    const { store, metrics } = this.#parts;
    // An address that cannot be one of ours is not worth a query.
    const name = canonicalAddress(address);
    if (name === null) return this.#rejected('unknown');
    try {
      const recipient = await store.findRecipient(name);
      if (recipient.kind === 'mailbox') return { kind: 'accepted', mailbox: recipient.mailboxId };
      return this.#rejected(recipient.kind);
    } catch (error) {
      this.#failed('find-recipient', error);
      metrics.inc('poplar_deliveries_total', 'temporary');
      return { kind: 'rejected', reason: 'temporary' };
    }
  }

  /** The end of the data: one transaction for all recipients. Never rejects. */
  async deliver({ envelope, message }: Deliver, peer: string): Promise<LmtpOutcome<Mailbox>> {
    const { store, hostname, log, metrics, tracer } = this.#parts;
    const { from, recipients, clientName, protocol } = envelope;
    const id = randomBytes(8).toString('hex');
    const date = dateOf(new Date());
    const received = receivedHeader({ clientName, peer, hostname, protocol, id, date });
    const startedAtMs = performance.now();
    let results: readonly DeliveryResult[];
    try {
      const { delivered } = await store.deliver({
        deliveries: recipients.map(({ address, mailbox }) => ({
          mailboxId: mailbox,
          prefix: recipientPrefix(from, address),
        })),
        pieces: [received, ...message.pieces],
        octets: received.length + message.octets,
        headerOctets: received.length + message.headerOctets,
      });
      results = await Promise.all(
        recipients.map(({ address }, index) => this.#resultOf(delivered[index], address)),
      );
    } catch (error) {
      this.#failed('deliver', error, id);
      // What the store will never take is refused; otherwise the client keeps it and tries again.
      const isRefused = error instanceof StoreError && error.code === 'INVALID';
      results = recipients.map(() => (isRefused ? 'too-large' : 'temporary'));
    }
    const taken = results.filter((result) => result === 'delivered').length;
    this.#count(results, message.octets);
    const durationMs = performance.now() - startedAtMs;
    metrics.observe('poplar_delivery_duration_seconds', durationMs / 1_000);
    const outcome = taken === results.length ? 'delivered' : taken === 0 ? results[0] : 'partial';
    tracer.record({
      ...{ name: 'lmtp.deliver', id, isWhole: true, isFailed: results.includes('temporary') },
      ...{ startedAtMs, endedAtMs: startedAtMs + durationMs },
      attributes: { recipients: recipients.length, delivered: taken, octets: message.octets },
    });
    log.info(
      {
        event: 'message',
        id,
        recipients: recipients.length,
        delivered: taken,
        octets: message.octets,
        outcome,
        peer,
        durationMs: Math.round(durationMs),
      },
      'message',
    );
    return { kind: 'delivered', id, results };
  }

  /**
   * A mailbox may have been suspended or removed since RCPT: it is looked up again for the answer
   * that RCPT would give now. Anything not understood is tried again.
   */
  async #resultOf(outcome: string | undefined, address: string): Promise<DeliveryResult> {
    if (outcome === 'delivered') return 'delivered';
    if (outcome === 'over-quota') return 'over-quota';
    if (outcome !== 'no-mailbox') return 'temporary';
    const name = canonicalAddress(address);
    if (name === null) return 'unknown';
    try {
      const { kind } = await this.#parts.store.findRecipient(name);
      return kind === 'mailbox' ? 'temporary' : kind;
    } catch (error) {
      this.#failed('find-recipient', error);
      return 'temporary';
    }
  }

  #rejected(reason: 'unknown' | 'suspended'): LmtpOutcome<Mailbox> {
    const counted = reason === 'unknown' ? 'no-mailbox' : reason;
    this.#parts.metrics.inc('poplar_deliveries_total', counted);
    return { kind: 'rejected', reason };
  }

  #count(results: readonly DeliveryResult[], octets: number): void {
    const { metrics } = this.#parts;
    for (const result of results) {
      metrics.inc('poplar_deliveries_total', result === 'unknown' ? 'no-mailbox' : result);
      if (result === 'delivered') metrics.add('poplar_delivered_bytes_total', octets);
    }
  }

  #failed(during: string, error: unknown, id?: string): void {
    const { log, metrics } = this.#parts;
    const code = failureCode(error);
    metrics.inc('poplar_store_errors_total', code);
    log.error({ event: 'failure', during, code, id }, 'the store failed', error);
  }
}

/** The code a failure is counted and logged under. */
export function failureCode(error: unknown): string {
  return error instanceof StoreError ? error.code : 'INTERNAL';
}

/** RFC 5322 §3.3, in universal time. */
export function dateOf(date: Date): string {
  return date.toUTCString().replace('GMT', '+0000');
}
