/**
 * What an attempt to log in brings along and what becomes of it, in this service's own words: the
 * protocol's are translated in connection/perform.ts alone.
 *
 * Never: a secret in a result; a reason that is told to the client.
 */

import type { MailboxId, Snapshot } from '@poplar/store';

/** The names of an attempt, canonical. */
export interface LoginNames {
  /** Whose secret it is. */
  readonly actor: string;
  /** Whose maildrop is to be opened; null: the actor's own. */
  readonly maildrop: string | null;
}

/** Who asks. */
export interface Claimant {
  /** IP address of the client, as far as it is known. */
  readonly address: string;
  /** Of its verified certificate; null without one. */
  readonly certificateNames: readonly string[] | null;
  /** Whether it has left: nothing is hashed, opened or locked for it any more. */
  readonly isGone: () => boolean;
}

export interface Claim {
  readonly claimant: Claimant;
  /** Null when what was sent can be nobody's name: it is treated as one that is unknown. */
  readonly names: LoginNames | null;
  /** Whose secret it is, canonical, also where the maildrop's name is nobody's; null: nobody's. */
  readonly actor: string | null;
  /** What failures are counted under: the actor, or what was sent in its place. */
  readonly account: string;
}

/** A maildrop this session holds the lock of. */
export interface OpenMaildrop {
  readonly mailboxId: MailboxId;
  readonly address: string;
  /** Who opened it, where that is somebody else. */
  readonly actorAddress: string | null;
  readonly token: string;
  readonly snapshot: Snapshot;
  readonly loginDelaySeconds: number;
}

type Refusal = 'credentials' | 'in-use' | 'temporary' | 'disabled' | 'login-delay';

export interface Refused {
  readonly kind: 'refused';
  readonly refusal: Refusal;
  readonly reason: RefusalReason;
  /** Of the mailbox the name stands for, when there is one: never a text a stranger made up. */
  readonly address: string | null;
}

interface Opened {
  readonly kind: 'opened';
  readonly maildrop: OpenMaildrop;
}

export type LoginResult = Opened | Refused;

/** What the client hears for each reason; the reason itself is for the log and the metrics. */
const refusalOf = {
  'unknown-name': 'credentials',
  'wrong-secret': 'credentials',
  'no-such-credential': 'credentials',
  'no-grant': 'credentials',
  'bad-token': 'credentials',
  'bad-certificate': 'credentials',
  suspended: 'disabled',
  'in-use': 'in-use',
  'login-delay': 'login-delay',
  // An outage is never told as a wrong password: clients would forget theirs (RFC 3206 §4).
  throttled: 'temporary',
  // Nobody hears these two: they are what an attempt came to that its client did not wait for.
  'client-gone': 'temporary',
  abandoned: 'credentials',
  overloaded: 'temporary',
  'unusable-record': 'credentials',
  'credentials-changing': 'temporary',
  'provider-unavailable': 'temporary',
  'store-unavailable': 'temporary',
} as const satisfies Record<string, Refusal>;

export type RefusalReason = keyof typeof refusalOf;

export function refused(reason: RefusalReason, address: string | null = null): Refused {
  return { kind: 'refused', refusal: refusalOf[reason], reason, address };
}
