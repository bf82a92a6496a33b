/**
 * The invariants by name, and what is kept of a session to judge them by.
 */

/** Names in brackets are those of the catalogue of faults. */
export type Invariant =
  /** Only one session can act on a maildrop: no grant while another one stands (I4). */
  | 'exclusive'
  /** Nothing goes but by the QUIT of the holder (I2). */
  | 'removed-by-quit-alone'
  /** And exactly what it marked (I2). */
  | 'quit-is-exact'
  /** `+OK` to QUIT: it is gone, and never comes back (I3). */
  | 'quit-ok-is-durable'
  /** A QUIT that was told that its lock is lost has removed nothing. */
  | 'lost-is-lost'
  /** `250`: it is there until its owner removes it (I1). */
  | 'accepted-is-there'
  /** And once for each attempt (I1). */
  | 'delivered-once'
  /** (I6) */
  | 'uidl-never-changes'
  /** Numbers mean the same as long as a session lasts (I5). */
  | 'numbers-stand'
  /** What a session is shown is what is there when it got its lock, or came since. */
  | 'list-is-current'
  /** Every lock is free soon after its session or its owner is gone (I8). */
  | 'lock-ends'
  /** Counters of the maildrop equal its rows. */
  | 'counters'
  /** Another list, another version. */
  | 'version'
  /** No lock but under current credentials. */
  | 'credentials'
  /** A promise that nobody waits for was rejected, or an assertion failed. */
  | 'defect';

export type Broken = (invariant: Invariant, what: string) => void;

/** Where a session runs. */
export interface Thread {
  readonly name: string;
  readonly state: string;
  readonly isAlive: boolean;
}

export interface SessionRecord {
  readonly token: string;
  readonly mailboxId: string;
  readonly actor: Thread;
  /** `live` from when it has its list until it releases its lock or is told that it has none. */
  state: 'opening' | 'live' | 'ending' | 'ended';
  endedAtMs: number;
  /** GUIDs in the order of their numbers. */
  guids: readonly string[];
  /** GUIDs its client had marked when it said QUIT. */
  quit: readonly string[] | null;
  /** The client has heard `+OK` to it. */
  isConfirmed: boolean;
  /** Its QUIT was told that the lock is lost. */
  isRefused: boolean;
}

/** The number that the sender wrote into a message. */
export function attemptOf(body: string): string {
  return /attempt-(\d+)/.exec(body)?.[1] ?? '?';
}
