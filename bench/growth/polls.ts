/**
 * What a poll costs with ever more mailboxes in the database: of mailboxes that are known, and of any of them by a node
 * that remembers nothing, so that every poll has to find its rows.
 *
 * Never: mailboxes that lie beside each other because they were polled together: they are scattered over all.
 */

import { besidePoplar, startPoplar } from '../servers/poplar.ts';
import { type Bench, type CostAt, costAt, type Series } from './cost.ts';
import { Site } from './site.ts';

const sizes = [1e3, 1e4, 1e5, 1e6];
const quickSizes = [1e3, 1e4];
const messages = 3;
const octets = 300;
const clients = 64;
const knownMailboxes = 1_000;
/** A prime that divides no power of ten: with it the order jumps over all of them. */
const step = 7_919;

const forgetful = { POPLAR_SNAPSHOT_CACHE_OCTETS: '0', POPLAR_AUTH_CACHE_SECONDS: '0' };

export async function pollGrowth(bench: Bench): Promise<Series[]> {
  const known: CostAt[] = [];
  const strange: CostAt[] = [];
  for (const size of bench.isQuick ? quickSizes : sizes) {
    bench.tell(`polls: making ${size} mailboxes`);
    const server = await startPoplar();
    try {
      const site = new Site(server.database);
      const all = await site.add({ prefix: 'poll', count: size, messages, octets });
      const scattered = { ...all, scattered: { of: size, step } };
      const task = { kind: 'poll', tls: false, pipelined: false } as const;
      bench.tell(`polls of mailboxes that are known, of ${size}`);
      const few = { ...scattered, count: Math.min(size, knownMailboxes) };
      known.push(
        await costAt(server, bench, { site, size, mailboxes: few, workload: { task, clients } }),
      );
      bench.tell(`polls of any mailbox, nothing remembered, of ${size}`);
      const other = await besidePoplar(server, { environment: forgetful });
      try {
        const workload = { task: { ...task, visits: 'cold' as const }, clients };
        strange.push(await costAt(other, bench, { site, size, mailboxes: scattered, workload }));
      } finally {
        await other.stop();
      }
    } finally {
      await server.stop();
    }
  }
  const of = 'mailboxes';
  return [
    { name: 'poll, mailbox known', of, power: 0, costs: known },
    { name: 'poll, nothing remembered', of, power: 0, costs: strange },
  ];
}
