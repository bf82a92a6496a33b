/**
 * What a micro-benchmark is, and how it is measured: operations done many times in one thread, octets that
 * V8 allocated for them, and time.
 *
 * Allocations are counted, not sampled, and do not depend on how busy the machine is; but the optimising
 * compilers avoid some of them, and when they do depends on time. So the figure that is compared is
 * taken without them (`guardFlags`), and the one that is shown with them.
 *
 * Never: a figure of an operation that did nothing: each says what it did, and that is looked at.
 */

import { getHeapStatistics } from 'node:v8';

/** Without optimising compilers, and with everything in one thread. */
export const guardFlags = ['--no-opt', '--no-maglev', '--no-sparkplug', '--single-threaded'];

export interface MicroCase {
  readonly name: string;
  /** What one operation is. */
  readonly operation: string;
  /** Operations done by one call. */
  readonly operations: number;
  /**
   * As often it is called: V8 counts in pages of 256 KiB, so all of it has to be some 8 MB for a page to
   * be a few hundredths.
   */
  readonly calls: number;
  /** Does them and answers something that only the right work can answer. */
  readonly run: () => number;
  readonly answer: number;
}

export interface MicroResult {
  readonly name: string;
  readonly operation: string;
  /** Octets on V8's heap for one operation. */
  readonly octets: number;
  readonly perSecond: number;
}

/** Calls before anything is counted: tables are made and code is compiled. */
const callsBefore = 100;
function allocated(): number {
  return getHeapStatistics().total_allocated_bytes;
}

function done(one: MicroCase): void {
  const answer = one.run();
  if (answer !== one.answer) throw new Error(`${one.name} answered ${answer}, not ${one.answer}`);
}

export function measureMicro(one: MicroCase): MicroResult {
  for (let call = 0; call < callsBefore; call += 1) done(one);
  const before = allocated();
  const sinceMs = performance.now();
  for (let call = 0; call < one.calls; call += 1) done(one);
  const ms = performance.now() - sinceMs;
  const octets = allocated() - before;
  const operations = one.calls * one.operations;
  const { name, operation } = one;
  return { name, operation, octets: octets / operations, perSecond: (operations / ms) * 1_000 };
}
