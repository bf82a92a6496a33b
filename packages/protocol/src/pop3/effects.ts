/**
 * The seam between the POP3 session and whatever runs it: effects are what the session needs done,
 * outcomes are what became of them. Both are plain data, so a session can be driven by a socket, a
 * test or a simulation alike.
 *
 * Never: a function, a promise, a socket or a database row in here.
 */

/** 0-based position in the maildrop as it was opened. The number on the wire is this plus one. */
export type MessageIndex = number & { readonly __brand: 'MessageIndex' };

/** How much of a message is sent: RETR sends it whole, TOP the header and some lines of the body. */
export type Extent =
  | { readonly kind: 'whole' }
  /** `bodyLines` is a count of lines after the blank line; 0 sends the header alone (RFC 1939 §7). */
  | { readonly kind: 'top'; readonly bodyLines: number };

/**
 * One attempt to log in, as the client made it. Names are as sent: `parseLoginName` reads them. What
 * is compared with a secret is octets: no charset is guessed.
 */
export type Attempt = AttemptNames &
  (
    | { readonly kind: 'password'; readonly secret: Uint8Array }
    /** RFC 1939 §7: `digest` is the 16 octets of MD5 over the timestamp and the secret. */
    | { readonly kind: 'apop'; readonly timestamp: string; readonly digest: Uint8Array }
    /** A bearer token (RFC 6750 §2.1). It says itself whose it is: `authenticationId` is empty. */
    | { readonly kind: 'token'; readonly token: string }
    /** The verified client certificate of the connection. `authenticationId` is empty. */
    | { readonly kind: 'certificate' }
    /** The secret of the last `scram-begin` was proved by `scram-prove`: open the maildrop. */
    | { readonly kind: 'proved' }
  );

interface AttemptNames {
  /** `USER` for USER and PASS, `APOP`, else the SASL mechanism's registered name. */
  readonly mechanism: string;
  /** Whose secret this is (RFC 4616 authcid). */
  readonly authenticationId: string;
  /** Whom to act as (RFC 4422 §2 authzid); empty when the client named nobody. */
  readonly authorizationId: string;
}

/** Kinds of channel binding: RFC 9266 §2, and RFC 5929 §4. */
export type ChannelBinding = 'tls-exporter' | 'tls-server-end-point';

/** The messages of an opened maildrop. Arrays are shared between sessions and never written to. */
export interface Listing {
  readonly count: number;
  /** What STAT says: the sum of `octets`. */
  readonly totalOctets: number;
  /** What LIST says of each message: unstuffed, every end of line as two octets (RFC 1939 §11). */
  readonly octets: Float64Array;
  /** What goes over the wire for each message before the final dot: `octets` plus stuffed dots. */
  readonly wireOctets: Float64Array;
  /** Wire offset where each message's body begins, just behind the blank line. */
  readonly headerOctets: Float64Array;
  /** 24 octets a message: the 64-bit message id (big-endian), then the 128-bit GUID. */
  readonly identities: Uint8Array;
  /** UIDLs kept from another server, by index; every other message's is made from its identity. */
  readonly storedUidls: ReadonlyMap<number, string>;
}

export type Effect =
  /** Verify the attempt, then lock and open the maildrop. Answer: opened, or refused. */
  | { readonly kind: 'authenticate'; readonly attempt: Attempt }
  /**
   * SCRAM begins (RFC 5802 §5): find the salt of this name, or a plausible and lasting one for a name
   * that is not there, and make a nonce. Nothing is opened. Answer: scram-begun, or refused.
   */
  | {
      readonly kind: 'scram-begin';
      readonly mechanism: string;
      readonly hash: 'SHA-1' | 'SHA-256';
      readonly authenticationId: string;
      readonly authorizationId: string;
      /** What of this connection the client binds to, or null. */
      readonly binding: ChannelBinding | null;
    }
  /**
   * Verify the proof of the last `scram-begin` (RFC 5802 §3); nothing is opened yet, an attempt of
   * the kind `proved` follows. Answer: scram-proved, or refused.
   */
  | {
      readonly kind: 'scram-prove';
      readonly authMessage: Uint8Array;
      /** ClientProof: as many octets as the hash has. */
      readonly proof: Uint8Array;
    }
  /** Send all output, then hand the connection to TLS. Answer: `Session.upgraded()`. */
  | { readonly kind: 'start-tls' }
  /** Send a message. Answer: message-begins, pieces, message-ends; or one of its failures. */
  | { readonly kind: 'send-message'; readonly index: MessageIndex; readonly extent: Extent }
  /** QUIT: flag exactly these messages, durably, and release the lock. Answer: updated or not. */
  | { readonly kind: 'update'; readonly marked: readonly MessageIndex[] };

