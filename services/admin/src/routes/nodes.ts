/**
 * The nodes of the cluster, and which of them are to take no sessions.
 */

import type { NodeWorker, Owner } from '@poplar/store';
import { type Static, Type } from 'typebox';
import { callerOf } from '../access/caller.ts';
import type { Routes } from '../api.ts';
import { pageOf, pageQuery, pageRequest, pageSchema } from '../page.ts';
import { Problem } from '../problem.ts';
import { strict } from '../validation.ts';
import { isoOrNull, noContent, time, timeOrNull } from './shapes.ts';

const workerSchema = Type.Object({
  ownerId: Type.String({ description: 'of this start of the worker' }),
  bootId: Type.String({ description: 'of this start of the node' }),
  worker: Type.Integer(),
  role: Type.String({
    description: '`pop3`, `maildrop` (LMTP) or `admin`; empty of a program that does not say',
  }),
  version: Type.String(),
  isAlive: Type.Boolean({ description: 'whether its lease runs' }),
  leaseAgeSeconds: Type.Number(),
  leaseUntil: time,
  startedAt: time,
  sessions: Type.Integer({ description: 'as of its last renewal' }),
  isDraining: Type.Boolean({ description: 'it takes no new sessions, by its own word' }),
});

const nodeSchema = Type.Object(
  {
    node: Type.String(),
    drainedSince: timeOrNull,
    roles: Type.Array(Type.String(), { description: 'what its workers do' }),
    versions: Type.Array(Type.String(), { description: 'two while an upgrade goes on' }),
    workers: Type.Array(workerSchema),
  },
  {
    examples: [
      {
        ...{ node: 'node-1', drainedSince: null, workers: [] },
        ...{ roles: ['admin', 'maildrop', 'pop3'], versions: ['1.0.0'] },
      },
    ],
  },
);

type NodeShown = Static<typeof nodeSchema>;

function shownWorker(owner: Owner): Static<typeof workerSchema> {
  return {
    ownerId: owner.ownerId,
    bootId: owner.bootId,
    worker: owner.worker,
    role: owner.role,
    version: owner.version,
    isAlive: owner.alive,
    leaseAgeSeconds: owner.leaseAgeSeconds,
    leaseUntil: owner.leaseUntil.toISOString(),
    startedAt: owner.startedAt.toISOString(),
    sessions: owner.sessions,
    isDraining: owner.draining,
  };
}

function nodesOf(rows: readonly NodeWorker[]): NodeShown[] {
  return [...Map.groupBy(rows, ({ nodeName }) => nodeName)].map(([node, some]) => {
    const workers = some.flatMap(({ worker }) => worker ?? []);
    return {
      node,
      drainedSince: isoOrNull(some[0]?.drainedSince ?? null),
      roles: namesOf(workers.map(({ role }) => role)),
      versions: namesOf(workers.map(({ version }) => version)),
      workers: workers.map(shownWorker),
    };
  });
}

function namesOf(texts: readonly string[]): string[] {
  return [...new Set(texts)].filter((text) => text !== '').sort();
}

const nodeParams = strict({
  node: Type.String({ minLength: 1, maxLength: 255, examples: ['node-1'] }),
});
/** As in nodeParams. */
const nodeKey = /^.{1,255}$/s;
const tags = ['nodes'];

export const nodeRoutes: Routes = async (app, { store }) => {
  const change = { access: { anyOf: ['nodes'], reach: 'cluster' } } as const;

  app.get(
    '/nodes',
    {
      config: { access: { anyOf: ['read', 'nodes'], reach: 'cluster' } },
      schema: {
        tags,
        summary: 'List nodes and their workers',
        querystring: strict(pageQuery),
        response: { 200: pageSchema(nodeSchema) },
      },
    },
    async (request) => {
      const page = pageRequest(request.query, nodeKey);
      const rows = await store.cluster.nodes({ after: page.after ?? '', limit: page.limit });
      const nodes = nodesOf(rows);
      return pageOf(nodes, page, { key: ({ node }) => node, item: (node) => node });
    },
  );

  app.put(
    '/nodes/:node/drain',
    {
      config: change,
      schema: {
        tags,
        summary: 'Take a node out of service',
        description: 'From its next renewal on it takes no sessions, also when it restarts.',
        params: nodeParams,
        response: { 204: noContent },
      },
    },
    async (request, reply) => {
      const { node: nodeName } = request.params;
      const { actor } = callerOf(request);
      const isKnown = await store.cluster.drainNode({ nodeName, actor });
      if (!isKnown) throw new Problem(404, 'there is no such node', { code: 'node-not-found' });
      return reply.code(204).send(null);
    },
  );

  app.delete(
    '/nodes/:node/drain',
    {
      config: change,
      schema: {
        tags,
        summary: 'Put a node back into service',
        params: nodeParams,
        response: { 204: noContent },
      },
    },
    async (request, reply) => {
      const { node: nodeName } = request.params;
      const { actor } = callerOf(request);
      const wasDrained = await store.cluster.undrainNode({ nodeName, actor });
      if (!wasDrained)
        throw new Problem(404, 'this node is not drained', { code: 'node-not-drained' });
      return reply.code(204).send(null);
    },
  );
};
