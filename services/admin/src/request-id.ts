/**
 * The name of a request: it is in the answer (`x-request-id`), in the problem and in the lines of the log, so that
 * what a client was told and what the node says of it can be brought together. That of the client is taken if it is
 * short and plain; else one is made.
 *
 * Never: a text of a client in the log that could be anything but a name.
 */

import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Log } from '@poplar/runtime';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { callerOf } from './access/caller.ts';
import { requestIdCharactersMax } from './limits.ts';

const requestIdHeader = 'x-request-id';

const plain = new RegExp(`^[\\w.-]{1,${requestIdCharactersMax}}$`);
const uuid = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;

export function requestIdIn({ headers }: { readonly headers: IncomingHttpHeaders }): string {
  const given = headers[requestIdHeader];
  return typeof given === 'string' && plain.test(given) ? given : randomUUID();
}

/** As a reference (RFC 9457 §3.1.5). */
export function instanceOf({ id }: FastifyRequest): string {
  return uuid.test(id) ? `urn:uuid:${id}` : id;
}

/** Also of what no route was found for. */
export function nameAnswer({ id }: FastifyRequest, reply: FastifyReply): void {
  void reply.header(requestIdHeader, id);
}

/** The route as it was made: a path that was asked for could hold anything. */
export function routeOf({ method, routeOptions }: FastifyRequest): string {
  return `${method} ${routeOptions.url ?? '(none)'}`;
}

/** To be called before any route is made. */
export function nameRequests(app: FastifyInstance, log: Log): void {
  app.addHook('onRequest', async (request, reply) => nameAnswer(request, reply));
  app.addHook('onResponse', async (request, reply) => {
    const isReading = ['GET', 'HEAD', 'OPTIONS'].includes(request.method);
    if (isReading || reply.statusCode >= 400) return;
    const fields = { route: routeOf(request), status: reply.statusCode, requestId: request.id };
    log.info({ event: 'change', ...fields, actor: callerOf(request).actor }, 'a request was done');
  });
}
