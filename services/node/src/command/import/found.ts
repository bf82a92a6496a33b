/**
 * What the readers of the import formats find, and how the rest of the import is told of it.
 *
 * Never: a name found in the input used as a path by whoever gets this; `place` is for people.
 */

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

export type SkipReason =
  /** This message is there already, under its UIDL. */
  | 'duplicate-uidl'
  | 'over-quota'
  /** The pseudo-message in which some servers keep the state of an mbox. */
  | 'folder-data'
  /** Larger than `limits.messageOctetsMax`. */
  | 'too-large'
  /** No octet in it. */
  | 'empty'
  /** A symbolic link, a directory, a pipe. */
  | 'not-a-file'
  /** What stands before the first From_ line of an mbox. */
  | 'not-a-message'
  /** The system does not let it be read. */
  | 'unreadable'
  /** The store does not take it. */
  | 'refused';

/** Whether mail may be missing that somebody expects: the command then ends with 1. */
export const isError: Readonly<Record<SkipReason, boolean>> = {
  'duplicate-uidl': false,
  'folder-data': false,
  'over-quota': true,
  'too-large': true,
  empty: true,
  'not-a-file': true,
  'not-a-message': true,
  unreadable: true,
  refused: true,
};

interface Skipped {
  readonly kind: 'skipped';
  readonly reason: SkipReason;
  readonly place: string;
  readonly inputOctets: number;
}

export type Found = FoundMessage | Skipped;

/** One PATH of the command line, looked at and ready to be read. */
export interface Source {
  readonly format: 'eml' | 'mbox' | 'maildir';
  /** Of all its files, as they were when it was looked at. */
  readonly totalOctets: number;
  /** In order, with at most one message at a time in memory. */
  messages(): AsyncGenerator<Found>;
}

export interface SourceOptions {
  /** Larger messages are skipped. In octets of the input: CRLF lines only make them larger. */
  readonly messageOctetsMax: number;
}
