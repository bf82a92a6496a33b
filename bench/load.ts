/**
 * The load generator: a process of its own that holds some connections, each asking for the next
 * thing as soon as it has the last (closed loop), and verifies every reply by its octets and its
 * terminator. Told by one JSON argument, answers with one JSON line.
 *
 * Never: an address outside the loopback range; a run without an end.
 */

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface LoadOrder {
  readonly port: number;
  /** Each connection logs in as the next of these. */
  readonly users: readonly string[];
  readonly password: string;
  readonly connections: number;
  /** Commands of one operation; `{n}` is replaced by 1..messages in turn. */
  readonly commands: readonly string[];
  readonly messages: number;
  /** Operations sent before the first answer is waited for. */
  readonly pipelined: number;
  readonly seconds: number;
}

export interface LoadResult {
  readonly operations: number;
  readonly octets: number;
  readonly seconds: number;
  /** Of this process: it must not be the bottleneck. */
  readonly cpuSeconds: number;
  /** Milliseconds from sending a batch to its last reply, sorted, at 50, 95 and 99 per cent. */
  readonly latencyMs: readonly [number, number, number];
}

/** Counts complete replies in a stream: one line, or lines up to a dot after a multi-line one. */
class ReplyCounter {
  octets = 0;
  #tail = Buffer.alloc(0);
  readonly #isMultiLine: () => boolean;
  #inBody = false;

  constructor(isMultiLine: () => boolean) {
    this.#isMultiLine = isMultiLine;
  }

  /** How many replies ended in these bytes. */
  push(bytes: Buffer): number {
    this.octets += bytes.length;
    const data = this.#tail.length === 0 ? bytes : Buffer.concat([this.#tail, bytes]);
    let at = 0;
    let ended = 0;
    for (;;) {
      const mark = this.#inBody ? '\r\n.\r\n' : '\r\n';
      const end = data.indexOf(mark, at);
      if (end < 0) break;
      if (!this.#inBody) {
        if (data[at] !== 0x2b) throw new Error(`refused: ${data.subarray(at, end)}`);
        if (this.#isMultiLine()) {
          // The end of the status line may be the beginning of the terminator.
          this.#inBody = true;
          at = end;
          continue;
        }
      }
      this.#inBody = false;
      at = end + mark.length;
      ended += 1;
    }
    // What may be the beginning of a mark is looked at again with what follows.
    const keep = this.#inBody ? Math.max(at, data.length - 4) : at;
    this.#tail = Buffer.from(data.subarray(keep));
    return ended;
  }
}

const multiLine = /^(?:LIST|UIDL|RETR \d+|TOP .*|CAPA)\r\n$/;

class Client {
  octets = 0;
  operations = 0;
  readonly latencies: number[] = [];
  readonly #order: LoadOrder;
  readonly #user: string;
  #next = 0;

  constructor(order: LoadOrder, user: string) {
    this.#order = order;
    this.#user = user;
  }

  async run(untilMs: number): Promise<void> {
    const order = this.#order;
    const socket = connect({ host: '127.0.0.1', port: order.port, noDelay: true });
    await once(socket, 'connect');
    const expected: boolean[] = [false];
    const counter = new ReplyCounter(() => expected[0] ?? false);
    const waiter: { left: number; done: (() => void) | null } = { left: 1, done: null };
    const failed = new Promise<never>((_, reject) => {
      socket.once('error', reject);
      socket.once('close', () => reject(new Error('closed by the server')));
    });
    failed.catch(() => undefined);
    socket.on('data', (bytes: Buffer) => {
      for (let ended = counter.push(bytes); ended > 0; ended -= 1) {
        expected.shift();
        waiter.left -= 1;
      }
      if (waiter.left === 0) waiter.done?.();
    });
    const ask = async (lines: readonly string[]): Promise<void> => {
      const answered = new Promise<void>((resolve) => {
        waiter.done = resolve;
      });
      waiter.left += lines.length;
      for (const line of lines) expected.push(multiLine.test(line));
      socket.write(lines.join(''));
      await Promise.race([answered, failed]);
    };
    await ask([`USER ${this.#user}\r\n`, `PASS ${order.password}\r\n`]);
    await this.#repeat(ask, untilMs);
    this.octets = counter.octets;
    await ask(['QUIT\r\n']);
    await close(socket);
  }

  async #repeat(ask: (lines: string[]) => Promise<void>, untilMs: number): Promise<void> {
    const { pipelined, commands, messages } = this.#order;
    while (performance.now() < untilMs) {
      const lines: string[] = [];
      for (let i = 0; i < pipelined; i += 1) {
        const number = (this.#next % messages) + 1;
        this.#next += 1;
        for (const command of commands) lines.push(`${command.replace('{n}', String(number))}\r\n`);
      }
      const since = performance.now();
      await ask(lines);
      this.latencies.push(performance.now() - since);
      this.operations += pipelined;
    }
  }
}

async function close(socket: Socket): Promise<void> {
  socket.end();
  if (!socket.closed) await once(socket, 'close');
}

function percentile(sorted: readonly number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
}

async function main(order: LoadOrder): Promise<LoadResult> {
  const clients = Array.from(
    { length: order.connections },
    (_, i) => new Client(order, order.users[i % order.users.length] ?? ''),
  );
  const startedAtMs = performance.now();
  const cpu = process.cpuUsage();
  await Promise.all(clients.map((client) => client.run(startedAtMs + order.seconds * 1_000)));
  const seconds = (performance.now() - startedAtMs) / 1_000;
  const used = process.cpuUsage(cpu);
  const latencies = clients.flatMap((client) => client.latencies).sort((a, b) => a - b);
  return {
    operations: clients.reduce((sum, client) => sum + client.operations, 0),
    octets: clients.reduce((sum, client) => sum + client.octets, 0),
    seconds,
    cpuSeconds: (used.user + used.system) / 1e6,
    latencyMs: [
      percentile(latencies, 0.5),
      percentile(latencies, 0.95),
      percentile(latencies, 0.99),
    ],
  };
}

if (import.meta.main) {
  const order: LoadOrder = JSON.parse(process.argv[2] ?? '{}');
  process.stdout.write(`${JSON.stringify(await main(order))}\n`);
}
