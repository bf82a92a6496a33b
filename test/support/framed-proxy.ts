/**
 * A TCP port between a node and its PostgreSQL that knows where each message of the protocol ends
 * (PostgreSQL documentation, "Message Formats"), and breaks a connection between two of them, or in the
 * middle of one.
 *
 * Theory of operation. A cut waits until a connection asks for its statement: the first message to the
 * server that names it is number 0 of that direction, and the answers are counted from there as well.
 * All that comes before the place of the cut is passed on, half of the next message too if it is to be
 * torn; then both ends of the connection are closed. A cut waits for one connection and is done once; of
 * several cuts each waits until the one before it has met its connection.
 *
 * Never: a broken connection that was not asked for; a message taken apart that is not to be torn.
 */

import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';

type Direction = 'request' | 'answer';

/** Sync, and ReadyForQuery: the last messages of each round trip. */
const endOfRound = { request: 'S', answer: 'Z' } as const;

export interface Cut {
  /** Named by a message to the server, such as `flag_messages`; its application's name is in the first one. */
  readonly statement: string;
  /** What is cut: what the node says, or what the server answers. */
  readonly direction: Direction;
  /** So many round trips belong to it; what comes behind them is not cut. */
  readonly rounds: number;
  /** So many messages come through; with 0 answers, the server is heard and its first one is lost. */
  readonly after: number;
  /** And half of the next one. */
  readonly isTorn: boolean;
}

/** What became of a cut. */
export interface CutState {
  /** Whether a connection asked for the statement. */
  met: boolean;
  /** Whether there were so many messages that it was broken. */
  done: boolean;
  /** Whether it was over before there were so many. */
  over: boolean;
  /** The types of the messages that came through in that direction. */
  seen: string;
  /** Whether the server got the Sync with which it commits. */
  synced: boolean;
}

export interface FramedProxy {
  /** The URL to give to the node. */
  readonly url: string;
  /** Instead of those that have not met a connection yet. Answers what becomes of the last one. */
  cut(first: Cut, ...others: Cut[]): CutState;
  /** Closes all connections; new ones are refused until `mend` if it is to stay so. */
  break(how: 'once' | 'until-mended'): void;
  mend(): void;
  end(): Promise<void>;
}

interface Pending {
  readonly cut: Cut;
  readonly state: CutState;
}

interface Shared {
  pending: Pending[];
  isBroken: boolean;
}

/** Cuts a stream of octets into messages. The first one of a client has no type before its length. */
class Framer {
  #rest: Buffer = Buffer.alloc(0);
  #hasType: boolean;

  constructor(hasType: boolean) {
    this.#hasType = hasType;
  }

