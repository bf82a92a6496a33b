/**
 * The second door: throw-away servers and databases for tests, and what a simulation of the world has
 * to know of the store: the seam to it and the statements that pass there. Not for production code.
 */

export { connectLink, type Link, type LinkSettings } from '../connection/link.ts';
export { sessionSettings } from '../connection/session-settings.ts';
export type { Field } from '../field.ts';
export { loginCacheEntriesMax, purgeClaimSeconds } from '../limits.ts';
export { type Migration, migrate, readMigrations } from '../migrate.ts';
export type { Statement } from '../statement.ts';
export { askOwners } from '../statements/ask-owners.ts';
export { beginEpoch, type NewEpoch } from '../statements/begin-epoch.ts';
export { claimReceipt } from '../statements/claim-receipt.ts';
export { confirmReceipt } from '../statements/confirm-receipt.ts';
export { deleteFormerOwners, type FormerOwners } from '../statements/delete-former-owners.ts';
export { deleteOwner } from '../statements/delete-owner.ts';
export { type DeliverInput, deliverMessage } from '../statements/deliver-message.ts';
export { deliverMessageTold } from '../statements/deliver-message-told.ts';
export { endSession, type SessionToEnd } from '../statements/end-session.ts';
export { findHeldLocks } from '../statements/find-held-locks.ts';
export { findLogins } from '../statements/find-logins.ts';
export { findRecipients } from '../statements/find-recipients.ts';
export { flagMessages } from '../statements/flag-messages.ts';
export { insertOwner } from '../statements/insert-owner.ts';
export { listMessages } from '../statements/list-messages.ts';
export { markPurged } from '../statements/mark-purged.ts';
export { type PurgeSlice, purgeMessages } from '../statements/purge-messages.ts';
export { readBodies } from '../statements/read-bodies.ts';
export { readMailboxBodies } from '../statements/read-mailbox-bodies.ts';
export { readOpened } from '../statements/read-opened.ts';
export { readRefused } from '../statements/read-refused.ts';
export { type HeldLock, releaseLocks } from '../statements/release-locks.ts';
export { type Renewal, renewOwners } from '../statements/renew-owners.ts';
export { type LockRequest, takeLocks } from '../statements/take-locks.ts';
export type { Timer, World } from '../world.ts';
export {
  type LoggedChange,
  logChanges,
  nextChangeNumber,
  readChanges,
} from './change-log.ts';
export { type DatabaseProxy, databaseProxy } from './database-proxy.ts';
export { type Superuser, superuserOf } from './superuser.ts';
export {
  dumpTables,
  endLease,
  resetTables,
  type TableDump,
  waitingStatements,
} from './table-dump.ts';
export { type TemporaryDatabase, temporaryDatabase } from './temporary-database.ts';
export { startServer, type TemporaryServer, temporaryServer } from './temporary-server.ts';
