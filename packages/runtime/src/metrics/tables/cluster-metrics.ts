/**
 * The metrics of the whole cluster: what they are, and where in what the database knows their values
 * are found.
 *
 * Never: a label whose values are not few (nodes of the last hour, states).
 */

import { figureIn, loginFigures, type NodeFigureName, type NodeFigures } from '../node-figures.ts';

interface ClusterNode {
  readonly nodeName: string;
  readonly alive: boolean;
  readonly draining: boolean;
  readonly workers: number;
  readonly sessions: number;
  /** What it said of itself last. */
  readonly report: { readonly at: Date; readonly figures: NodeFigures } | null;
}

/** This package does not know the store: whatever has these figures may be one. */
export interface ClusterFigures {
  readonly nodes: readonly ClusterNode[];
  readonly database: {
    readonly mailboxes: number;
    readonly receipts: number;
    readonly flaggedMessages: number;
    readonly purgeLagSeconds: number;
    readonly webhookPending: number;
    readonly webhookDead: number;
    readonly webhookPendingSeconds: number;
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
  /** The labels that each of its samples has; none without it. */
  readonly labels?: readonly string[];
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
  poplar_cluster_webhook_pending_seconds: {
    type: 'gauge',
    help: 'Age of the oldest event that waits to be sent to a webhook; 0 when none does.',
    value: ({ webhookPendingSeconds }) => webhookPendingSeconds,
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

interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

interface NodeMetric extends ClusterMetricShape {
  readonly samples: (nodes: readonly ClusterNode[]) => readonly Sample[];
}

const nodeStates = ['up', 'draining', 'gone'] as const;

function stateOf({ alive, draining }: ClusterNode): string {
  if (!alive) return 'gone';
  return draining ? 'draining' : 'up';
}

function byNode(value: (node: ClusterNode) => number): NodeMetric['samples'] {
  return (nodes) => nodes.map((node) => ({ labels: { node: node.nodeName }, value: value(node) }));
}

/** Of nodes that are there and have said it. */
function ofReports(
  samples: (figures: NodeFigures, node: string) => readonly Sample[],
): NodeMetric['samples'] {
  return (nodes) =>
    nodes.flatMap(({ nodeName, alive, report }) =>
      report === null || !alive ? [] : samples(report.figures, nodeName),
    );
}

function said(type: ClusterMetricShape['type'], figure: NodeFigureName, help: string): NodeMetric {
  const samples = ofReports((figures, node) => [
    { labels: { node }, value: figureIn(figures, figure) },
  ]);
  return { type, help, labels: ['node'], samples };
}

/** Those of nodes, and of what nodes say of themselves every few seconds. */
export const nodeMetrics: Readonly<Record<string, NodeMetric>> = {
  poplar_cluster_nodes: {
    type: 'gauge',
    help: 'Nodes heard of within an hour, by state.',
    labels: ['state'],
    samples: (nodes) =>
      nodeStates.map((state) => ({
        labels: { state },
        value: nodes.filter((node) => stateOf(node) === state).length,
      })),
  },
  poplar_cluster_workers: {
    type: 'gauge',
    help: 'Worker threads whose leases run.',
    labels: ['node'],
    samples: byNode(({ workers }) => workers),
  },
  poplar_cluster_sessions: {
    type: 'gauge',
    help: 'Maildrops open, as of the last renewal of leases.',
    labels: ['node'],
    samples: byNode(({ sessions }) => sessions),
  },
  poplar_cluster_logins_total: {
    type: 'counter',
    help: 'Attempts to log in, by what the client was told, as the node said a few seconds ago.',
    labels: ['node', 'outcome'],
    samples: ofReports((figures, node) =>
      Object.entries(loginFigures).map(([figure, outcome]) => ({
        labels: { node, outcome },
        value: figures[figure] ?? 0,
      })),
    ),
  },
  poplar_cluster_connections: said('gauge', 'connections', 'Connections open.'),
  poplar_cluster_commands_total: said('counter', 'commands', 'POP3 commands that were answered.'),
  poplar_cluster_sent_bytes_total: said(
    'counter',
    'sentOctets',
    'Bytes sent to clients, inside TLS, counted when their connection ends.',
  ),
  poplar_cluster_received_bytes_total: said(
    'counter',
    'receivedOctets',
    'Bytes that clients sent, inside TLS, counted when their connection ends.',
  ),
  poplar_cluster_messages_retrieved_total: said(
    'counter',
    'messagesRetrieved',
    'Messages sent whole (RETR), counted when their session ends.',
  ),
  poplar_cluster_messages_flagged_total: said(
    'counter',
    'messagesFlagged',
    'Messages that a QUIT removed from their maildrop.',
  ),
  poplar_cluster_messages_delivered_total: said(
    'counter',
    'messagesDelivered',
    'Messages that came in by LMTP, one time per mailbox.',
  ),
  poplar_cluster_event_loop_delay_seconds: said(
    'gauge',
    'eventLoopDelaySeconds',
    'How late 99 of 100 timers of the worker threads were at most, within the last seconds.',
  ),
};

/** What is always there. */
const upMetric: ClusterMetricShape = {
  type: 'gauge',
  help: '1 if the figures of the cluster could be read.',
};

/** All there are. */
export const clusterMetrics: ReadonlyMap<string, ClusterMetricShape> = new Map([
  ['poplar_cluster_up', upMetric],
  ...Object.entries(nodeMetrics),
  ...Object.entries(databaseMetrics),
]);
