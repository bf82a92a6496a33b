/**
 * One process of the load generator. Told by one JSON argument, it connects and warms up, prints
 * `ready`, waits for a line on standard input, does what it is told for so many seconds, prints its
 * result, and after another line says QUIT everywhere and ends.
 *
 * Never: a result after a reply that was wrong; a run without an end.
 */

import { createInterface } from 'node:readline';
import { clientsOf } from './clients/choose.ts';
import { overtimeMs, preparationMs } from './limits.ts';
import { endLines } from './lmtp-lines.ts';
import { closedLoop, eachOf, openLoop, Score, warmUp } from './loops.ts';
import type { LoadOrder, LoadResult, Said } from './order.ts';
import { traffic } from './talk.ts';

function say(said: Said): Promise<void> {
  return new Promise((resolve) => {
    process.stdout.write(`${JSON.stringify(said)}\n`, () => resolve());
  });
}

async function measured(order: LoadOrder, work: (score: Score) => Promise<void>) {
  const score = new Score();
  const { octets, connections } = traffic;
  const startMs = performance.now();
  const cpu = process.cpuUsage();
  await work(score);
  const used = process.cpuUsage(cpu);
  const result: LoadResult = {
    operations: score.operations,
    octets: traffic.octets - octets,
    connections: traffic.connections - connections,
    seconds: (performance.now() - startMs) / 1_000,
    cpuSeconds: (used.user + used.system) / 1e6,
    latencies: Object.fromEntries(
      [...score.latencies].map(([kind, histogram]) => [kind || order.task.kind, histogram.data()]),
    ),
    operationsOf: Object.fromEntries(
      [...score.operationsOf].map(([kind, count]) => [kind || order.task.kind, count]),
    ),
    held: score.held,
    tls: traffic.tls,
  };
  return result;
}

async function run(order: LoadOrder): Promise<void> {
  const lines = createInterface(process.stdin)[Symbol.asyncIterator]();
  const bound = setTimeout(
    () => process.exit(3),
    preparationMs + order.seconds * 1_000 + overtimeMs,
  );
  const clients = clientsOf(order);
  await eachOf(clients, (client) => client.prepare());
  await warmUp(clients, order.warmUpSeconds);
  await say({ said: 'ready' });
  await lines.next();
  const { shape, seconds, processes, process: seed } = order;
  const result = await measured(order, (score) =>
    shape.kind === 'closed'
      ? closedLoop(clients, seconds, score)
      : openLoop(
          clients,
          { operationsPerSecond: shape.operationsPerSecond / processes, seconds, seed },
          score,
        ),
  );
  await say({ said: 'done', result });
  await lines.next();
  await eachOf(clients, (client) => client.end());
  await endLines();
  clearTimeout(bound);
}

if (import.meta.main) {
  const order: LoadOrder = JSON.parse(process.argv[2] ?? '{}');
  try {
    await run(order);
    process.exit(0);
  } catch (error) {
    await say({ said: 'failed', reason: error instanceof Error ? error.message : String(error) });
    process.exit(1);
  }
}
