/**
 * Names that several parts of the API share: its paths, its socket, and how requests are counted.
 */

import { join } from 'node:path';
import { addressPrefixes } from '@poplar/identity';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { refusedPerMinuteMax } from './limits.ts';

export const apiPath = '/api/v1';
export const docsPath = '/docs';
export const consolePath = '/console';

/** The socket by which the commands of this host reach the node of a data directory. */
export function localSocket(dataDir: string): string {
  return join(dataDir, 'admin.sock');
}

/** Whose requests are counted together: an address, of IPv6 its /64; all who come by the socket. */
export function clientOf({ socket }: FastifyRequest): string {
  return addressPrefixes(socket.remoteAddress ?? '').host;
}

/** Counts requests without a good token, by their address, apart from all others. */
export function refusedPerMinute(app: FastifyInstance): ReturnType<typeof app.createRateLimit> {
  return app.createRateLimit({
    max: refusedPerMinuteMax,
    timeWindow: 60_000,
    keyGenerator: (request) => `refused ${clientOf(request)}`,
  });
}
