/**
 * Names that several parts of the API share: its paths, and how requests are counted.
 */

import type { FastifyInstance } from 'fastify';
import { refusedPerMinuteMax } from './limits.ts';

export const apiPath = '/api/v1';
export const docsPath = '/docs';

/** Counts requests without a good token, by their address, apart from all others. */
export function refusedPerMinute(app: FastifyInstance): ReturnType<typeof app.createRateLimit> {
  return app.createRateLimit({
    max: refusedPerMinuteMax,
    timeWindow: 60_000,
    keyGenerator: ({ ip }) => `refused ${ip}`,
  });
}
