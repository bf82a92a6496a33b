/**
 * What a node says of itself to the whole cluster: a few numbers out of the many that its threads count,
 * under names that other nodes and the pages of operators know.
 *
 * Never: a name that is taken for another meaning; two releases read each other's figures.
 */

import { addSnapshot, samplesOf, snapshotLength } from './metric-set.ts';
import { type MetricName, metricDefinitions } from './metric-table.ts';

/** How attempts to log in end, as clients are told, by the names of their figures. */
export const loginFigures = {
  loginsOpened: 'opened',
  loginsCredentials: 'credentials',
  loginsInUse: 'in-use',
  loginsTemporary: 'temporary',
  loginsDisabled: 'disabled',
  loginsLoginDelay: 'login-delay',
} as const;

/** Figures that are the sum of all samples of a metric. */
const sums = {
  connections: 'poplar_connections',
  connectionsOpened: 'poplar_connections_opened_total',
  commands: 'poplar_commands_total',
  receivedOctets: 'poplar_received_bytes_total',
  sentOctets: 'poplar_sent_bytes_total',
  messagesRetrieved: 'poplar_messages_retrieved_total',
  messagesFlagged: 'poplar_messages_flagged_total',
  messagesPurged: 'poplar_messages_purged_total',
  deliveredOctets: 'poplar_delivered_bytes_total',
} as const satisfies Readonly<Record<string, MetricName>>;

export type NodeFigureName =
  | keyof typeof loginFigures
  | keyof typeof sums
  | 'messagesDelivered'
  | 'eventLoopDelaySeconds';

/** By their names, as the database keeps them. */
export type NodeFigures = Readonly<Record<string, number>>;

/** 0 where a node of another release says nothing of it. */
export function figureIn(figures: NodeFigures, name: NodeFigureName): number {
  return figures[name] ?? 0;
}

const delayMetric = 'poplar_event_loop_delay_seconds';
/** Of how many timers of the threads the delay speaks: all but one in a hundred. */
const delayShare = 0.99;

/** Of the numbers of all threads of a node, and of those when it said something last. */
export class NodeFigureReader {
  #former = new Float64Array(snapshotLength);

  /** The delay is that since the last call; all else since the node began. */
  read(snapshots: readonly Float64Array[]): NodeFigures {
    const now = new Float64Array(snapshotLength);
    for (const snapshot of snapshots) addSnapshot(now, snapshot);
    const former = this.#former;
    this.#former = now;
    const logins = Object.entries(loginFigures).map(
      ([figure, outcome]) => [figure, sumOf(now, 'poplar_logins_total', { outcome })] as const,
    );
    const others = Object.entries(sums).map(
      ([figure, metric]) => [figure, sumOf(now, metric)] as const,
    );
    return {
      ...Object.fromEntries([...logins, ...others]),
      messagesDelivered: sumOf(now, 'poplar_deliveries_total', { outcome: 'delivered' }),
      eventLoopDelaySeconds: delayBetween(former, now),
    };
  }
}

function sumOf(
  snapshot: Float64Array,
  name: MetricName,
  wanted: Readonly<Record<string, string>> = {},
): number {
  let sum = 0;
  for (const { labels, offset } of samplesOf(name)) {
    const isWanted = Object.entries(wanted).every(([label, value]) => labels[label] === value);
    if (isWanted) sum += snapshot[offset] ?? 0;
  }
  return sum;
}

/** The bound of the bucket below which nearly all timers of the time between were late. */
function delayBetween(former: Float64Array, now: Float64Array): number {
  const [sample] = samplesOf(delayMetric);
  const buckets = metricDefinitions.get(delayMetric)?.buckets ?? [];
  const at = sample?.offset ?? 0;
  const counts = [...buckets, Infinity].map(
    (_bound, bucket) => (now[at + bucket] ?? 0) - (former[at + bucket] ?? 0),
  );
  const all = counts.reduce((sum, count) => sum + count, 0);
  let seen = 0;
  for (const [bucket, count] of counts.entries()) {
    seen += count;
    if (seen >= all * delayShare) return all <= 0 ? 0 : (buckets[bucket] ?? buckets.at(-1) ?? 0);
  }
  return 0;
}
