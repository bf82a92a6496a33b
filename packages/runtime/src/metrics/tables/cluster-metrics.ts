/**
 * The metrics of the whole cluster: what they are, and where in what the database knows their values
 * are found.
 *
 * Never: a label whose values are not few (nodes of the last hour, states).
 */

/** This package does not know the store: whatever has these figures may be one. */
export interface ClusterFigures {
  readonly nodes: readonly {
    readonly nodeName: string;
    readonly alive: boolean;
    readonly draining: boolean;
    readonly workers: number;
    readonly sessions: number;
  }[];
  readonly database: {
    readonly mailboxes: number;
    readonly receipts: number;
    readonly flaggedMessages: number;
    readonly purgeLagSeconds: number;
    readonly webhookPending: number;
    readonly webhookDead: number;
    readonly databaseOctets: number;
    readonly connections: number;
    readonly connectionsMax: number;
    readonly commits: number;
    readonly rollbacks: number;
    readonly deadlocks: number;
    readonly blocksRead: number;
    readonly blocksHit: number;
    readonly transactionSeconds: number;
    readonly standbys: number;
    readonly synchronousStandbys: number;
    readonly replicationLagMs: number | null;
    readonly replicationLagOctets: number | null;
  };
}

type Figure = (database: ClusterFigures['database']) => number | null;

/** As the page of metrics shows it. */
export interface ClusterMetricShape {
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  /** Its only label, if it has one. */
  readonly label?: string;
}

interface DatabaseMetric extends ClusterMetricShape {
  readonly value: Figure;
}

/** Those of the database: one number each, absent where it is not known. */
export const databaseMetrics: Readonly<Record<string, DatabaseMetric>> = {
  poplar_cluster_mailboxes: {
    type: 'gauge',
    help: 'Mailboxes; beyond 10,000 as the statistics of PostgreSQL have it.',
    value: ({ mailboxes }) => mailboxes,
  },
  poplar_cluster_purge_receipts: {
    type: 'gauge',
    help: 'QUITs whose messages wait for the purge or for the end of the undelete window, up to 10,000.',
    value: ({ receipts }) => receipts,
  },
  poplar_cluster_flagged_messages: {
    type: 'gauge',
    help: 'Flagged messages of these QUITs that are not purged yet.',
    value: ({ flaggedMessages }) => flaggedMessages,
  },
  poplar_cluster_purge_lag_seconds: {
    type: 'gauge',
    help: 'How long ago the first of them should have been purged; 0 when none is due.',
    value: ({ purgeLagSeconds }) => purgeLagSeconds,
  },
  poplar_cluster_webhook_pending: {
    type: 'gauge',
    help: 'Events that wait to be sent to webhooks, up to 10,000.',
    value: ({ webhookPending }) => webhookPending,
  },
  poplar_cluster_webhook_dead: {
    type: 'gauge',
    help: 'Events that could not be sent and are kept, up to 10,000.',
    value: ({ webhookDead }) => webhookDead,
  },
  poplar_cluster_database_bytes: {
    type: 'gauge',
    help: 'Size of the database on disk.',
    value: ({ databaseOctets }) => databaseOctets,
  },
  poplar_cluster_postgresql_connections: {
    type: 'gauge',
    help: 'Connections that PostgreSQL has with clients, of all programs.',
    value: ({ connections }) => connections,
  },
  poplar_cluster_postgresql_connections_max: {
    type: 'gauge',
    help: 'Connections that PostgreSQL takes.',
    value: ({ connectionsMax }) => connectionsMax,
  },
  poplar_cluster_postgresql_commits_total: {
    type: 'counter',
    help: 'Transactions of the database that were committed.',
    value: ({ commits }) => commits,
  },
  poplar_cluster_postgresql_rollbacks_total: {
    type: 'counter',
    help: 'Transactions of the database that were rolled back.',
    value: ({ rollbacks }) => rollbacks,
  },
  poplar_cluster_postgresql_deadlocks_total: {
    type: 'counter',
    help: 'Deadlocks in the database.',
    value: ({ deadlocks }) => deadlocks,
  },
  poplar_cluster_postgresql_blocks_read_total: {
    type: 'counter',
    help: 'Blocks of the database that were not in shared buffers.',
    value: ({ blocksRead }) => blocksRead,
  },
  poplar_cluster_postgresql_blocks_hit_total: {
    type: 'counter',
    help: 'Blocks of the database that were in shared buffers.',
    value: ({ blocksHit }) => blocksHit,
  },
  poplar_cluster_postgresql_transaction_seconds: {
    type: 'gauge',
    help: 'Age of the longest transaction that is open, of all programs.',
    value: ({ transactionSeconds }) => transactionSeconds,
  },
  poplar_cluster_standbys: {
    type: 'gauge',
    help: 'Standbys that are connected to the primary.',
    value: ({ standbys }) => standbys,
  },
  poplar_cluster_synchronous_standbys: {
    type: 'gauge',
    help: 'Standbys that commits wait for.',
    value: ({ synchronousStandbys }) => synchronousStandbys,
  },
  poplar_cluster_replication_lag_seconds: {
    type: 'gauge',
    help: 'How late the slowest standby replays; absent without one and without pg_monitor.',
    value: ({ replicationLagMs }) => (replicationLagMs === null ? null : replicationLagMs / 1_000),
  },
  poplar_cluster_replication_lag_bytes: {
    type: 'gauge',
    help: 'WAL that the slowest standby has not replayed; absent without one and without pg_monitor.',
    value: ({ replicationLagOctets }) => replicationLagOctets,
  },
};

/** Those of nodes, which have a label; the one that is always there comes first. */
const nodeMetrics: readonly (readonly [string, ClusterMetricShape])[] = [
  ['poplar_cluster_up', { type: 'gauge', help: '1 if the figures of the cluster could be read.' }],
  [
    'poplar_cluster_nodes',
    { type: 'gauge', help: 'Nodes heard of within an hour, by state.', label: 'state' },
  ],
  [
    'poplar_cluster_workers',
    { type: 'gauge', help: 'Worker threads whose leases run.', label: 'node' },
  ],
  [
    'poplar_cluster_sessions',
    { type: 'gauge', help: 'Maildrops open, as of the last renewal of leases.', label: 'node' },
  ],
];

/** All there are. */
export const clusterMetrics: ReadonlyMap<string, ClusterMetricShape> = new Map([
  ...nodeMetrics,
  ...Object.entries(databaseMetrics),
]);
