/**
 * What depends on the size of one maildrop or of one delivery: opening it when nothing has changed and when something
 * has, a delivery to many recipients.
 *
 * Never: a listing as long as the maildrop: sending it would be what is measured.
 */

import { type PoplarServer, startPoplar } from '../servers/poplar.ts';
import { type Bench, type CostAt, costAt, ofEach, type Series } from './cost.ts';
import { Site } from './site.ts';

const openSizes = [1e2, 1e3, 1e4, 1e5, 1e6];
const quickOpenSizes = [1e2, 1e3, 1e4];
const storedOctets = 200;
const recipientCounts = [1, 10, 100];
const deliveredOctets = 2_000;
const deliveringClients = 8;

async function withServer<T>(work: (server: PoplarServer, site: Site) => Promise<T>): Promise<T> {
  const server = await startPoplar();
  try {
    return await work(server, new Site(server.database));
  } finally {
    await server.stop();
  }
}

export function openGrowth(bench: Bench): Promise<Series[]> {
  return withServer(async (server, site) => {
    const unchanged: CostAt[] = [];
    const changed: CostAt[] = [];
    for (const size of bench.isQuick ? quickOpenSizes : openSizes) {
      bench.tell(`openings: making a maildrop of ${size} messages`);
      const prefix = `open-${size}`;
      const mailboxes = await site.add({ prefix, count: 1, messages: size, octets: storedOctets });
      for (const [isChanged, costs] of [
        [false, unchanged],
        [true, changed],
      ] as const) {
        bench.tell(`openings of ${size} messages, ${isChanged ? 'changed' : 'unchanged'}`);
        const task = { kind: 'opening', isChanged } as const;
        const workload = { task, clients: 1, deliveredOctets: storedOctets };
        costs.push(await costAt(server, bench, { site, size, mailboxes, workload }));
      }
    }
    const of = 'messages';
    return [
      { name: 'open, unchanged', of, power: 0, costs: unchanged },
      { name: 'open, changed (with its delivery)', of, power: 1, costs: changed },
    ];
  });
}

export function deliveryGrowth(bench: Bench): Promise<Series[]> {
  return withServer(async (server, site) => {
    const costs: CostAt[] = [];
    const most = Math.max(...recipientCounts);
    const count = deliveringClients * most;
    const mailboxes = await site.add({ prefix: 'deliver', count, messages: 0, octets: 300 });
    for (const size of recipientCounts) {
      bench.tell(`deliveries to ${size} recipients`);
      const task = { kind: 'delivery', recipients: size } as const;
      const workload = { task, clients: deliveringClients, deliveredOctets };
      costs.push(await costAt(server, bench, { site, size, mailboxes, workload }));
    }
    const of = 'recipients';
    return [
      { name: 'delivery', of, power: 1, costs },
      { name: 'delivery, for each recipient', of, power: 0, costs: costs.map(ofEach) },
    ];
  });
}
