/**
 * What monitoring asks of a node: GET /metrics, /metrics/cluster, /livez (the main loop turns), /readyz (a load
 * balancer may send clients here) and /probez (a user can log in).
 *
 * Never: anything that changes the node; anything secret (the port has no authentication).
 */

import Fastify from 'fastify';
import { printAddress, type TcpAddress } from '../config/config.ts';
import { opsBodyOctetsMax, opsRequestTimeoutMs } from '../limits.ts';
import { ListenError, listenProblem } from '../listen.ts';

export interface OpsOptions {
  readonly address: TcpAddress;
  readonly contentType: string;
  readonly metrics: () => Promise<string>;
  /** Those of the whole cluster: the same on each node. */
  readonly clusterMetrics: () => Promise<string>;
  /** A login as a user's; null when no mailbox is set for it. */
  readonly probe: (() => Promise<{ readonly isOk: boolean; readonly text: string }>) | null;
  /** Empty when the node is ready; else why it is not, one line each. */
  readonly reasonsNotReady: () => readonly string[];
}

export interface OpsServer {
  /** Printable. */
  readonly listener: string;
  close(): Promise<void>;
}

/** Throws ListenError. */
export async function startOpsServer(options: OpsOptions): Promise<OpsServer> {
  const app = Fastify({
    logger: false,
    bodyLimit: opsBodyOctetsMax,
    requestTimeout: opsRequestTimeoutMs,
    forceCloseConnections: true,
  });
  app.get('/metrics', async (_request, reply) => {
    const body = await options.metrics();
    return reply.type(options.contentType).send(body);
  });
  app.get('/metrics/cluster', async (_request, reply) => {
    const body = await options.clusterMetrics();
    return reply.type(options.contentType).send(body);
  });
  app.get('/livez', async (_request, reply) => reply.type('text/plain').send('ok\n'));
  app.get('/readyz', async (_request, reply) => {
    const reasons = options.reasonsNotReady();
    if (reasons.length === 0) return reply.type('text/plain').send('ok\n');
    return reply
      .code(503)
      .type('text/plain')
      .send(`${reasons.join('\n')}\n`);
  });
  app.get('/probez', async (_request, reply) => {
    if (options.probe === null) {
      return reply.code(404).type('text/plain').send('no probe.address is set\n');
    }
    const { isOk, text } = await options.probe();
    return reply
      .code(isOk ? 200 : 503)
      .type('text/plain')
      .send(`${text}\n`);
  });
  const { host, port } = options.address;
  try {
    await app.listen({ host, port });
  } catch (error) {
    throw new ListenError(listenProblem('ops', options.address, error));
  }
  const bound = app.server.address();
  const real = typeof bound === 'object' && bound !== null ? bound.port : port;
  return {
    listener: `ops ${printAddress({ host, port: real })}`,
    close: () => app.close(),
  };
}
