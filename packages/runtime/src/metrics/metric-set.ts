/**
 * The numbers of one thread: one flat array that the metric table lays out. Counting is a look-up
 * and an addition, without allocation and without a message to another thread.
 *
 * Never: a label combination that the table does not have (it is counted as `other`).
 */

import { type MetricName, metricDefinitions } from './metric-table.ts';
import type { MetricDefinition } from './tables/definition.ts';

interface Layout {
  readonly definition: MetricDefinition;
  /** Of the metric's first number. */
  readonly offset: number;
  /** For each label, the position of each value; the last position is `other`. */
  readonly positions: readonly ReadonlyMap<string, number>[];
  /** Numbers for one combination of labels: 1, or for a histogram its buckets, sum and count. */
  readonly width: number;
}

/** One number of a snapshot with all its labels. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly offset: number;
  readonly isOther: boolean;
}

const layouts = new Map<string, Layout>();
let size = 0;
for (const [name, definition] of metricDefinitions) {
  const labels = definition.labels ?? [];
  const positions = labels.map(
    (label) => new Map([...label.values, 'other'].map((value, position) => [value, position])),
  );
  const width = definition.buckets === undefined ? 1 : definition.buckets.length + 3;
  layouts.set(name, { definition, offset: size, positions, width });
  size += positions.reduce((product, values) => product * values.size, width);
}

interface Seen {
  readonly value: number;
  readonly label: string | undefined;
  readonly times: number;
}

/** How many numbers a snapshot has. */
export const snapshotLength = size;

export class MetricSet {
  readonly #numbers = new Float64Array(size);
  readonly #refreshers: (() => void)[] = [];

  /** Adds one. Label values are given in the table's order. */
  inc(name: MetricName, first?: string, second?: string): void {
    const index = indexOf(name, first, second);
    this.#numbers[index] = (this.#numbers[index] ?? 0) + 1;
  }

  /** Adds an amount to a counter, or to a gauge, where it may be negative. */
  add(name: MetricName, amount: number, ...labels: readonly [string?, string?]): void {
    const index = indexOf(name, labels[0], labels[1]);
    this.#numbers[index] = (this.#numbers[index] ?? 0) + amount;
  }

  set(name: MetricName, value: number, ...labels: readonly [string?, string?]): void {
    this.#numbers[indexOf(name, labels[0], labels[1])] = value;
  }

  /** Records one value of a histogram, in the unit of its name. */
  observe(name: MetricName, value: number, label?: string): void {
    this.observeTimes(name, { value, label, times: 1 });
  }

  /** Records a value that came several times. */
  observeTimes(name: MetricName, seen: Seen): void {
    const { value, label, times } = seen;
    const buckets = layoutOf(name).definition.buckets ?? [];
    const start = indexOf(name, label);
    let bucket = 0;
    while (bucket < buckets.length && value > (buckets[bucket] ?? 0)) bucket += 1;
    this.#bump(start + bucket, times);
    this.#bump(start + buckets.length + 1, value * times);
    this.#bump(start + buckets.length + 2, times);
  }

  /** Is called before each snapshot, to set what is counted elsewhere. */
  refreshedBy(refresh: () => void): void {
    this.#refreshers.push(refresh);
  }

  /** A copy, to be sent to the main thread. */
  snapshot(): Float64Array {
    for (const refresh of this.#refreshers) refresh();
    return this.#numbers.slice();
  }

  #bump(index: number, amount: number): void {
    this.#numbers[index] = (this.#numbers[index] ?? 0) + amount;
  }
}

/** Adds a snapshot to a sum of snapshots. */
export function addSnapshot(sum: Float64Array, snapshot: Float64Array): void {
  for (let index = 0; index < size; index += 1) {
    sum[index] = (sum[index] ?? 0) + (snapshot[index] ?? 0);
  }
}

/** A gauge without labels, out of a snapshot. */
export function gaugeIn(snapshot: Float64Array, name: MetricName): number {
  return snapshot[indexOf(name)] ?? 0;
}

/** What is kept of a worker that is gone: it has no gauges any more. */
export function withoutGauges(snapshot: Float64Array): Float64Array {
  const kept = snapshot.slice();
  for (const layout of layouts.values()) {
    if (layout.definition.type !== 'gauge') continue;
    const combinations = layout.positions.reduce((product, values) => product * values.size, 1);
    kept.fill(0, layout.offset, layout.offset + combinations);
  }
  return kept;
}

/** All combinations of a metric's labels with the place of their numbers. */
export function* samplesOf(name: string): Generator<Sample> {
  const layout = layoutOf(name);
  const labels = layout.definition.labels ?? [];
  const [first = new Map([['', 0]]), second = new Map([['', 0]])] = layout.positions;
  for (const [firstValue, firstPosition] of first) {
    for (const [secondValue, secondPosition] of second) {
      const [firstLabel, secondLabel] = labels;
      const position = firstPosition * second.size + secondPosition;
      yield {
        labels: {
          ...(firstLabel === undefined ? {} : { [firstLabel.name]: firstValue }),
          ...(secondLabel === undefined ? {} : { [secondLabel.name]: secondValue }),
        },
        offset: layout.offset + position * layout.width,
        isOther: firstValue === 'other' || secondValue === 'other',
      };
    }
  }
}

function layoutOf(name: string): Layout {
  const layout = layouts.get(name);
  if (layout === undefined) throw new Error(`no metric is named ${name}`);
  return layout;
}

function indexOf(name: MetricName, first?: string, second?: string): number {
  const layout = layoutOf(name);
  let position = 0;
  const [firstValues, secondValues] = layout.positions;
  if (firstValues !== undefined) {
    position = firstValues.get(first ?? '') ?? firstValues.size - 1;
  }
  if (secondValues !== undefined) {
    position =
      position * secondValues.size + (secondValues.get(second ?? '') ?? secondValues.size - 1);
  }
  return layout.offset + position * layout.width;
}
