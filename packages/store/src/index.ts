/**
 * The door of the store: PostgreSQL behind verbs. See README.md.
 */

export type { Administration } from './administration.ts';
export type { Slice } from './bodies.ts';
export type { Cluster, ClusterFigures } from './cluster.ts';
export { giveBack } from './connection/lent-memory.ts';
export type {
  BodyStream,
  Credential,
  CredentialKind,
  DeliverRequest,
  DeliverResult,
  Delivery,
  FlagRequest,
  FlagResult,
  KnownLogin,
  Login,
  LoginTarget,
  MailboxId,
  OpenRequest,
  OpenResult,
  Recipient,
  Snapshot,
  UidlHolder,
  UidlQuestion,
} from './contract.ts';
export type {
  Credentials,
  ImportedCredential,
  ImportOptions,
  ImportOutcome,
  NewAppPassword,
  NewCertificateName,
} from './credentials.ts';
export type { Directory } from './directory.ts';
export { StoreError, type StoreErrorCode, type StoreSubject } from './errors.ts';
export type { JobProgress, JobRow, JobState } from './job-row.ts';
export type { BegunJob, ImportBatch, Jobs } from './jobs.ts';
export { importRowsMax, leaseSeconds } from './limits.ts';
export type { LockQuestion } from './lock-questions.ts';
export type { Messages } from './messages.ts';
export type { StoreMeter } from './meter.ts';
export { type MigrateResult, migrate } from './migrate.ts';
export type { Penalty, PenaltyDeltas } from './penalties.ts';
export type { PurgeLimits, PurgeResult } from './purging.ts';
export type { RequestKeys } from './request-keys.ts';
export type { JobRun } from './statements/advance-job.ts';
export type { ClaimedDelivery } from './statements/claim-webhook-deliveries.ts';
export type { EndedSession } from './statements/end-session.ts';
export type { LockHolder, MailboxDetails } from './statements/find-mailbox.ts';
export type { NewOwner } from './statements/insert-owner.ts';
export type { ApiTokenRow } from './statements/list-api-tokens.ts';
export type { AuditPage, AuditRow } from './statements/list-audit.ts';
export type { CredentialRow } from './statements/list-credentials.ts';
export type { DomainRow } from './statements/list-domains.ts';
export type { NodeDrain } from './statements/list-drains.ts';
export type { GrantRow } from './statements/list-grants.ts';
export type { HeldMaildrop } from './statements/list-locks.ts';
export type { MailboxPage, MailboxRow, Page } from './statements/list-mailboxes.ts';
export type { MessagePreview } from './statements/list-message-previews.ts';
export type { NodeWorker } from './statements/list-nodes.ts';
export type { Owner } from './statements/list-owners.ts';
export type { MessagePage, StoredMessage } from './statements/list-stored-messages.ts';
export {
  type DeliveryState,
  deliveryStates,
  type WebhookDeliveryRow,
} from './statements/list-webhook-deliveries.ts';
export type { WebhookRow } from './statements/list-webhooks.ts';
export type { LoginDelays } from './statements/read-login-delays.ts';
export type { Renewal, Renewed } from './statements/renew-owners.ts';
export type { DomainSettings } from './statements/set-domain.ts';
export { type OrderedLogLevel, orderedLogLevels } from './statements/set-log-level.ts';
export type { SettledAttempt } from './statements/settle-webhook-delivery.ts';
export type { UsedCredential } from './statements/touch-credentials.ts';
export type { UsedApiToken } from './statements/use-api-token.ts';
export type { LaneStats, StoreStats } from './stats.ts';
export { openStore, Store, type StoreOptions } from './store.ts';
export { type WebhookEvent, webhookEvents } from './subscriptions.ts';
export type { Webhooks } from './webhooks.ts';
