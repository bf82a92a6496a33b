/**
 * Every mailbox of a large site is polled once, by a node with its usual settings: what its caches and its memory
 * become of it. More mailboxes than the caches hold is the point.
 *
 * Never: a scan without an end: it stops when all were polled, or when its time is over.
 */

import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { loginCacheEntriesMax } from '@poplar/store/testing';
import { metric } from '@poplar/test/node-inspection';
import { generate } from '../load/generate.ts';
import { startPoplar } from '../servers/poplar.ts';
import type { Bench } from './cost.ts';
import { Site } from './site.ts';

const mailboxCount = 1e6;
const quickMailboxCount = 2e4;
const messages = 3;
const scanSecondsMax = 420;
const quickScanSecondsMax = 15;
const sampleMs = 2_000;
const clients = 64;
const workers = 2;
const step = 7_919;
/** Of each worker; as it is when nothing is set. */
const snapshotCacheOctets = 64 * 1024 * 1024;

interface ScanSample {
  readonly polled: number;
  readonly residentOctets: number;
  readonly loginEntries: number;
  readonly snapshotOctets: number;
}

export interface Scan {
  readonly mailboxes: number;
  readonly polled: number;
  readonly seconds: number;
  /** What the caches of all workers may hold. */
  readonly loginEntriesMax: number;
  readonly snapshotOctetsMax: number;
  readonly samples: readonly ScanSample[];
}

function residentOctets(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return 1_024 * Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0);
}

export async function cacheScan(bench: Bench): Promise<Scan> {
  const count = bench.isQuick ? quickMailboxCount : mailboxCount;
  bench.tell(`scan: making ${count} mailboxes`);
  const server = await startPoplar({
    workers,
    environment: { POPLAR_SNAPSHOT_CACHE_OCTETS: String(snapshotCacheOctets) },
  });
  try {
    const site = new Site(server.database);
    const all = await site.add({ prefix: 'scan', count, messages, octets: 300 });
    const [node] = server.running;
    if (node === undefined) throw new Error('there is no node');
    const sampleNow = async (): Promise<ScanSample> => ({
      polled: await metric(node, 'poplar_login_reasons_total', { reason: 'opened' }),
      residentOctets: residentOctets(node.pid),
      loginEntries: await metric(node, 'poplar_login_cache_entries'),
      snapshotOctets: await metric(node, 'poplar_snapshot_cache_bytes'),
    });
    const samples: ScanSample[] = [await sampleNow()];
    const state = { isOver: false };
    const watching = (async (): Promise<void> => {
      while (!state.isOver) {
        await sleep(sampleMs);
        samples.push(await sampleNow());
      }
    })();
    bench.tell('scan: polling each of them once');
    const generated = await generate({
      order: {
        ...{ nodes: server.nodes, secret: site.secret, shape: { kind: 'closed' }, content: '' },
        task: { kind: 'poll', tls: false, pipelined: true, visits: 'once' },
        mailboxes: { ...all, scattered: { of: count, step } },
        ...{ clients, warmUpSeconds: 0 },
        seconds: bench.isQuick ? quickScanSecondsMax : scanSecondsMax,
      },
      processes: bench.timing.processes,
      began: () => undefined,
      ended: () => undefined,
    });
    state.isOver = true;
    await watching;
    return {
      mailboxes: count,
      polled: generated.operations,
      seconds: generated.seconds,
      loginEntriesMax: workers * loginCacheEntriesMax,
      snapshotOctetsMax: workers * snapshotCacheOctets,
      samples,
    };
  } finally {
    await server.stop();
  }
}

/** The caches have kept to what they may hold at every sample. */
export function scanHolds(scan: Scan): boolean {
  return scan.samples.every(
    ({ loginEntries, snapshotOctets }) =>
      loginEntries <= scan.loginEntriesMax && snapshotOctets <= scan.snapshotOctetsMax,
  );
}