export type Refusal =
  /** Wrong name or secret; the client is not told which. `[AUTH]` */
  | 'credentials'
  /** Another session has the maildrop. `[IN-USE]` */
  | 'in-use'
  /** The store or the verifier is not available. `[SYS/TEMP]` */
  | 'temporary'
  /** The account may not use POP3. `[SYS/PERM]` */
  | 'disabled'
  /** Too soon after the last login. `[LOGIN-DELAY]` */
  | 'login-delay';

/** Why a token was refused (RFC 7628 §3.2.2); its client is told before `[AUTH]`. */
export type TokenStatus = 'invalid_request' | 'invalid_token' | 'insufficient_scope';

/** What may become of an effect of a login besides an open maildrop. */
export type LoginOutcome =
  /** `tokenStatus` is for tokens alone, and `invalid_token` unless it is said. */
  | {
      readonly kind: 'refused';
      readonly refusal: Refusal;
      readonly tokenStatus?: TokenStatus;
    }
  | {
      readonly kind: 'scram-begun';
      /** The server's part of the nonce: printable ASCII without a comma, and never the same. */
      readonly nonce: string;
      readonly salt: Uint8Array;
      readonly iterations: number;
      /** The data of the binding asked for; null when this connection has none of that kind. */
      readonly bindingData: Uint8Array | null;
    }
  /** `signature` is the ServerSignature. */
  | { readonly kind: 'scram-proved'; readonly signature: Uint8Array };

export type Outcome =
  | LoginOutcome
  | {
      readonly kind: 'opened';
      readonly listing: Listing;
      /** LOGIN-DELAY of this maildrop where it differs from what was announced before. */
      readonly loginDelaySeconds?: number;
    }
  /** The store has the message: `+OK` may be said. Pieces follow by `Session.piece()`. */
  | { readonly kind: 'message-begins' }
  /** Every piece was given. */
  | { readonly kind: 'message-ends' }
  /** Nothing was sent yet and the message no longer exists. */
  | { readonly kind: 'message-gone' }
  /** Nothing was sent yet and the store cannot be reached. */
  | { readonly kind: 'message-unavailable' }
  /** Something was sent and the rest cannot be had: the connection must die without a dot. */
  | { readonly kind: 'message-broken' }
  /** The update is durable. */
  | { readonly kind: 'updated' }
  /** Nothing was removed, or it cannot be known: the client is told to try again. */
  | { readonly kind: 'not-updated' };

/** Why a session is over; it becomes a log field and a metric label. */
export type CloseReason =
  | 'quit'
  | 'too-many-errors'
  | 'too-many-failures'
  | 'too-much-before-login'
  | 'stls-injection'
  | 'wrong-protocol'
  | 'broken-message'
  | 'not-updated'
  | 'shutdown';

/** What must happen before the session can go on. */
export type Step =
  /** All complete lines were handled. */
  | { readonly kind: 'need-data' }
  /** Output has reached its high-water mark: send it, then call `next()` again. */
  | { readonly kind: 'flush' }
  | { readonly kind: 'effect'; readonly effect: Effect }
  /** Send what is pending, then close. */
  | { readonly kind: 'close'; readonly reason: CloseReason }
  /** Close at once; what is pending must not be completed. */
  | { readonly kind: 'abort'; readonly reason: CloseReason };
