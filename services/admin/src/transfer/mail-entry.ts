/**
 * What a stream of mail is made of, whatever its format: messages, and what cannot be one.
 *
 * Never: a name that was found in the stream used as a path.
 */

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

/** Whether mail may be missing that somebody expects. */
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

/** A message as it was in the stream. */
interface MailMessage {
  readonly kind: 'message';
  /** LF or CRLF lines, as found; the framing of the format is removed. */
  readonly content: Uint8Array;
  /** What another server called it; null when nothing tells. */
  readonly uidl: string | null;
  /** When it was received; null when nothing tells. */
  readonly receivedAt: Date | null;
}

export type MailEntry = MailMessage | { readonly kind: 'skipped'; readonly reason: SkipReason };

export interface MailStreamOptions {
  /** Larger messages are dropped while they are read. In octets of the stream: CRLF lines only make them larger. */
  readonly messageOctetsMax: number;
}

/** The stream is not what it is said to be: in one line, without any of it. */
export class MailStreamError extends Error {}
