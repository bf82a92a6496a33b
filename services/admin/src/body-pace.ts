/**
 * Whether a client sends what it has begun to send. Each request that announces a body must bring so many octets
 * in each window until it is whole, whoever it is from and whatever is answered: one that brings an octet now and then
 * would hold a connection, and a place of those there are few of, for as long as it likes.
 *
 * A window in which something has waited for us does not count: an import goes as fast as its messages are stored.
 *
 * Never: a client lost for what the database took; a look at what it sends.
 */

import type { IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { bodyLooksPerWindowMax, bodyOctetsPerSecondMin, bodyWindowMs } from './limits.ts';

export interface BodyPace {
  readonly windowMs: number;
  /** That must come in a window. */
  readonly octetsMin: number;
}

const defaultPace: BodyPace = {
  windowMs: bodyWindowMs,
  octetsMin: (bodyOctetsPerSecondMin * bodyWindowMs) / 1_000,
};

export function watchBodies(app: FastifyInstance, pace: BodyPace = defaultPace): void {
  app.addHook('onRequest', async ({ raw }) => {
    if (announcesBody(raw)) watch(raw, pace);
  });
}

function announcesBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

function watch(request: IncomingMessage, { windowMs, octetsMin }: BodyPace): void {
  const { socket } = request;
  let looks = 0;
  let octetsBefore = socket.bytesRead;
  let hasWaited = false;
  const timer = setInterval(() => {
    if (request.complete || socket.destroyed) {
      clearInterval(timer);
      return;
    }
    looks += 1;
    if (request.readableLength > 0) hasWaited = true;
    if (looks % bodyLooksPerWindowMax !== 0) return;
    const octets = socket.bytesRead - octetsBefore;
    if (octets < octetsMin && !hasWaited) socket.destroy();
    octetsBefore = socket.bytesRead;
    hasWaited = false;
  }, windowMs / bodyLooksPerWindowMax);
  timer.unref();
}
