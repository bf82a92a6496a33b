/**
 * How the clients of a process are driven: in a closed loop each goes on as soon as it is answered; in
 * an open loop operations arrive at a rate, whatever becomes of those before, and their latency counts
 * from when they were due.
 *
 * Never: an operation that is measured and not finished; a client with two operations at once.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { Chance } from './chance.ts';
import type { Client } from './client.ts';
import { Histogram } from './histogram.ts';
import { preparingMax } from './limits.ts';

export class Score {
  readonly latencies = new Map<string, Histogram>();
  readonly operationsOf = new Map<string, number>();
  operations = 0;
  held = 0;

  count(kind: string, operations: number, milliseconds: number): void {
    const histogram = this.latencies.get(kind) ?? new Histogram();
    this.latencies.set(kind, histogram);
    histogram.record(milliseconds);
    this.operationsOf.set(kind, (this.operationsOf.get(kind) ?? 0) + operations);
    this.operations += operations;
  }
}

/** Each of them, so many at a time. */
export async function eachOf(
  clients: readonly Client[],
  work: (client: Client) => Promise<unknown>,
): Promise<void> {
  const left = clients.values();
  const workers = Array.from({ length: Math.min(preparingMax, clients.length) }, async () => {
    for (const client of left) await work(client);
  });
  await Promise.all(workers);
}

/** Every mailbox is seen once, and then it goes on for so long. */
export async function warmUp(clients: readonly Client[], seconds: number): Promise<void> {
  await eachOf(clients, async (client) => {
    for (let done = 0; done < client.warmUps; done += 1) await client.once();
  });
  if (seconds > 0) await closedLoop(clients, seconds, new Score());
}

export async function closedLoop(
  clients: readonly Client[],
  seconds: number,
  score: Score,
): Promise<void> {
  const untilMs = performance.now() + seconds * 1_000;
  await Promise.all(
    clients.map(async (client) => {
      for (;;) {
        const since = performance.now();
        if (since >= untilMs) return;
        const operations = await client.once();
        if (operations === 0) return;
        score.count(client.did ?? '', operations, performance.now() - since);
      }
    }),
  );
}

export interface Arrivals {
  readonly operationsPerSecond: number;
  readonly seconds: number;
  /** Which chance: processes must not arrive together. */
  readonly seed: number;
}

/** How long the loop sleeps between two looks at what is due. */
const tickMs = 1;

export async function openLoop(
  clients: readonly Client[],
  { operationsPerSecond, seconds, seed }: Arrivals,
  score: Score,
): Promise<void> {
  const free = [...clients];
  const chance = new Chance(seed);
  const startMs = performance.now();
  const meanMs = 1_000 / operationsPerSecond;
  let first: unknown = null;
  let underWay = 0;
  const idle = Promise.withResolvers<void>();
  let isEnding = false;
  const arrive = async (client: Client, dueMs: number): Promise<void> => {
    underWay += 1;
    try {
      const operations = await client.once();
      if (operations > 0) score.count(client.did ?? '', operations, performance.now() - dueMs);
    } catch (error) {
      first ??= error;
    }
    free.unshift(client);
    underWay -= 1;
    if (isEnding && underWay === 0) idle.resolve();
  };
  for (let dueMs = startMs + chance.exponential(meanMs); dueMs < startMs + seconds * 1_000; ) {
    if (first !== null) break;
    if (performance.now() < dueMs) {
      await sleep(tickMs);
      continue;
    }
    const client = free.pop();
    if (client === undefined) score.held += 1;
    else void arrive(client, dueMs);
    dueMs += chance.exponential(meanMs);
  }
  isEnding = true;
  if (underWay > 0) await idle.promise;
  if (first !== null) throw first;
}
