/**
 * What the readers of the import formats find, and how the rest of the import is told of it.
 *
 * Never: a name found in the input used as a path by whoever gets this; `place` is for people.
 */

import type { SkipReason } from '@poplar/admin';

export const formats = ['eml', 'mbox', 'maildir'] as const;
export type Format = (typeof formats)[number];

/** A message as it was in the input. */
export interface FoundMessage {
  readonly kind: 'message';
  /** LF or CRLF lines, as found; the framing of the format is removed. */
  readonly content: Uint8Array;
  /** What another server called it; null when nothing tells. */
  readonly uidl: string | null;
  /** When it was received; null when nothing tells. */
  readonly receivedAt: Date | null;
  /** Where it was, for people. */
  readonly place: string;
  /** Octets of input read for it. */
  readonly inputOctets: number;
}

interface Skipped {
  readonly kind: 'skipped';
  readonly reason: SkipReason;
  readonly place: string;
  readonly inputOctets: number;
}

export type Found = FoundMessage | Skipped;

/** One PATH of the command line, looked at and ready to be read. */
export interface Source {
  readonly format: Format;
  /** Of all its files, as they were when it was looked at. */
  readonly totalOctets: number;
  /** In order, with at most one message at a time in memory. */
  messages(): AsyncGenerator<Found>;
}

export interface SourceOptions {
  /** Larger messages are skipped. In octets of the input: CRLF lines only make them larger. */
  readonly messageOctetsMax: number;
}
