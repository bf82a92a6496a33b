/**
 * A line between a client and a node that takes what the node says at a set pace, octet by octet out
 * of the kernel: what a socket of Node.js alone cannot do, which reads 64 KiB whenever it reads.
 *
 * Never: a pace before it was asked for; anything read ahead of it.
 */

import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export interface SlowLine {
  /** Where the client connects. */
  readonly port: number;
  /** Octets that have come through from the node. */
  readonly octets: number;
  /** From now on so many octets a second come through; null: all there are. */
  pace(octetsPerSecond: number | null): void;
  end(): void;
}

/** Reads of a second: each takes a twentieth of what a second has, one octet at least. */
const readsPerSecond = 20;
const pieceOctetsMax = 64 * 1024;

export async function slowLine(toPort: number): Promise<SlowLine> {
  const listener = createServer();
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const address = listener.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  const sockets = new Set<Socket>();
  const state = { octets: 0, pieceOctets: pieceOctetsMax, isPaced: false };
  let timer: NodeJS.Timeout | undefined;
  listener.on('connection', (client: Socket) => {
    const node = connect({
      port: toPort,
      host: '127.0.0.1',
      onread: {
        // The kernel gives no more than fits: this is the pace.
        buffer: () => Buffer.alloc(state.pieceOctets),
        callback: (octets, piece) => {
          state.octets += octets;
          client.write(Buffer.from(piece.subarray(0, octets)));
          return !state.isPaced;
        },
      },
    });
    for (const [from, to] of [
      [client, node],
      [node, client],
    ] as const) {
      sockets.add(from);
      from.on('error', () => to.destroy());
      from.on('close', () => to.destroy());
    }
    node.on('end', () => client.end());
    client.on('data', (bytes) => node.write(bytes));
  });
  return {
    port: address.port,
    get octets() {
      return state.octets;
    },
    pace: (octetsPerSecond) => {
      clearInterval(timer);
      state.isPaced = octetsPerSecond !== null;
      const perRead = Math.floor((octetsPerSecond ?? Number.POSITIVE_INFINITY) / readsPerSecond);
      state.pieceOctets = Math.min(pieceOctetsMax, Math.max(1, perRead));
      const readAll = (): void => {
        for (const socket of sockets) socket.resume();
      };
      readAll();
      if (octetsPerSecond === null) return;
      timer = setInterval(readAll, (state.pieceOctets / octetsPerSecond) * 1_000);
    },
    end: () => {
      clearInterval(timer);
      listener.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
