/**
 * Whom failed logins make wait, and how to let them in again. Nodes keep no names, only keys that are made
 * of them: the list shows keys, and who knows an account or an address asks for it by name.
 *
 * Never: an address shown or cleared by a token of one domain; an entry of an account of another domain.
 */

import type { Throttled, ThrottleView } from '@poplar/identity';
import type { FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { callerOf } from '../access/caller.ts';
import type { Routes } from '../api.ts';
import { throttleClearsPerMinuteMax } from '../limits.ts';
import { pageOf, pageQuery, pageRequest, pageSchema } from '../page.ts';
import { Problem } from '../problem.ts';
import { strict } from '../validation.ts';
import {
  type Named,
  namedFields,
  namedIn,
  throttleKey,
  throttleKeyText,
  throttleOctets,
} from './throttle-names.ts';

const throttleSchema = Type.Object(
  {
    throttleId: Type.String({
      description: 'stands for an account or an address; no name is kept',
    }),
    kind: Type.Union(
      [
        Type.Literal('account'),
        Type.Literal('pair'),
        Type.Literal('address'),
        Type.Literal('site'),
      ],
      { description: 'an account, an account from one address, an address, an IPv6 /48' },
    ),
    failures: Type.Number({ description: 'of late: they halve in ten minutes' }),
    delayMs: Type.Integer({ description: 'what an attempt waits by this alone' }),
    endsAt: Type.Union([Type.String({ format: 'date-time' }), Type.Null()], {
      description: 'when it waits no more, if nothing fails meanwhile; null without a delay',
    }),
  },
  {
    examples: [
      {
        ...{ throttleId: '8e0c1f6d2b7a4c35', kind: 'address', failures: 24, delayMs: 4_000 },
        endsAt: '2026-11-24T08:12:37.000Z',
      },
    ],
  },
);

const clearedSchema = Type.Object(
  { throttleIds: Type.Array(Type.String()) },
  { examples: [{ throttleIds: ['8e0c1f6d2b7a4c31'] }] },
);

const tags = ['sessions'];
const change = {
  description:
    'On the node that answers at once, on all others when they next exchange what they count, which is ' +
    'within a few seconds; failures of those seconds may stay. Who waits already waits on.',
};

function shown({
  key,
  kind,
  failures,
  delayMs,
  endsAfterMs,
}: Throttled): Static<typeof throttleSchema> {
  return {
    ...{ throttleId: throttleKeyText(key), kind, delayMs },
    failures: Math.round(failures * 10) / 10,
    endsAt: delayMs === 0 ? null : new Date(Date.now() + endsAfterMs).toISOString(),
  };
}

function entriesOf(view: ThrottleView, named: Named): readonly Throttled[] {
  return 'address' in named ? view.ofAddress(named.address) : view.ofAccounts(named.accounts);
}

export const throttleRoutes: Routes = async (app, { store, throttles }) => {
  app.get(
    '/throttles',
    {
      config: { access: { anyOf: ['read', 'sessions'], reach: 'domain' } },
      schema: {
        tags,
        summary: 'List what failed logins delay, or look up an account or an address',
        description:
          'As the node that answers knows it; it hears of other nodes within seconds. A token of one ' +
          'domain names one of its accounts. The account is a login name; that of a mailbox stands for all of its names.',
        querystring: strict({
          ...pageQuery,
          ...namedFields,
          delayed: Type.Optional(Type.Boolean({ description: 'only what is delayed now' })),
        }),
        response: { 200: pageSchema(throttleSchema) },
      },
    },
    async (request) => {
      const view = viewed(throttles);
      const isDelayed = request.query.delayed === true;
      const page = pageRequest(request.query, throttleKey);
      const named = await namedIn(request, store, request.query);
      const after = page.after === null ? 0n : BigInt(`0x${page.after}`);
      const rows =
        named === null
          ? view.list({ after, limit: page.limit, isDelayed })
          : entriesOf(view, named)
              .filter(({ key, delayMs }) => key > after && !(isDelayed && delayMs === 0))
              .toSorted((one, other) => (one.key < other.key ? -1 : 1));
      return pageOf(rows, page, { key: ({ key }) => throttleKeyText(key), item: shown });
    },
  );
};

/** Each order to clear goes through the exchange of all nodes: the tokens of a domain, or one of all, give so many. */
const clearRate = {
  max: throttleClearsPerMinuteMax,
  timeWindow: 60_000,
  // Behind the guard, which says whose token it is.
  hook: 'preHandler' as const,
  keyGenerator: (request: FastifyRequest) => {
    const { domain, actor } = callerOf(request);
    return `clear ${domain ?? actor}`;
  },
};

export const throttleClearRoutes: Routes = async (app, { store, throttles }) => {
  const clear = async (keys: readonly bigint[], subject: string, actor: string) => {
    await store.cluster.clearThrottles({ keys: keys.map(throttleOctets), subject, actor });
    viewed(throttles).clear(keys);
    return { throttleIds: keys.map(throttleKeyText) };
  };

  app.delete(
    '/throttles',
    {
      config: { access: { anyOf: ['sessions'], reach: 'domain' }, rateLimit: clearRate },
      schema: {
        ...{ tags, ...change },
        summary: 'Clear the failures of an account, from anywhere, or of an address',
        querystring: strict(namedFields),
        response: { 202: clearedSchema },
      },
    },
    async (request, reply) => {
      const named = await namedIn(request, store, request.query);
      const view = viewed(throttles);
      if (named === null) {
        const detail = 'either account or address must be there';
        throw new Problem(400, 'nothing is named', [{ pointer: '/querystring', detail }]);
      }
      const isAddress = 'address' in named;
      const keys = isAddress ? view.addressKeys(named.address) : view.accountKeys(named.accounts);
      const subject = isAddress ? named.address : named.accounts[0];
      const cleared = await clear(keys, subject ?? '', callerOf(request).actor);
      return reply.code(202).send(cleared);
    },
  );

  app.delete(
    '/throttles/:throttleId',
    {
      config: { access: { anyOf: ['sessions'], reach: 'cluster' }, rateLimit: clearRate },
      schema: {
        ...{ tags, ...change },
        summary: 'Clear one entry of the list',
        params: strict({ throttleId: Type.String({ pattern: throttleKey.source }) }),
        response: { 202: clearedSchema },
      },
    },
    async (request, reply) => {
      const { throttleId } = request.params;
      viewed(throttles);
      const { actor } = callerOf(request);
      return reply.code(202).send(await clear([BigInt(`0x${throttleId}`)], throttleId, actor));
    },
  );
};

/** A command without a node has none. */
function viewed(view: ThrottleView | null): ThrottleView {
  if (view !== null) return view;
  const detail = 'failures are in the memory of nodes: no node answers here';
  throw new Problem(503, detail, { code: 'no-node' });
}
