/**
 * The seam between the LMTP session and whatever runs it: effects are what the session needs done,
 * outcomes are what became of them. `Mailbox` is whatever the runner knows a mailbox by; the session
 * only keeps it and hands it back.
 *
 * Never: a promise, a socket or a database row in here.
 */

import type { WireMessage } from './wire-message.ts';

export interface EnvelopeRecipient<Mailbox> {
  /** Canonical form of what RCPT said. */
  readonly address: string;
  readonly mailbox: Mailbox;
}

/** Everything known of a message besides its bytes. */
export interface Envelope<Mailbox> {
  /** Canonical form of what MAIL said; empty for the null sender. */
  readonly from: string;
  /** In the order of RCPT; at least one. */
  readonly recipients: readonly EnvelopeRecipient<Mailbox>[];
  /** What the client called itself. */
  readonly clientName: string;
  /** For the Received line: `LMTP`, `LMTPS`, `UTF8LMTP` or `UTF8LMTPS` (RFC 3848, RFC 6531 §4.3). */
  readonly protocol: string;
}

export type LmtpEffect<Mailbox> =
  /** Whose address is it? Answer: `accepted` or `rejected`. */
  | { readonly kind: 'resolve-recipient'; readonly address: string }
  /** Make the message durable for all recipients together. Answer: `delivered`. */
  | {
      readonly kind: 'deliver';
      readonly envelope: Envelope<Mailbox>;
      /** Its pieces are valid until the answer. */
      readonly message: WireMessage;
    }
  /** Send all output, then hand the connection to TLS. Answer: `upgraded()`. */
  | { readonly kind: 'start-tls' };

/** What became of one recipient's copy; `delivered` only if it is durable. */
export type DeliveryResult =
  | 'delivered'
  | 'unknown'
  | 'suspended'
  | 'too-large'
  /** The mailbox would hold more than its quota. */
  | 'over-quota'
  | 'temporary';

export type LmtpOutcome<Mailbox> =
  | { readonly kind: 'accepted'; readonly mailbox: Mailbox }
  | { readonly kind: 'rejected'; readonly reason: 'unknown' | 'suspended' | 'temporary' }
  | {
      readonly kind: 'delivered';
      /** What the log calls the message; printable ASCII. */
      readonly id: string;
      /** One for each recipient of the envelope, in order. */
      readonly results: readonly DeliveryResult[];
    };

/** Why a session is over; it becomes a log field and a metric label. */
export type LmtpCloseReason =
  | 'quit'
  | 'too-many-faults'
  | 'starttls-injection'
  | 'timeout'
  | 'shutdown'
  | 'abandoned';

/** What must happen before the session can go on. */
export type LmtpStep<Mailbox> =
  /** Everything received was used. */
  | { readonly kind: 'need-data' }
  /** Output has reached its high-water mark: send it, then call `next()` again. */
  | { readonly kind: 'flush' }
  | { readonly kind: 'effect'; readonly effect: LmtpEffect<Mailbox> }
  /** Send what is pending, then close. */
  | { readonly kind: 'close'; readonly reason: LmtpCloseReason }
  /** Close at once, sending nothing more. */
  | { readonly kind: 'abort'; readonly reason: LmtpCloseReason };
