/**
 * The two sides of a storm, each a process of its own: guessers who bring wrong passwords at a steady
 * rate whatever they are told (open loop), and users who poll. Told by one JSON argument, answers
 * with one JSON line.
 *
 * Never: an address outside the loopback range; more guesses under way than `underWayMax`; a run without
 * an end.
 */

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface StormOrder {
  readonly role: 'guessers' | 'users';
  readonly port: number;
  readonly seconds: number;
  /** Guesses a second, of all addresses together. */
  readonly rate: number;
  /** Guesses of an address before it is not seen again; a connection each. */
  readonly guessesOfAddress: number;
  readonly users: readonly string[];
  readonly password: string;
  /** Between two polls of a user. */
  readonly pauseMs: number;
}

export interface StormResult {
  readonly seconds: number;
  readonly cpuSeconds: number;
  /** Answers by what they were: `+OK`, `AUTH`, `SYS/TEMP`; `none` for a lost connection. */
  readonly answers: Readonly<Record<string, number>>;
  /** Guesses that were not made because too many were under way. */
  readonly held: number;
  /** Milliseconds at 50, 95, 99 and 100 per cent: from PASS to its answer. */
  readonly loginMs: readonly number[];
  /** Of a whole poll: connection, login, STAT, QUIT. */
  readonly pollMs: readonly number[];
}

const underWayMax = 4_000;

class Talk {
  readonly #socket: Socket;
  #text = '';
  #wake: (() => void) | null = null;
  #ended = false;

  constructor(port: number, localAddress: string) {
    this.#socket = connect({ host: '127.0.0.1', port, localAddress, noDelay: true });
    const over = (): void => {
      this.#ended = true;
      this.#wake?.();
    };
    this.#socket.on('data', (bytes: Buffer) => {
      this.#text += bytes.toString('latin1');
      this.#wake?.();
    });
    this.#socket.on('error', over).on('close', over);
  }

  say(line: string): void {
    this.#socket.write(`${line}\r\n`);
  }

  /** The next line; null when the connection is over. */
  async line(): Promise<string | null> {
    for (;;) {
      const end = this.#text.indexOf('\r\n');
      if (end >= 0) {
        const line = this.#text.slice(0, end);
        this.#text = this.#text.slice(end + 2);
        return line;
      }
      if (this.#ended) return null;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async ask(line: string): Promise<string | null> {
    this.say(line);
    return this.line();
  }

  async close(): Promise<void> {
    if (this.#ended) return;
    this.#socket.end();
    await once(this.#socket, 'close');
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

function kindOf(line: string | null): string {
  if (line === null) return 'none';
  return line.startsWith('+OK') ? '+OK' : (/\[([^\]]+)\]/.exec(line)?.[1] ?? '-ERR');
}

class Counter {
  readonly answers: Record<string, number> = {};
  held = 0;
  readonly loginMs: number[] = [];
  readonly pollMs: number[] = [];

  count(line: string | null): void {
    const kind = kindOf(line);
    this.answers[kind] = (this.answers[kind] ?? 0) + 1;
  }
}

/** 127.1.0.1 and on: each is one that the node has never seen. */
function addressOf(number: number): string {
  return `127.${1 + ((number >> 16) & 0x7f)}.${(number >> 8) & 0xff}.${number & 0xff}`;
}

async function guess(order: StormOrder, number: number, counter: Counter): Promise<void> {
  const address = addressOf(Math.floor(number / order.guessesOfAddress) + 1);
  const talk = new Talk(order.port, address);
  try {
    if ((await talk.line()) === null) return counter.count(null);
    talk.say(`USER somebody-${number}@bench.example.org`);
    talk.say(`PASS guess-${number}`);
    await talk.line();
    counter.count(await talk.line());
  } finally {
    talk.destroy();
  }
}

async function guessOn(order: StormOrder, counter: Counter): Promise<void> {
  const startedAtMs = performance.now();
  const underWay = new Set<Promise<void>>();
  for (let number = 0; ; ) {
    const elapsedMs = performance.now() - startedAtMs;
    if (elapsedMs >= order.seconds * 1_000) break;
    for (; number < (elapsedMs / 1_000) * order.rate; number += 1) {
      if (underWay.size >= underWayMax) {
        counter.held += 1;
        continue;
      }
      const one = guess(order, number, counter).finally(() => underWay.delete(one));
      underWay.add(one);
    }
    await sleep(2);
  }
}

async function poll(order: StormOrder, user: string, counter: Counter): Promise<void> {
  const since = performance.now();
  const talk = new Talk(order.port, '127.0.0.1');
  await talk.line();
  await talk.ask(`USER ${user}`);
  const askedAtMs = performance.now();
  const answer = await talk.ask(`PASS ${order.password}`);
  counter.loginMs.push(performance.now() - askedAtMs);
  counter.count(answer);
  await talk.ask('STAT');
  await talk.ask('QUIT');
  await talk.close();
  counter.pollMs.push(performance.now() - since);
}

async function pollOn(order: StormOrder, counter: Counter): Promise<void> {
  const untilMs = performance.now() + order.seconds * 1_000;
  await Promise.all(
    order.users.map(async (user, index) => {
      await sleep((order.pauseMs * index) / order.users.length);
      while (performance.now() < untilMs) {
        await poll(order, user, counter);
        await sleep(order.pauseMs);
      }
    }),
  );
}

function percentiles(values: readonly number[]): number[] {
  const sorted = values.toSorted((a, b) => a - b);
  return [0.5, 0.95, 0.99, 1].map(
    (part) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0,
  );
}

if (import.meta.main) {
  const order: StormOrder = JSON.parse(process.argv[2] ?? '{}');
  const counter = new Counter();
  const startedAtMs = performance.now();
  const cpu = process.cpuUsage();
  await (order.role === 'users' ? pollOn(order, counter) : guessOn(order, counter));
  const used = process.cpuUsage(cpu);
  const { answers, held } = counter;
  const result: StormResult = {
    seconds: (performance.now() - startedAtMs) / 1_000,
    cpuSeconds: (used.user + used.system) / 1e6,
    answers,
    held,
    loginMs: percentiles(counter.loginMs),
    pollMs: percentiles(counter.pollMs),
  };
  process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));
}