  receive(octets: Buffer): Buffer[] {
    this.#rest = Buffer.concat([this.#rest, octets]);
    const messages: Buffer[] = [];
    for (;;) {
      const lengthAt = this.#hasType ? 1 : 0;
      if (this.#rest.length < lengthAt + 4) return messages;
      const length = lengthAt + this.#rest.readInt32BE(lengthAt);
      if (this.#rest.length < length) return messages;
      messages.push(this.#rest.subarray(0, length));
      this.#rest = this.#rest.subarray(length);
      this.#hasType = true;
    }
  }
}

/** One connection of the node and the one to the server that is behind it. */
class Relay {
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #shared: Shared;
  /** The cut that met this connection, until it is done or the operation is over. */
  #mine: Pending | null = null;
  #passed = { request: 0, answer: 0 };
  #rounds = { request: 0, answer: 0 };
  #isOver = false;

  constructor(client: Socket, server: Socket, shared: Shared) {
    this.#client = client;
    this.#server = server;
    this.#shared = shared;
    const requests = new Framer(false);
    const answers = new Framer(true);
    client.on('data', (octets: Buffer) => {
      for (const message of requests.receive(octets)) {
        this.#meet(message);
        this.#pass('request', message);
      }
    });
    server.on('data', (octets: Buffer) => {
      for (const message of answers.receive(octets)) this.#pass('answer', message);
    });
  }

  #meet(message: Buffer): void {
    const [pending] = this.#shared.pending;
    if (this.#mine !== null || pending === undefined) return;
    if (!message.includes(pending.cut.statement)) return;
    pending.state.met = true;
    this.#mine = pending;
    this.#passed = { request: 0, answer: 0 };
    this.#rounds = { request: 0, answer: 0 };
    this.#shared.pending.shift();
  }

  #pass(direction: Direction, message: Buffer): void {
    if (this.#isOver) return;
    const mine = this.#mine;
    const counts = mine?.cut.direction === direction;
    const { after = 0, isTorn = false } = mine?.cut ?? {};
    const isDue = counts && this.#passed[direction] === after;
    // Before the first one, or in the middle of one.
    if (mine !== null && isDue) this.#break(mine, direction, isTorn ? message : null);
    else this.#to(direction).write(message);
    if (mine === null || isDue) return;
    // What begins a connection has no type, and begins with its length.
    const type = message[0] === 0 ? '^' : String.fromCharCode(message[0] ?? 0);
    if (counts) mine.state.seen += type;
    if (direction === 'request' && type === 'S') mine.state.synced = true;
    this.#passed[direction] += 1;
    if (type === endOfRound[direction]) this.#rounds[direction] += 1;
    if (counts && !isTorn && this.#passed[direction] === after) this.#break(mine, direction, null);
    else if (this.#rounds[mine.cut.direction] === mine.cut.rounds) {
      mine.state.over = true;
      this.#mine = null;
    }
  }

  #break({ state }: Pending, direction: Direction, torn: Buffer | null): void {
    this.#isOver = true;
    state.done = true;
    if (torn !== null) this.#to(direction).write(torn.subarray(0, Math.ceil(torn.length / 2)));
    this.#client.end();
    this.#server.end();
  }

  #to(direction: Direction): Socket {
    return direction === 'request' ? this.#server : this.#client;
  }
}

function serverOf(url: URL): { path: string } | { host: string; port: number } {
  const directory = url.searchParams.get('host');
  if (directory !== null) return { path: join(directory, '.s.PGSQL.5432') };
  return { host: url.hostname, port: Number(url.port || '5432') };
}

/** Each ends with the other. */
function tie(client: Socket, server: Socket, sockets: Set<Socket>): void {
  for (const [from, to] of [
    [client, server],
    [server, client],
  ] as const) {
    sockets.add(from);
    from.on('error', () => to.destroy());
    from.on('end', () => to.end());
    from.on('close', () => {
      sockets.delete(from);
      to.end();
    });
  }
}

export async function framedProxy(databaseUrl: string): Promise<FramedProxy> {
  const target = new URL(databaseUrl, 'postgresql://');
  const sockets = new Set<Socket>();
  const shared: Shared = { pending: [], isBroken: false };
  const listener = createServer({ noDelay: true }, (client) => {
    if (shared.isBroken) {
      client.destroy();
      return;
    }
    const server = connect(serverOf(target));
    tie(client, server, sockets);
    new Relay(client, server, shared);
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const address = listener.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  const breakAll = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  const user = target.searchParams.get('user') ?? target.username;
  return {
    url: `postgresql://${user}@127.0.0.1:${address.port}${target.pathname}`,
    cut: (first, ...others) => {
      let state = untouched();
      shared.pending = [{ cut: first, state }];
      for (const cut of others) {
        state = untouched();
        shared.pending.push({ cut, state });
      }
      return state;
    },
    break: (how) => {
      shared.isBroken = how === 'until-mended';
      breakAll();
    },
    mend: () => {
      shared.isBroken = false;
    },
    end: async () => {
      breakAll();
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}

function untouched(): CutState {
  return { met: false, done: false, over: false, seen: '', synced: false };
}
