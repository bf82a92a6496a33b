/**
 * CPU time and memory of whole process trees, from /proc: user and system time of every thread, and of
 * children that have ended; memory by its proportional share of what several processes map. Linux only.
 */

import { readdirSync, readFileSync } from 'node:fs';

/** Of the kernel's `times`; 100 on every Linux that Node runs on. */
const ticksPerSecond = 100;

interface Stat {
  readonly pid: number;
  readonly parent: number;
  readonly ticks: number;
}

/** Seconds of CPU that these processes and all below them have used so far. */
export function cpuSeconds(roots: readonly number[]): number {
  return treeOf(roots).reduce((sum, { ticks }) => sum + ticks, 0) / ticksPerSecond;
}

/** Octets of memory that these processes and all below them have. */
export function memoryOctets(roots: readonly number[]): number {
  return treeOf(roots).reduce((sum, { pid }) => sum + proportionalOctets(pid), 0);
}

/** Octets that a process shares with no other. */
export function ownOctets(pid: number): number {
  return fieldsOf(pid, /^Private_(?:Clean|Dirty): +(\d+) kB$/gm);
}

function treeOf(roots: readonly number[]): Stat[] {
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
  return [...stats.values()].filter(({ pid }) => isWanted(pid));
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
  return { pid: Number(pid), parent: time(1), ticks: time(11) + time(12) + time(13) + time(14) };
}

function proportionalOctets(pid: number): number {
  return fieldsOf(pid, /^Pss: +(\d+) kB$/gm);
}

function fieldsOf(pid: number, pattern: RegExp): number {
  try {
    const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
    return [...text.matchAll(pattern)].reduce((sum, [, kilo]) => sum + 1_024 * Number(kilo), 0);
  } catch {
    // It has ended meanwhile.
    return 0;
  }
}
