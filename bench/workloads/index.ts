/**
 * All workloads, in the order in which they are run.
 */

import { changes, idles } from './changes.ts';
import { polls } from './polls.ts';
import { retrievals } from './retrievals.ts';
import type { Workload } from './workload.ts';

const workloads: readonly Workload[] = [...polls, ...retrievals, ...changes, ...idles];

/** Those that are named, or all; under `quick` with less of everything. Throws for an unknown name. */
export function chosenWorkloads(names: readonly string[] | undefined, quick: boolean): Workload[] {
  const unknown = (names ?? []).filter((name) => !workloads.some((one) => one.name === name));
  if (unknown.length > 0) {
    const all = workloads.map(({ name }) => name).join(', ');
    throw new Error(`no such workload: ${unknown.join(', ')}; there are ${all}`);
  }
  return workloads
    .filter(({ name, isSpare = false }) => names?.includes(name) ?? !(quick && isSpare))
    .map((workload) => (quick ? { ...workload, ...workload.quick } : workload));
}
