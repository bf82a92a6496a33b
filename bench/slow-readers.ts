/**
 * Slow and large together: a hundred clients read a message of 10 MB at 20 KB/s each and are never done, while polls come
 * to the same node at a fixed rate whatever is answered. What the polls feel, calm and beside the readers; what
 * the node weighs; and that no connection of PostgreSQL waits for a reader.
 *
 * Usage: node bench/slow-readers.ts [--seconds 30] [--rate 1000] [--readers 100] [--out NAME]
 *
 * Never: a claim about another machine; an address outside the loopback range.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { resultPath } from './chart.ts';
import { Site } from './growth/site.ts';
import { generate } from './load/generate.ts';
import { addressOf, type Mailboxes } from './load/order.ts';
import type { SlowOrder, SlowRead } from './load/slow-reading.ts';
import { circumstances } from './measured.ts';
import { type PoplarServer, startPoplar } from './servers/poplar.ts';
import { Look } from './slow-readers/look.ts';
import { type Phase, SlowReport, type SlowResults } from './slow-readers/report.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '30' },
    rate: { type: 'string', default: '1000' },
    readers: { type: 'string', default: '100' },
    out: { type: 'string' },
  },
});
const seconds = Number(values.seconds);
const rate = Number(values.rate);
const readers = Number(values.readers);
const octetsPerSecond = 20_000;
const messageOctets = 10_000_000;
const pollClients = 512;
/** Until every reader has what its kernel takes at once, and the node knows that it is slow. */
const stallMs = 8_000;
const program = fileURLToPath(new URL('./load/slow-reading.ts', import.meta.url));

const startedAtMs = performance.now();
function tell(text: string): void {
  const since = ((performance.now() - startedAtMs) / 1_000).toFixed(0);
  process.stderr.write(`${since.padStart(5)} s  ${text}\n`);
}

async function polls(server: PoplarServer, site: Site, mailboxes: Mailboxes): Promise<Phase> {
  const look = new Look(server);
  let warm = false;
  const generated = await generate({
    order: {
      ...{ nodes: server.nodes, secret: site.secret, mailboxes, content: '', seconds },
      task: { kind: 'poll', tls: false, pipelined: false },
      shape: { kind: 'open', operationsPerSecond: rate },
      ...{ clients: pollClients, warmUpSeconds: 1 },
    },
    processes: 2,
    began: () => {
      warm = true;
      look.start();
    },
    ended: () => look.stop(),
  });
  if (!warm) throw new Error('nothing was measured');
  const { operations, held, latencyMs } = generated;
  const lasted = generated.seconds;
  return { perSecond: operations / lasted, held, latencyMs, looks: look.samples };
}

class Readers {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(order: SlowOrder) {
    const child = spawn(process.execPath, [program, JSON.stringify(order)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    process.once('exit', () => child.kill('SIGKILL'));
    const { stdout } = child;
    if (stdout === null) throw new Error('the readers have no standard output');
    this.#child = child;
    this.#lines = createInterface(stdout)[Symbol.asyncIterator]();
  }

  async begun(): Promise<void> {
    const { value } = await this.#lines.next();
    if (value !== 'ready') throw new Error('the readers did not begin');
  }

  async end(): Promise<SlowRead> {
    const over = once(this.#child, 'exit');
    this.#child.stdin?.write('end\n');
    const { value } = await this.#lines.next();
    await over;
    const read: SlowRead = JSON.parse(value);
    return read;
  }
}

async function run(server: PoplarServer): Promise<SlowResults> {
  const when = circumstances('node bench/slow-readers.ts');
  const site = new Site(server.database);
  tell('making maildrops');
  const polled = await site.add({ prefix: 'poll', count: 512, messages: 50, octets: 1_000 });
  const large = { prefix: 'large', count: readers, messages: 1, octets: messageOctets };
  const read = await site.add(large);
  tell(`${rate} polls a second, calm`);
  const calm = await polls(server, site, polled);
  tell(`${readers} readers begin`);
  const slow = new Readers({
    port: server.running[0]?.pop3 ?? 0,
    secret: site.secret,
    addresses: Array.from({ length: readers }, (_, index) => addressOf(read, index)),
    octetsPerSecond,
  });
  await slow.begun();
  await sleep(stallMs);
  tell(`${rate} polls a second beside them`);
  const beside = await polls(server, site, polled);
  const { octets, ended } = await slow.end();
  return {
    ...{ format: 1, circumstances: when, readers, octetsPerSecond, messageOctets, rate },
    ...{ calm, beside, ended, readOctets: octets },
  };
}

const server = await startPoplar();
try {
  const report = new SlowReport(await run(server));
  process.stdout.write(report.text());
  if (values.out !== undefined) {
    writeFileSync(resultPath(values.out, 'json'), `${JSON.stringify(report.results, null, 1)}\n`);
    writeFileSync(resultPath(values.out, 'md'), report.text());
    writeFileSync(resultPath(values.out, 'svg'), report.drawing());
  }
} finally {
  await server.stop();
}
