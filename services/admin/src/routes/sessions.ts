/**
 * The maildrops that are open now, on any node, and how to end a session or break its lock.
 */

import { Type } from 'typebox';
import { callerOf } from '../access/caller.ts';
import { actorSeen, addressIn, listedDomain } from '../access/reach.ts';
import type { Routes } from '../api.ts';
import { addressKey, pageOf, pageQuery, pageRequest, pageSchema } from '../page.ts';
import { Problem } from '../problem.ts';
import { strict } from '../validation.ts';
import { unlessNoDomain } from './asked-domain.ts';
import { found } from './mailbox-shape.ts';
import { addressParams, domainText, textOrNull, time } from './shapes.ts';

const sessionSchema = Type.Object(
  {
    address: Type.String(),
    ownerId: Type.String({ description: 'of the worker that has it open' }),
    node: Type.String(),
    worker: Type.Integer(),
    since: time,
    client: textOrNull,
    actor: Type.Union([Type.String(), Type.Null()], {
      description:
        'who opened it, where that is another mailbox; null also where that is of another domain ' +
        'than the token is good for',
    }),
  },
  {
    examples: [
      {
        address: 'ann@example.org',
        ...{ ownerId: '5c8e4a1e-6d0b-4f0e-9f1e-0c7f3a8d2b11', node: 'node-1', worker: 0 },
        ...{ since: '2026-11-24T08:00:00.000Z', client: '192.0.2.7', actor: null },
      },
    ],
  },
);

const endedSchema = Type.Object({
  address: Type.String(),
  node: Type.String(),
  worker: Type.Integer(),
  since: time,
  client: textOrNull,
});

const tags = ['sessions'];

function nobody(): Problem {
  return new Problem(404, 'nobody has this maildrop open', { code: 'session-not-found' });
}

export const sessionRoutes: Routes = async (app, { store }) => {
  app.get(
    '/sessions',
    {
      config: { access: { anyOf: ['read', 'sessions'], reach: 'domain' } },
      schema: {
        tags,
        summary: 'List the maildrops that are open, in the order of their addresses',
        description: 'A token of one domain sees those of its mailboxes alone.',
        querystring: strict({ ...pageQuery, domain: Type.Optional(domainText) }),
        response: { 200: pageSchema(sessionSchema) },
      },
    },
    async (request) => {
      const page = pageRequest(request.query, addressKey);
      const domain = listedDomain(request, request.query.domain);
      const rows = await store.directory.listLocks({
        ...{ after: page.after ?? '', limit: page.limit },
        ...(domain === null ? {} : { domain }),
      });
      await unlessNoDomain(store, { domain, rows });
      return pageOf(rows, page, {
        key: ({ address }) => address,
        item: ({ nodeName: node, since, actor, ...held }) => ({
          ...{ ...held, node, actor: actorSeen(request, actor) },
          since: since.toISOString(),
        }),
      });
    },
  );

  app.get(
    '/sessions/:address',
    {
      config: { access: { anyOf: ['read', 'sessions'], reach: 'domain' } },
      schema: {
        tags,
        summary: 'Show the session that has a maildrop open',
        params: addressParams,
        response: { 200: sessionSchema },
      },
    },
    async (request) => {
      const { address, lock } = await found(store, addressIn(request, request.params.address));
      // A lock whose owner's lease is over is free, whatever the row says.
      if (lock?.alive !== true) throw nobody();
      const { ownerId, nodeName, worker, since, client, actor } = lock;
      if (nodeName === null || worker === null || since === null) throw nobody();
      return {
        address,
        ownerId,
        node: nodeName,
        worker,
        since: since.toISOString(),
        client,
        actor: actorSeen(request, actor),
      };
    },
  );
};

export const sessionEndRoutes: Routes = async (app, { store }) => {
  app.delete(
    '/sessions/:address',
    {
      config: { access: { anyOf: ['sessions'], reach: 'domain' } },
      schema: {
        tags,
        summary: 'End the session that has a maildrop open',
        description:
          'Its node is told and ends it when its command is over; nothing that it marked is removed. ' +
          'With `break` its lock is freed at once, whatever its node does. The answer comes when it ' +
          'is told, not when it is over.',
        params: addressParams,
        querystring: strict({ break: Type.Optional(Type.Boolean()) }),
        response: { 202: endedSchema },
      },
    },
    async (request, reply) => {
      const address = addressIn(request, request.params.address);
      const isBroken = request.query.break === true;
      const { actor } = callerOf(request);
      const ended = await store.cluster.endSession({ address, isBroken, actor });
      if (ended === null) throw nobody();
      const { nodeName: node, worker, since, client } = ended;
      const told = { address, node, worker, client, since: since.toISOString() };
      return reply.code(202).send(told);
    },
  );
};
