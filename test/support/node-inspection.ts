/**
 * A look at a running node from outside: its metrics, its memory, its descriptors.
 *
 * Never: a look that changes what is looked at.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunningNode } from './start-node.ts';

/**
 * The sum of all samples of a metric whose labels are at least these; 0 when there is none. A scrape
 * asks the workers, so the number is of now.
 */
export async function metric(
  node: RunningNode,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<number> {
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  let sum = 0;
  for (const line of (await scrape(node)).split('\n')) {
    const [, found, given = '', value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    if (found === name && wanted.every((label) => given.includes(label))) sum += Number(value);
  }
  return sum;
}

/** All that /metrics says. */
export async function scrape(node: RunningNode): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${node.ops}/metrics`);
  return answer.text();
}

/** What the node logged of each attempt to log in, so far. */
export function loginEvents(node: RunningNode): Record<string, unknown>[] {
  return node
    .log()
    .split('\n')
    .filter((line) => line.includes('"event":"login"'))
    .map((line) => JSON.parse(line));
}

/** Resident memory of the node, all threads together. Linux only. */
export function residentOctets(node: RunningNode): number {
  const status = readFileSync(`/proc/${node.pid}/status`, 'utf8');
  const [, kib = ''] = /^VmRSS:\s+(\d+) kB$/m.exec(status) ?? [];
  if (kib === '') throw new Error('no VmRSS in /proc');
  return Number(kib) * 1024;
}

/** Open descriptors of the node. Linux only. */
export function descriptors(node: RunningNode): number {
  return readdirSync(`/proc/${node.pid}/fd`).length;
}

/** Highest resident memory seen while the work goes on. */
export async function residentPeak(node: RunningNode, work: Promise<unknown>): Promise<number> {
  const state = { over: false, peak: residentOctets(node) };
  const over = work.finally(() => {
    state.over = true;
  });
  while (!state.over) {
    state.peak = Math.max(state.peak, residentOctets(node));
    await sleep(25);
  }
  await over;
  return state.peak;
}

/** Repeats until it does not throw, and then answers what it answered; the last error when late. */
export async function eventually<T>(
  work: () => Promise<T> | T,
  withinMs: number = 5_000,
  pauseMs: number = 25,
): Promise<T> {
  const endAtMs = performance.now() + withinMs;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (performance.now() > endAtMs) throw error;
      await sleep(pauseMs);
    }
  }
}
