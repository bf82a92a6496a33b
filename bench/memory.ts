/**
 * What an idle session weighs: sessions are opened group upon group, the memory of the server's processes is
 * read behind each, and the median of what the groups have added is what is said.
 *
 * Theory of operation. A server that has just been started grows by more than its sessions: code is
 * compiled, heaps and buffers take their size, and shrink again. So first every group is opened and closed
 * once, which leaves memory behind that is free; where the maildrops must not have been seen, it is one
 * group of others, twice. Then groups are opened and stay. The first of them takes what is free and does not
 * count: what the others add is theirs. Before each reading the server collects its garbage if it can be told to,
 * and the readings are taken when they do not fall any more. A heap that takes or gives back a piece of its own
 * makes one group look wrong, which a median does not mind and a difference of two readings does.
 *
 * Never: a session that was closed and counts: each group is asked for QUIT at the end.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { cpuSeconds, memoryOctets } from './cpu.ts';
import { type Generated, generate } from './load/generate.ts';
import type { LoadOrder, Mailboxes } from './load/order.ts';
import type { MemoryReading } from './measured.ts';
import type { BenchServer } from './servers/server.ts';

export interface MemoryPace {
  /** Opened one upon another; all but the first count. */
  readonly groups: number;
  /** A reading is taken when it has not fallen by more than a five-hundredth of itself in this time. */
  readonly settleMs: number;
}

export const memoryPace: MemoryPace = { groups: 8, settleMs: 1_500 };
export const quickMemoryPace: MemoryPace = { groups: 3, settleMs: 300 };
const settledPart = 1 / 500;
const settlesMax = 6;

type Order = Omit<LoadOrder, 'process' | 'processes'>;

interface MemoryRun {
  readonly server: BenchServer;
  /** Of all sessions together, with the mailboxes of all. */
  readonly order: Order;
  readonly processes: number;
  readonly pace: MemoryPace;
}

export interface MemoryMeasured {
  readonly generated: Generated;
  readonly sessions: number;
  /** Of all sessions: what one has added times their number. */
  readonly octets: number;
  readonly readings: readonly MemoryReading[];
  readonly cpuSeconds: number;
}

export async function measureMemory({
  server,
  order,
  processes,
  pace: { groups: count, settleMs },
}: MemoryRun): Promise<MemoryMeasured> {
  const size = Math.floor(order.clients / count);
  const ordersFrom = (first: number): Order => ({
    ...order,
    clients: size,
    mailboxes: partOf(order.mailboxes, first, size),
    seconds: 0,
    warmUpSeconds: 0,
  });
  const groups = Array.from({ length: count }, (_, group) => ordersFrom(group * size));
  const isSeen = order.task.kind === 'idle' && order.task.seen;
  const others = isSeen ? [] : [ordersFrom(count * size)];
  const before = isSeen ? groups : [...others, ...others];
  for (const warming of before) await openAnd(warming, processes, async () => {});
  const readings: MemoryReading[] = [await readingOf(server, { sessions: 0, settleMs })];
  const open = async (group: number): Promise<Generated | null> => {
    const next = groups[group];
    if (next === undefined) return null;
    let inner: Generated | null = null;
    const generated = await openAnd(next, processes, async () => {
      readings.push(await readingOf(server, { sessions: (group + 1) * size, settleMs }));
      inner = await open(group + 1);
    });
    return inner === null ? generated : inner;
  };
  const roots = Object.values(server.parts()).flat();
  const cpu = cpuSeconds(roots);
  const generated = await open(0);
  if (generated === null) throw new Error('no session was opened');
  const sessions = size * count;
  return {
    generated,
    sessions,
    octets: medianOf(growthOf(readings)) * sessions,
    readings,
    cpuSeconds: cpuSeconds(roots) - cpu,
  };
}

/** Opens a group, does something while it is open, and has each of its sessions answer QUIT. */
function openAnd(order: Order, processes: number, work: () => Promise<void>): Promise<Generated> {
  return generate({ order, processes, began: work, ended: () => undefined });
}

function partOf(mailboxes: Mailboxes, first: number, count: number): Mailboxes {
  if (first + count > mailboxes.count) throw new Error('there are too few mailboxes');
  return { ...mailboxes, first, count };
}

async function readingOf(
  server: BenchServer,
  { sessions, settleMs }: { readonly sessions: number; readonly settleMs: number },
): Promise<MemoryReading> {
  await server.collect();
  let octets = octetsOf(server);
  for (let settles = 0; settles < settlesMax; settles += 1) {
    await sleep(settleMs);
    const now = octetsOf(server);
    const hasFallen = sum(octets) - sum(now) > sum(octets) * settledPart;
    octets = now;
    if (!hasFallen) break;
  }
  return { sessions, octets };
}

function octetsOf(server: BenchServer): Record<string, number> {
  return Object.fromEntries(
    Object.entries(server.parts()).map(([part, pids]) => [part, memoryOctets(pids)]),
  );
}

function sum(octets: Readonly<Record<string, number>>): number {
  return Object.values(octets).reduce((total, one) => total + one, 0);
}

/** What each group but the first has added, for one of its sessions. */
export function growthOf(readings: readonly MemoryReading[]): number[] {
  return readings.slice(2).map(({ sessions, octets }, index) => {
    const before = readings[index + 1];
    const grown = sum(octets) - sum(before?.octets ?? {});
    return grown / (sessions - (before?.sessions ?? 0));
  });
}

function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
