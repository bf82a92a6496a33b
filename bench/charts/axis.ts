/**
 * Axes: from a value to its place and the marks between, by powers of ten or in equal steps.
 *
 * Never: a value of 0 or less on an axis of powers.
 */

export interface Axis {
  readonly at: (value: number) => number;
  readonly ticks: readonly number[];
}

interface Span {
  /** Places of the two ends. */
  readonly from: number;
  readonly to: number;
}

/** Whole powers of ten around these values. */
export function powersAxis(values: readonly number[], { from, to }: Span): Axis {
  const good = values.filter((value) => value > 0);
  const low = Math.floor(Math.log10(Math.min(...good)) + 1e-9);
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...good)) - 1e-9));
  const ticks = Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i));
  const at = (value: number): number =>
    from + ((Math.log10(Math.max(value, 10 ** low)) - low) / (high - low)) * (to - from);
  return { at, ticks };
}

const stepsWanted = 5;

/** From 0 to beyond the largest, in steps of 1, 2 or 5. */
export function stepsAxis(values: readonly number[], { from, to }: Span): Axis {
  const largest = Math.max(...values, Number.MIN_VALUE);
  const rough = largest / stepsWanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((times) => times * power >= rough) ?? 10);
  const count = Math.ceil(largest / step);
  const ticks = Array.from({ length: count + 1 }, (_, i) => i * step);
  return { at: (value) => from + (value / (count * step)) * (to - from), ticks };
}

const units = [
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
] as const;

/** 1000000 as 1M. */
export function brief(value: number): string {
  for (const [size, letter] of units) {
    if (Math.abs(value) >= size) return `${Number((value / size).toPrecision(3))}${letter}`;
  }
  return String(Number(value.toPrecision(3)));
}

export function microseconds(value: number): string {
  if (value >= 1e6) return `${Number((value / 1e6).toPrecision(3))} s`;
  if (value >= 1e3) return `${Number((value / 1e3).toPrecision(3))} ms`;
  return `${Number(value.toPrecision(3))} us`;
}
