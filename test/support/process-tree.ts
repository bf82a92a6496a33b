/**
 * Which processes a process has started, and the end of all of them at once: what is left when a
 * machine loses its power, as far as processes can show it. Linux only.
 *
 * Never: a process that is not below the one that was named.
 */

import { readdirSync, readFileSync } from 'node:fs';

/** Ids of all processes below this one, by /proc; none where there is no /proc. */
export function descendantsOf(pid: number): number[] {
  const parents = new Map<number, number>();
  let entries: string[] = [];
  try {
    entries = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
  for (const name of entries) {
    try {
      const [, parent = '0'] = /\) \S (\d+)/.exec(readFileSync(`/proc/${name}/stat`, 'utf8')) ?? [];
      parents.set(Number(name), Number(parent));
    } catch {
      // It ended while we looked.
    }
  }
  const isBelow = (id: number): boolean => {
    const parent = parents.get(id) ?? 0;
    return parent === pid || (parent > 1 && isBelow(parent));
  };
  return [...parents.keys()].filter(isBelow);
}

/** SIGKILL to a process and to all below it; none of them sees another one go and ends in order. */
export function killTree(pid: number): void {
  if (pid <= 1) throw new Error('not a process of a test');
  for (const id of [pid, ...descendantsOf(pid)]) {
    try {
      process.kill(id, 'SIGKILL');
    } catch {
      // It has ended already.
    }
  }
}

/** Whether every thread of a process stands still: SIGSTOP is taken by each when it is its turn. */
export function standsStill(pid: number): boolean {
  const tasks = `/proc/${pid}/task`;
  return readdirSync(tasks).every((thread) =>
    /\) T /.test(readFileSync(`${tasks}/${thread}/stat`, 'utf8')),
  );
}
