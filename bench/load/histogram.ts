/**
 * Latencies in buckets whose width grows with the value: 1/64 of it at most, whatever their number.
 * What several processes counted can be added up.
 *
 * Never: a percentile below what was seen; a list of all values.
 */

/** Buckets of each power of two. */
const steps = 64;

export interface Percentiles {
  readonly count: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

/** As it goes over a pipe: the buckets that are not empty. */
export interface HistogramData {
  readonly buckets: readonly (readonly [bucket: number, count: number])[];
  readonly max: number;
}

function bucketOf(microseconds: number): number {
  if (microseconds < steps) return microseconds;
  const power = 31 - Math.clz32(microseconds);
  const shift = power - 6;
  return steps * (shift + 1) + (microseconds >>> shift) - steps;
}

/** The largest value of a bucket. */
function upperEnd(bucket: number): number {
  if (bucket < steps) return bucket;
  const shift = Math.floor(bucket / steps) - 1;
  return ((bucket % steps) + steps + 1) * 2 ** shift - 1;
}

export class Histogram {
  readonly #counts = new Map<number, number>();
  #count = 0;
  #maxMs = 0;

  record(milliseconds: number): void {
    const bucket = bucketOf(Math.min(2 ** 31 - 1, Math.max(0, Math.round(milliseconds * 1_000))));
    this.#counts.set(bucket, (this.#counts.get(bucket) ?? 0) + 1);
    this.#count += 1;
    if (milliseconds > this.#maxMs) this.#maxMs = milliseconds;
  }

  add(data: HistogramData): void {
    for (const [bucket, count] of data.buckets) {
      this.#counts.set(bucket, (this.#counts.get(bucket) ?? 0) + count);
      this.#count += count;
    }
    this.#maxMs = Math.max(this.#maxMs, data.max);
  }

  data(): HistogramData {
    return { buckets: [...this.#counts], max: this.#maxMs };
  }

  /** In milliseconds. */
  percentiles(): Percentiles {
    const sorted = [...this.#counts].sort(([a], [b]) => a - b);
    const at = (part: number): number => {
      let left = Math.ceil(this.#count * part);
      for (const [bucket, count] of sorted) {
        left -= count;
        if (left <= 0) return Math.min(this.#maxMs, upperEnd(bucket) / 1_000);
      }
      return 0;
    };
    return { count: this.#count, p50: at(0.5), p95: at(0.95), p99: at(0.99), max: this.#maxMs };
  }
}
