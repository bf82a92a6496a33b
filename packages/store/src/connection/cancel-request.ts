/**
 * Asks a server to stop what it does for a connection that we gave up. A COMMIT that waits for a
 * synchronous standby has no time-out of its own, holds its row locks and does not notice that its
 * client is gone: without this, each one that we stop waiting for would keep a server process.
 *
 * Rules: PostgreSQL documentation, "Canceling Requests in Progress". As in libpq before version 17 the
 * request goes in the clear; it has nothing in it but a number that ends with the connection.
 *
 * Never: an answer (there is none); a failure that anybody hears of; a socket that stays.
 */

import { connect } from 'node:net';
import { cancelTimeoutMs } from '../limits.ts';

export interface CancelKey {
  readonly processId: number;
  readonly secretKey: number;
}

const requestCode = 80_877_102;

/** `place` is what `net.connect` takes. */
export function requestCancel(
  place: { readonly path: string } | { readonly host: string; readonly port: number },
  { processId, secretKey }: CancelKey,
): void {
  const request = Buffer.alloc(16);
  request.writeInt32BE(request.length, 0);
  request.writeInt32BE(requestCode, 4);
  request.writeInt32BE(processId, 8);
  request.writeInt32BE(secretKey, 12);
  const socket = connect(place);
  socket.unref();
  socket.setTimeout(cancelTimeoutMs, () => socket.destroy());
  socket.on('error', () => undefined);
  socket.on('data', () => undefined);
  socket.end(request);
}
