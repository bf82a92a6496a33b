/**
 * Clients that ask for a message and take a few octets of it a second, in a process of their own. Told by one JSON
 * argument; prints `ready` when all have begun to read, `done` with what they have read when it is told to end.
 *
 * Each read is as small as the pace wants it: a socket of Node.js reads 64 KiB otherwise, whenever it reads.
 *
 * Never: an address outside the loopback range; a client that reads faster than it was told.
 */

import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

export interface SlowOrder {
  readonly port: number;
  readonly secret: string;
  readonly addresses: readonly string[];
  readonly octetsPerSecond: number;
}

export interface SlowRead {
  /** Octets of each client. */
  readonly octets: readonly number[];
  /** Clients whose connection the server has ended. */
  readonly ended: number;
}

/** Reads of a second. */
const readsPerSecond = 4;
const preparationMs = 120_000;

class SlowClient {
  octets = 0;
  isEnded = false;
  readonly #socket: Socket;
  #isPaced = false;
  #begun: () => void = () => undefined;

  constructor(order: SlowOrder, address: string) {
    const piece = Buffer.alloc(Math.max(1, Math.floor(order.octetsPerSecond / readsPerSecond)));
    let said = '';
    this.#socket = connect({
      host: '127.0.0.1',
      port: order.port,
      localAddress: '127.40.0.1',
      noDelay: true,
      onread: {
        buffer: piece,
        callback: (octets) => {
          this.octets += octets;
          if (!this.#isPaced && said.length < piece.length) {
            said += piece.toString('latin1', 0, octets);
            // The greeting, two replies and the first line of the third: the message has begun.
            if (said.split('\r\n').length > 4) {
              this.#isPaced = true;
              this.#begun();
            }
          }
          return !this.#isPaced;
        },
      },
    });
    this.#socket.write(`USER ${address}\r\nPASS ${order.secret}\r\nRETR 1\r\n`);
    const over = (): void => {
      this.isEnded = true;
    };
    this.#socket.on('error', over).on('close', over);
  }

  begun(): Promise<void> {
    return new Promise((resolve) => {
      this.#begun = resolve;
    });
  }

  read(): void {
    if (this.#isPaced) this.#socket.resume();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

async function run(order: SlowOrder): Promise<void> {
  const bound = setTimeout(() => process.exit(3), preparationMs);
  const clients: SlowClient[] = [];
  for (const address of order.addresses) {
    const client = new SlowClient(order, address);
    clients.push(client);
    await client.begun();
  }
  clearTimeout(bound);
  setInterval(() => {
    for (const client of clients) client.read();
  }, 1_000 / readsPerSecond);
  process.stdout.write('ready\n');
  await createInterface(process.stdin)[Symbol.asyncIterator]().next();
  const result: SlowRead = {
    octets: clients.map(({ octets }) => octets),
    ended: clients.filter(({ isEnded }) => isEnded).length,
  };
  for (const client of clients) client.destroy();
  process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));
}

if (import.meta.main) {
  const order: SlowOrder = JSON.parse(process.argv[2] ?? '{}');
  await run(order);
}
