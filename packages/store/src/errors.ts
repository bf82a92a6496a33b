/**
 * The one error of this package and the one table that reads SQLSTATEs.
 *
 * Never: text of a client or a stored secret in a message. PostgreSQL's `detail` can hold whole
 * rows, so only its code and primary message are kept as the cause.
 */

import { DatabaseError } from 'pg-protocol';

export type StoreErrorCode =
  /** Not reachable, shutting down, read-only or out of resources; nothing was changed. */
  | 'STORE_UNAVAILABLE'
  /** Too slow; a write may or may not have happened unless its verb says otherwise. */
  | 'STORE_TIMEOUT'
  /** The server refuses this user or has no such database. */
  | 'STORE_REFUSED'
  /** The schema is not the one this program knows. */
  | 'STORE_INCOMPATIBLE'
  /** Stored data contradicts itself. */
  | 'STORE_CORRUPT'
  /** The database rejected a statement of ours: a defect. */
  | 'STORE_FAULT'
  /** The worker's own lease is over; it may not take locks. */
  | 'OWNER_EXPIRED'
  /** The message does not exist any more. */
  | 'MESSAGE_GONE'
  /** Whether the change was committed could not be learnt in time. */
  | 'OUTCOME_UNKNOWN'
  /** It exists already. */
  | 'CONFLICT'
  /** It was changed since the caller saw it; nothing was changed. */
  | 'STALE'
  /** There is no such thing. */
  | 'NOT_FOUND'
  /** An argument the schema does not allow: a name that is not canonical, a size too large. */
  | 'INVALID';

const retryableCodes: ReadonlySet<StoreErrorCode> = new Set<StoreErrorCode>([
  'STORE_UNAVAILABLE',
  'STORE_TIMEOUT',
  'OWNER_EXPIRED',
  'OUTCOME_UNKNOWN',
]);

/** What there is none of, or what stands in the way, where that is known. */
export type StoreSubject =
  | 'mailbox'
  | 'domain'
  | 'login-name'
  | 'credential'
  | 'grant'
  | 'grantee'
  | 'message'
  | 'job'
  | 'token'
  | 'webhook'
  | 'webhook-delivery'
  | 'suspended-webhook'
  | 'left-mailboxes'
  | 'too-many'
  | 'job-run';

export class StoreError extends Error {
  readonly code: StoreErrorCode;
  /** Whether the same call may succeed later without anything being repaired. */
  readonly retryable: boolean;
  /** Of NOT_FOUND, and of a CONFLICT that is not with a thing of the same name. */
  readonly subject: StoreSubject | null = null;

  constructor(code: StoreErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'StoreError';
    this.code = code;
    this.retryable = retryableCodes.has(code);
  }
}

/** There is no such thing: NOT_FOUND, and what that is of. */
export class NotFound extends StoreError {
  override readonly subject: StoreSubject;

  constructor(subject: StoreSubject, message = `there is no such ${subject}`) {
    super('NOT_FOUND', message);
    this.subject = subject;
  }
}

/** CONFLICT, though nothing of this name exists: `subject` stands in the way. */
export class InTheWay extends StoreError {
  override readonly subject: StoreSubject;

  constructor(subject: StoreSubject, message: string) {
    super('CONFLICT', message);
    this.subject = subject;
  }
}

/** SQLSTATEs that mean something to us: five characters first, then their class of two. */
const codeBySqlState: ReadonlyMap<string, StoreErrorCode> = new Map<string, StoreErrorCode>([
  ['0A000', 'STORE_UNAVAILABLE'], // a prepared plan that a migration made unusable
  ['23502', 'INVALID'],
  ['23503', 'NOT_FOUND'],
  ['23505', 'CONFLICT'],
  ['23514', 'INVALID'],
  ['25006', 'STORE_UNAVAILABLE'], // read-only: a demoted primary
  ['25P02', 'STORE_UNAVAILABLE'], // in a transaction that has failed, and is none of ours
  ['26000', 'STORE_UNAVAILABLE'], // a prepared statement that the server does not have
  ['34000', 'STORE_UNAVAILABLE'], // likewise a portal
  ['40001', 'STORE_UNAVAILABLE'],
  ['40P01', 'STORE_UNAVAILABLE'],
  ['55P03', 'STORE_TIMEOUT'],
  ['57014', 'STORE_TIMEOUT'],
  ['57P01', 'STORE_UNAVAILABLE'],
  ['57P02', 'STORE_UNAVAILABLE'],
  ['57P03', 'STORE_UNAVAILABLE'],
  ['57P04', 'STORE_REFUSED'],
  ['57P05', 'STORE_UNAVAILABLE'],
  ['3D000', 'STORE_REFUSED'],
  ['3F000', 'STORE_INCOMPATIBLE'],
  ['42703', 'STORE_INCOMPATIBLE'],
  ['42P03', 'STORE_UNAVAILABLE'], // a portal that the server has already
  ['42P05', 'STORE_UNAVAILABLE'], // likewise a prepared statement: the session is not ours alone
  ['42883', 'STORE_INCOMPATIBLE'],
  ['42P01', 'STORE_INCOMPATIBLE'],
  ['42501', 'STORE_REFUSED'],
  ['08', 'STORE_UNAVAILABLE'],
  ['22', 'INVALID'],
  ['28', 'STORE_REFUSED'],
  ['53', 'STORE_UNAVAILABLE'],
  ['58', 'STORE_UNAVAILABLE'],
  ['XX', 'STORE_CORRUPT'],
]);

/**
 * After these the connection is of no more use, whatever else its server is: the server is going, or its session
 * is not in the state that we believe it to be in.
 */
const fatalSqlStates = /^(?:08|0A000|25006|25P02|26000|34000|42P01|42P03|42P05|57P0)/;

/** The server takes no writes: a demoted primary, or a standby. */
export function isReadOnlyRefusal(cause: unknown): boolean {
  return cause instanceof DatabaseError && cause.code === '25006';
}

export interface Translation {
  readonly error: StoreError;
  /** True when the connection must be thrown away. */
  readonly fatal: boolean;
}

/**
 * What an error from the driver means here. Errors without an SQLSTATE are the connection's: lost
 * sockets, refused or timed-out connects, a client used after its end.
 */
export function translateError(cause: unknown): Translation {
  if (cause instanceof StoreError) {
    return { error: cause, fatal: cause.code === 'STORE_UNAVAILABLE' };
  }
  if (cause instanceof DatabaseError) {
    const sqlState = cause.code ?? '';
    const code =
      codeBySqlState.get(sqlState) ?? codeBySqlState.get(sqlState.slice(0, 2)) ?? 'STORE_FAULT';
    const kept = new Error(`${cause.severity ?? 'ERROR'} ${sqlState}: ${cause.message}`);
    const error = new StoreError(code, `the database answered with SQLSTATE ${sqlState}`, kept);
    return { error, fatal: fatalSqlStates.test(sqlState) };
  }
  return {
    error: new StoreError('STORE_UNAVAILABLE', 'the connection to the database was lost', cause),
    fatal: true,
  };
}
