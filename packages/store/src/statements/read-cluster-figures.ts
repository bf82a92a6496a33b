/**
 * Figures of the whole cluster that only the database knows: mailboxes, what the purge has before it, and
 * PostgreSQL itself.
 *
 * Plan: nothing is counted beyond a bound, so that the cost does not grow with the cluster: mailboxes are
 * counted up to 10,000 and estimated by the statistics beyond; of receipts that wait for the purge the
 * first 10,000 are looked at, in the order of the partial index on what is due. Of an array that is stored
 * apart its size alone is read, which is 8 octets a message.
 *
 * What is only for a role with `pg_monitor` is null for others.
 */

import { numberAt, numberOrNullAt } from '../field.ts';
import type { Statement } from '../statement.ts';

export interface DatabaseFigures {
  /** Exact up to 10,000; the statistics' word beyond. */
  readonly mailboxes: number;
  /** QUITs whose messages wait for the purge, and their messages; of 10,000 QUITs at most. */
  readonly receipts: number;
  readonly flaggedMessages: number;
  /** How long ago the first of them should have been purged; 0 when none is due. */
  readonly purgeLagSeconds: number;
  /** Events for webhooks, up to 10,000 of each. */
  readonly webhookPending: number;
  readonly webhookDead: number;
  /** Age of the oldest of those that wait; 0 when none does. */
  readonly webhookPendingSeconds: number;
  readonly databaseOctets: number;
  readonly connections: number;
  readonly connectionsMax: number;
  readonly commits: number;
  readonly rollbacks: number;
  readonly deadlocks: number;
  readonly blocksRead: number;
  readonly blocksHit: number;
  /** Of the longest transaction that is open now. */
  readonly transactionSeconds: number;
  readonly standbys: number;
  /** Of them those that commits wait for. */
  readonly synchronousStandbys: number;
  /** Of the slowest standby; null when there is none, or when it may not be known. */
  readonly replicationLagMs: number | null;
  readonly replicationLagOctets: number | null;
}

export const readClusterFigures: Statement<void, DatabaseFigures> = {
  name: 'read_cluster_figures',
  text: `
with counted as (
  select count(*) as mailboxes from (select from mailbox limit 10001) first),
waiting as (
  select message_ids, purge_after from quit_receipt
  where purged_at is null order by purge_after limit 10000),
purge as (
  select count(*) as receipts,
         coalesce(sum(case when pg_column_size(message_ids) < 2000 then cardinality(message_ids)
                           else pg_column_size(message_ids) / 8 end), 0) as messages,
         greatest(coalesce(floor(extract(epoch from now() - min(purge_after))), 0), 0) as lag
  from waiting),
webhooks as (
  select count(*) as pending,
         greatest(coalesce(floor(extract(epoch from now() - min(created_at))), 0), 0) as age
  from (select created_at from webhook_delivery where state = 'pending' limit 10000) first),
activity as (
  select count(*) as connections,
         coalesce(max(floor(extract(epoch from now() - xact_start))) filter (where pid <> pg_backend_pid()), 0)
           as transaction_seconds
  from pg_stat_activity where backend_type = 'client backend'),
standby as (
  select count(*) as standbys, count(*) filter (where sync_state in ('sync', 'quorum')) as synchronous,
         floor(max(extract(epoch from replay_lag)) * 1000) as lag,
         case when pg_is_in_recovery() then null
              else max(pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)) end as behind
  from pg_stat_replication)
select case when c.mailboxes <= 10000 then c.mailboxes
            else greatest(c.mailboxes, (select reltuples from pg_class where oid = 'mailbox'::regclass))
       end, p.receipts, p.messages, p.lag, pg_database_size(current_database()), a.connections,
       current_setting('max_connections'), d.xact_commit, d.xact_rollback, d.deadlocks, d.blks_read,
       d.blks_hit, a.transaction_seconds, s.standbys, s.synchronous, s.lag, s.behind,
       w.pending,
       (select count(*) from (select from webhook_delivery where state = 'dead' limit 10000) dead),
       w.age
from counted c, purge p, activity a, standby s, webhooks w, pg_stat_database d
where d.datname = current_database()`,
  parameters: () => [],
  row: (row) => ({
    mailboxes: numberAt(row, 0),
    receipts: numberAt(row, 1),
    flaggedMessages: numberAt(row, 2),
    purgeLagSeconds: numberAt(row, 3),
    databaseOctets: numberAt(row, 4),
    connections: numberAt(row, 5),
    connectionsMax: numberAt(row, 6),
    commits: numberAt(row, 7),
    rollbacks: numberAt(row, 8),
    deadlocks: numberAt(row, 9),
    blocksRead: numberAt(row, 10),
    blocksHit: numberAt(row, 11),
    transactionSeconds: numberAt(row, 12),
    standbys: numberAt(row, 13),
    synchronousStandbys: numberAt(row, 14),
    replicationLagMs: numberOrNullAt(row, 15),
    replicationLagOctets: numberOrNullAt(row, 16),
    webhookPending: numberAt(row, 17),
    webhookDead: numberAt(row, 18),
    webhookPendingSeconds: numberAt(row, 19),
  }),
};
