/**
 * A message that an administrator puts into a mailbox, as its sender would have handed it over.
 *
 * Never: more of them in memory than the bound says.
 */

import { Type } from 'typebox';
import { callerOf } from '../access/caller.ts';
import { addressIn } from '../access/reach.ts';
import type { Routes } from '../api.ts';
import { injectMessage } from '../inject-message.ts';
import { injectionsMax, injectionsPerDomainMax, injectOctetsMax } from '../limits.ts';
import { Places } from '../places.ts';
import { Problem } from '../problem.ts';
import { refusedType, takeNoJson } from '../problem-detail.ts';
import { receivedAtOf } from '../transfer/received-at.ts';
import { strict } from '../validation.ts';
import { addressParams } from './shapes.ts';

export const injectionRoutes: Routes = async (app, { store, config }) => {
  const octetsMax = Math.min(injectOctetsMax, config.limits.messageOctetsMax);
  const places = new Places({
    max: injectionsMax,
    perDomainMax: injectionsPerDomainMax,
    what: 'messages',
  });

  takeNoJson(app);
  app.addContentTypeParser('message/rfc822', { parseAs: 'buffer' }, (_request, body, done) => {
    done(null, body);
  });

  app.post(
    '/mailboxes/:address/messages',
    {
      config: { access: { anyOf: ['messages'], reach: 'domain' } },
      bodyLimit: octetsMax,
      // Behind the guard, before the body is read.
      onRequest: async (request, reply) => places.enter(reply.raw, callerOf(request).domain),
      schema: {
        tags: ['messages'],
        summary: 'Put a message into a mailbox',
        description:
          `The body is the message, as \`message/rfc822\`, at most ${octetsMax} octets. Nothing is ` +
          'added to it. It is stored when the answer comes.',
        consumes: ['message/rfc822'],
        params: addressParams,
        querystring: strict({
          uidl: Type.Optional(Type.String({ pattern: '^[!-~]{1,70}$' })),
          receivedAt: Type.Optional(Type.String({ format: 'date-time', maxLength: 40 })),
        }),
        response: { 201: Type.Object({ messageId: Type.String(), octets: Type.Integer() }) },
      },
    },
    async (request, reply) => {
      const address = addressIn(request, request.params.address);
      const { body, query } = request;
      if (!(body instanceof Uint8Array) || body.length === 0) throw refusedType(request);
      const stored = await injectMessage(store, {
        ...{ address, content: body, uidl: query.uidl, actor: callerOf(request).actor },
        receivedAt: query.receivedAt === undefined ? undefined : receivedAtIn(query.receivedAt),
      });
      return reply.code(201).send(stored);
    },
  );
};

/** Also what has the form of a date and is none, such as a second 60. */
function receivedAtIn(text: string): Date {
  const receivedAt = receivedAtOf(Date.parse(text));
  if (receivedAt !== null) return receivedAt;
  const detail = 'must be a time of the years 1970 to 9999';
  throw new Problem(422, 'no message was received then', [
    { pointer: '/querystring/receivedAt', detail },
  ]);
}
