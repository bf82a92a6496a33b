/**
 * A clock that all threads of the process read alike: milliseconds of the system's monotonic clock.
 * `performance.now()` alone counts from the start of each thread.
 *
 * Never: the wall clock, which may be set back.
 */

/** Milliseconds; only differences and comparisons mean something. */
export type SharedClock = () => number;

/** A thread that is put aside between its two readings begins too early: never too late, so the latest is best. */
const readings = 16;
const threadStartMs = Math.max(
  ...Array.from(
    { length: readings },
    () => Number(process.hrtime.bigint()) / 1e6 - performance.now(),
  ),
);

/** `performance.now()` costs less than `hrtime` and allocates nothing. */
export const sharedClock: SharedClock = () => threadStartMs + performance.now();
