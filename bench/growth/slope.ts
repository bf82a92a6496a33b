/**
 * How fast a cost grows: the slope of a straight line through its points on two axes of powers of ten. 0 is a cost that
 * does not grow, 1 one that grows as its size does.
 *
 * Never: a verdict from the whole line alone. Where the size is small a fixed cost hides what grows, so the last step,
 * between the two largest sizes, is judged as well.
 */

export interface Point {
  readonly size: number;
  readonly cost: number;
}

export interface Growth {
  /** Of the line through all points, by least squares. */
  readonly slope: number;
  /** Between the two largest sizes. */
  readonly lastStep: number;
}

/** What noise and the depth of an index may add: an index of a million rows is a level deeper than one of a thousand. */
const slopeTolerance = 0.15;
/** Two points are less than a line. */
const stepTolerance = 0.3;

export function growthOf(points: readonly Point[]): Growth {
  const logs = points.map(({ size, cost }) => ({
    x: Math.log10(size),
    y: Math.log10(Math.max(cost, Number.MIN_VALUE)),
  }));
  const mean = (of: (log: (typeof logs)[number]) => number): number =>
    logs.reduce((sum, log) => sum + of(log), 0) / logs.length;
  const x = mean((log) => log.x);
  const y = mean((log) => log.y);
  const slope = mean((log) => (log.x - x) * (log.y - y)) / mean((log) => (log.x - x) * (log.x - x));
  const [before, last] = logs.slice(-2);
  if (before === undefined || last === undefined) return { slope, lastStep: Number.NaN };
  return { slope, lastStep: (last.y - before.y) / (last.x - before.x) };
}

/** Whether it grows no faster than size to this power. */
export function holds({ slope, lastStep }: Growth, power: number): boolean {
  return slope <= power + slopeTolerance && lastStep <= power + stepTolerance;
}
