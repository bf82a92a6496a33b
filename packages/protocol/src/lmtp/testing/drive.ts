/**
 * Drives an LMTP session for tests: bytes in, replies out, effects answered by a small directory.
 *
 * Never: imported by anything but tests.
 */

import type { DeliveryResult, Envelope, LmtpOutcome, LmtpStep } from '../effects.ts';
import { OctetBudget } from '../octet-budget.ts';
import { LmtpSession, type LmtpSessionOptions } from '../session.ts';

export interface Delivered {
  readonly envelope: Envelope<string>;
  /** The wire form, one string of one character an octet. */
  readonly wire: string;
  readonly octets: number;
  readonly headerOctets: number;
}

/** Addresses beginning with these words are not accepted; all others are. */
const rejections = ['unknown', 'suspended', 'temporary'] as const;

export class Drive {
  readonly budget: OctetBudget;
  readonly session: LmtpSession<string>;
  readonly delivered: Delivered[] = [];
  /** What `deliver` answers for a mailbox; delivered when it is not named. */
  readonly results = new Map<string, DeliveryResult>();
  /** Everything said so far. */
  said = '';
  /** Each step that was not a request for more data. */
  ended: LmtpStep<string> | undefined;
  /** Stops before answering a delivery. */
  holdDelivery = false;
  isTlsAsked = false;

  constructor(options: Partial<LmtpSessionOptions> = {}) {
    this.budget = options.budget ?? new OctetBudget(1_000_000);
    this.session = new LmtpSession<string>({
      hostname: 'mx.example.org',
      messageOctetsMax: 100_000,
      offerStartTls: false,
      ...options,
      budget: this.budget,
    });
    this.session.greet();
    this.run();
  }

  /** Gives the bytes (one character an octet) and answers what was said because of them. */
  say(text: string): string {
    const before = this.said.length;
    this.session.receive(octets(text));
    this.run();
    return this.said.slice(before);
  }

  run(): void {
    for (;;) {
      const step = this.session.next();
      this.flush();
      if (step.kind === 'close' || step.kind === 'abort') this.ended = step;
      if (step.kind === 'effect') {
        if (step.effect.kind === 'start-tls') {
          this.isTlsAsked = true;
          return;
        }
        if (step.effect.kind === 'resolve-recipient') {
          this.session.resume(resolve(step.effect.address));
        } else {
          const { envelope, message } = step.effect;
          const { octets, headerOctets } = message;
          this.delivered.push({ envelope, wire: joined(message.pieces), octets, headerOctets });
          if (this.holdDelivery) return;
          const results = envelope.recipients.map(
            ({ mailbox }) => this.results.get(mailbox) ?? 'delivered',
          );
          this.session.resume({ kind: 'delivered', id: 'id1', results });
        }
      } else if (step.kind !== 'flush') return;
    }
  }

  flush(): void {
    this.said += joined(this.session.takeOutput());
    this.session.outputTaken(this.said.length % 2 === 0);
  }
}

function resolve(address: string): LmtpOutcome<string> {
  const reason = rejections.find((word) => address.startsWith(word));
  return reason === undefined
    ? { kind: 'accepted', mailbox: address.toLowerCase() }
    : { kind: 'rejected', reason };
}

/** One octet a character. */
export function octets(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** One character an octet. */
export function joined(pieces: readonly Uint8Array[]): string {
  let text = '';
  for (const piece of pieces) for (const octet of piece) text += String.fromCharCode(octet);
  return text;
}
