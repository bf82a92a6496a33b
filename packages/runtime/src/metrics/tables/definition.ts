/**
 * What a metric is: its type, its meaning, and for each label all the values it may have; with the
 * labels and buckets that several tables share.
 *
 * Never: a label whose values a client can choose (no names, no addresses).
 */

export interface LabelDefinition {
  readonly name: string;
  /** All there are; anything else is counted as `other`. */
  readonly values: readonly string[];
}

export interface MetricDefinition {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  /** Two at most. */
  readonly labels?: readonly LabelDefinition[];
  /** Upper bounds, ascending, in the metric's unit. Histograms only. */
  readonly buckets?: readonly number[];
}

export type MetricTable = Readonly<Record<string, MetricDefinition>>;

export const listener: LabelDefinition = {
  name: 'listener',
  values: ['pop3', 'pop3s', 'lmtp', 'pop3-proxy', 'pop3s-proxy'],
};

/** Seconds, from a memory look-up to a client that has given up. */
export const durationBuckets = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
];
