/** The database: as the nodes see it, and as it sees itself. */

import type { Dashboard } from './dashboard.ts';
import { cluster, clusterRate, graph, of, quantiles, rate, total } from './queries.ts';

export const postgresql: Dashboard = {
  uid: 'poplar-postgresql',
  title: 'Poplar: PostgreSQL',
  description: 'The database as the nodes see it, and as it sees itself.',
  rows: [
    {
      title: 'As the nodes see it',
      panels: [
        graph('Statements', 'ops', {
          description: 'One may serve many sessions.',
          queries: [rate('poplar_postgresql_statement_duration_seconds_count', ['statement'])],
        }),
        graph('Statements: the slowest hundredth', 's', {
          description: 'Round trips included.',
          queries: quantiles('poplar_postgresql_statement_duration_seconds', ['statement']).slice(
            1,
          ),
        }),
        graph('Statements that failed', 'ops', {
          description: 'By statement.',
          queries: [rate('poplar_postgresql_statement_failures_total', ['statement'])],
        }),
        graph('Connections', 'short', {
          description: 'By lane, lent or idle.',
          queries: [total('poplar_postgresql_connections', ['lane', 'state'])],
        }),
        graph('Callers that wait for a connection', 'short', {
          description: 'More than a few for long: the lane is too narrow, or PostgreSQL too slow.',
          queries: [total('poplar_postgresql_connection_waiters', ['lane'])],
        }),
        graph('Calls on the store that failed', 'ops', {
          description: 'By code: see docs/errors.md.',
          queries: [rate('poplar_store_errors_total', ['code'])],
        }),
      ],
    },
    {
      title: 'Locks',
      panels: [
        graph('Maildrops opened by one statement', 'short', {
          description: 'Grows with the load; that is what keeps logins cheap.',
          queries: quantiles('poplar_open_batch_size'),
        }),
        graph('Waits for a maildrop in use', 'ops', {
          description: 'By how they ended.',
          queries: [rate('poplar_lock_wait_duration_seconds_count', ['outcome'])],
        }),
        graph('Locks stolen, epochs begun', 'ops', {
          description: 'Stolen from owners that were gone; an epoch is a connection made anew.',
          queries: [
            { ...rate('poplar_locks_stolen_total'), legend: 'stolen' },
            { ...rate('poplar_owner_epochs_total'), legend: 'epochs' },
          ],
        }),
        graph('Opens and closes that wait', 'short', {
          description: 'For the next batch.',
          queries: [
            { ...total('poplar_opens_waiting'), legend: 'opens' },
            { ...total('poplar_closes_waiting'), legend: 'closes' },
          ],
        }),
        graph('Questions about locks', 'ops', {
          description: 'Another login wants a maildrop in use.',
          queries: [
            { ...rate('poplar_lock_questions_asked_total'), legend: 'asked' },
            { ...rate('poplar_lock_questions_heard_total'), legend: 'heard' },
          ],
        }),
        graph('Commits in doubt, closes abandoned', 'ops', {
          description: 'Connections were lost in the middle.',
          queries: [
            { ...rate('poplar_flags_unsettled_total'), legend: 'commits' },
            { ...rate('poplar_closes_abandoned_total'), legend: 'closes' },
          ],
        }),
      ],
    },
    {
      title: 'As it sees itself',
      panels: [
        graph('Transactions', 'ops', {
          description: 'Of the database.',
          queries: [
            clusterRate('poplar_cluster_postgresql_commits_total', 'committed'),
            clusterRate('poplar_cluster_postgresql_rollbacks_total', 'rolled back'),
            clusterRate('poplar_cluster_postgresql_deadlocks_total', 'deadlocks'),
          ],
        }),
        graph('Blocks', 'ops', {
          description: 'Read: not in shared buffers.',
          queries: [
            clusterRate('poplar_cluster_postgresql_blocks_read_total', 'read'),
            clusterRate('poplar_cluster_postgresql_blocks_hit_total', 'hit'),
          ],
        }),
        graph('Connections', 'short', {
          description: 'Of all programs.',
          queries: [
            cluster('poplar_cluster_postgresql_connections', 'open'),
            cluster('poplar_cluster_postgresql_connections_max', 'at most'),
          ],
        }),
        graph('Size', 'bytes', {
          description: 'Of the database on disk.',
          queries: [cluster('poplar_cluster_database_bytes')],
        }),
        graph('Longest transaction', 's', {
          description: 'One that stays open keeps dead rows.',
          queries: [cluster('poplar_cluster_postgresql_transaction_seconds')],
        }),
        graph('Standbys', 'short', {
          description: 'Connected to the primary, and those that commits wait for.',
          queries: [
            cluster('poplar_cluster_standbys', 'connected'),
            cluster('poplar_cluster_synchronous_standbys', 'synchronous'),
          ],
        }),
        graph('Replication: how late', 's', {
          description: 'Of the slowest standby. Needs a standby, and pg_monitor for the role.',
          queries: [cluster('poplar_cluster_replication_lag_seconds')],
          needs: 'standby',
        }),
        graph('Replication: not replayed', 'bytes', {
          description: 'WAL of the slowest standby. Needs a standby, and pg_monitor for the role.',
          queries: [cluster('poplar_cluster_replication_lag_bytes')],
          needs: 'standby',
        }),
        graph('Reachable', 'short', {
          description: '1 while the node can read the figures of the cluster.',
          queries: [{ expr: of('poplar_cluster_up'), legend: '{{instance}}' }],
        }),
      ],
    },
  ],
};
