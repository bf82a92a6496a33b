/**
 * The verbs of the store and the data they take and give, in the order of a message's life. This is
 * all that a service may know of PostgreSQL.
 *
 * Never: a POP3 or LMTP word in here; a connection, a row or an SQLSTATE that leaves this package.
 */

/** `mailbox.mailbox_id` as PostgreSQL prints it: 64 bits do not fit a JavaScript number. */
export type MailboxId = string & { readonly __brand: 'MailboxId' };

/** How a stored secret is to be read; the schema has the same list. */
export const credentialKinds = [
  'password',
  'app-password',
  'scram-sha-1',
  'scram-sha-256',
  'apop',
  'certificate',
] as const;

export type CredentialKind = (typeof credentialKinds)[number];

/** One secret of a mailbox, as stored. */
export interface Credential {
  readonly id: string;
  readonly kind: CredentialKind;
  /**
   * By kind: a hash for `password` and `app-password`, the form of RFC 5803 for `scram-*`, the shared
   * secret itself for `apop`, the name in a client certificate for `certificate`.
   */
  readonly secret: string;
  /** Until it expires, as of the answer; null when it does not. A cached match must end with it. */
  readonly expiresInSeconds: number | null;
}

/** A maildrop that may be opened by someone else than its mailbox. */
export interface LoginTarget {
  readonly mailboxId: MailboxId;
  /** Canonical `local@domain`. */
  readonly address: string;
}

/** What is known of a login name without its secrets: of the actor, whose secret is verified. */
export interface KnownLogin {
  /** The actor: its credential version, and its id, must be given back to `open`. */
  readonly mailboxId: MailboxId;
  /** Canonical `local@domain` of the mailbox, whatever name logged in. */
  readonly address: string;
  readonly credentialVersion: string;
  /**
   * Of the credentials that were current under this version. Versions are counted, and a fail-over
   * that loses the last of them counts them again: the same version can then stand for others.
   */
  readonly credentialsDigest: string;
  /** False when the mailbox is suspended, or it or its domain may not use POP3. */
  readonly enabled: boolean;
  /**
   * The other maildrop that was asked for: only if there is one and the actor has a grant for it, or
   * it is its own. Null otherwise, and where none was asked for: open the actor's own only then.
   */
  readonly target: LoginTarget | null;
}

export interface Login extends KnownLogin {
  /** Those that have not expired. */
  readonly credentials: readonly Credential[];
}

export interface OpenRequest {
  /** The maildrop to open. */
  readonly mailboxId: MailboxId;
  /** Whose secret was verified: `mailboxId`, but for one who opens another's maildrop. */
  readonly actorId: MailboxId;
  /** The actor's, that the secret was verified against: `open` locks only while it is current. */
  readonly credentialVersion: string;
  /** The worker's registered owner row; its lease is what makes the lock last. */
  readonly ownerId: string;
  /** Address of the client that asks, for those who look at locks. */
  readonly client?: string;
  /** A fresh random UUID: the fence that `flag` and `close` must show. */
  readonly token: string;
}

export type OpenResult =
  /** Locked under the request's token. */
  | {
      readonly kind: 'opened';
      /** Names the state of the maildrop. */
      readonly version: string;
      readonly messages: number;
      /** Of the maildrop's domain, rounded up; 0 where it may be opened again at once. */
      readonly loginDelaySeconds: number;
    }
  /** Another live session has it. */
  | { readonly kind: 'in-use' }
  /** It is free, but was opened less than its domain's login delay ago. */
  | { readonly kind: 'login-delay' }
  /** The actor's credentials, grants or status were changed since they were read: read them again. */
  | { readonly kind: 'stale-credentials' }
  /** Actor or maildrop suspended, without POP3, or gone. */
  | { readonly kind: 'disabled' };

/** The messages of one mailbox at one version, packed. Shared and cached: never written to. */
export interface Snapshot {
  readonly version: string;
  readonly count: number;
  readonly totalOctets: number;
  readonly messageIds: BigInt64Array;
  readonly octets: Float64Array;
  readonly wireOctets: Float64Array;
  readonly headerOctets: Float64Array;
  /** 24 octets a message: id big-endian, then GUID. */
  readonly identities: Uint8Array;
  readonly storedUidls: ReadonlyMap<number, string>;
}

/** A large body on its way out of PostgreSQL. Holds a connection until ended or cancelled. */
export interface BodyStream {
  /**
   * Next bytes as they arrived; null at the end. They are lent: `giveBack` has them used again. Rejects
   * with a StoreError if the rest is lost.
   */
  read(): Promise<Uint8Array | null>;
  /** Gives the connection back at once; safe at any time and more than once. */
  cancel(): void;
}

export interface FlagRequest {
  readonly mailboxId: MailboxId;
  readonly token: string;
  readonly messageIds: readonly bigint[];
}

export type FlagResult =
  /** Durable: the messages are flagged and the lock is released. */
  | { readonly kind: 'flagged'; readonly messages: number }
  /** The lock was taken by another session or broken: nothing was changed. */
  | { readonly kind: 'lock-lost' };

/** One recipient's copy of a message about to be delivered. */
export interface Delivery {
  readonly mailboxId: MailboxId;
  /** Wire-form header lines that go before the common bytes for this recipient alone. */
  readonly prefix: Uint8Array;
}

export interface DeliverRequest {
  readonly deliveries: readonly Delivery[];
  /** The message in wire form: CRLF lines, dot-stuffed, no final dot. In pieces, never joined twice. */
  readonly pieces: readonly Uint8Array[];
  /** Unstuffed octets of `pieces` alone; the prefixes are added by the store. */
  readonly octets: number;
  /** Wire offset in `pieces` where the body begins. */
  readonly headerOctets: number;
  /** The UIDL to keep, for an imported message. */
  readonly uidl?: string;
  /** When it was first received, for an imported message; now otherwise. */
  readonly receivedAt?: Date;
}

export interface DeliverResult {
  /** For each delivery in order, whether its mailbox took it; all of them durable together. */
  readonly delivered: readonly ('delivered' | 'no-mailbox' | 'duplicate-uidl' | 'over-quota')[];
}

/** Whether the message that has a UIDL is one that the caller has. */
export interface UidlQuestion {
  readonly mailboxId: MailboxId;
  readonly uidl: string;
  /** Of the caller's message behind its header, in wire form. */
  readonly bodyOctets: number;
  /** SHA-256 of them. */
  readonly bodyDigest: Uint8Array;
}

export type UidlHolder =
  /** The rest is for the caller to compare: its header in wire form. */
  { readonly kind: 'same-body'; readonly header: Uint8Array } | { readonly kind: 'other-body' };

/** What a directory lookup says of an envelope recipient. */
export type Recipient =
  | { readonly kind: 'mailbox'; readonly mailboxId: MailboxId; readonly address: string }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'suspended' };
