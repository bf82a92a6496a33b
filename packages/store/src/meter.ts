/**
 * What the store tells whoever measures it, as it happens; what can be read off at any time is in
 * `stats()`. Called on the hot path: who listens must be quick and must not throw.
 *
 * Never: a value of a row, a name, a parameter.
 */

/** How bodies are read: some small ones at once, a slice of one, or one as a stream. */
type BodyWay = 'batch' | 'slice' | 'stream';

/** How it ended that a login waited for a maildrop in use. */
export type LockWaitEnd = 'opened' | 'in-use' | 'refused' | 'failed';

export interface StoreMeter {
  /** A statement has brought its last row; `copy_body` its last byte. */
  readonly statementRan: (statement: string, ms: number, isFailed: boolean) => void;
  /** One statement opened this many maildrops, or refused to. */
  readonly opensSent: (opens: number) => void;
  /** So many locks were another owner's, who was gone. */
  readonly locksStolen: (locks: number) => void;
  readonly lockWaited: (ms: number, end: LockWaitEnd) => void;
  readonly bodiesRead: (way: BodyWay, bodies: number) => void;
}

export const silentMeter: StoreMeter = {
  statementRan: () => undefined,
  opensSent: () => undefined,
  locksStolen: () => undefined,
  lockWaited: () => undefined,
  bodiesRead: () => undefined,
};
