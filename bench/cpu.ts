/**
 * CPU time of whole process trees, from /proc: user and system of every thread, and of children that
 * have ended. Linux only.
 */

import { readdirSync, readFileSync } from 'node:fs';

/** Of the kernel's `times`; 100 on every Linux that Node runs on. */
const ticksPerSecond = 100;

interface Stat {
  readonly parent: number;
  readonly ticks: number;
}

/** Seconds of CPU that these processes and all below them have used so far. */
export function cpuSeconds(roots: readonly number[]): number {
  const stats = new Map<number, Stat>();
  for (const name of readdirSync('/proc')) {
    const stat = /^\d+$/.test(name) ? statOf(name) : null;
    if (stat !== null) stats.set(Number(name), stat);
  }
  const wanted = new Set(roots);
  const isWanted = (pid: number): boolean => {
    if (wanted.has(pid)) return true;
    const parent = stats.get(pid)?.parent ?? 0;
    return parent > 1 && isWanted(parent);
  };
  let ticks = 0;
  for (const [pid, stat] of stats) if (isWanted(pid)) ticks += stat.ticks;
  return ticks / ticksPerSecond;
}

function statOf(pid: string): Stat | null {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return null;
  }
  // Behind the name, which may hold anything: state, parent, ... utime, stime, cutime, cstime.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const time = (index: number): number => Number(fields[index] ?? 0);
  return { parent: time(1), ticks: time(11) + time(12) + time(13) + time(14) };
}
