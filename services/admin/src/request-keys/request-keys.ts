/**
 * Requests that may come again: one that creates something and brings an `Idempotency-Key` is carried out once, and
 * whoever sends it again is answered what the first one was, from any node, for a day.
 *
 * Theory of operation. Behind the guard and the validation the key is claimed; whoever does not get it is answered
 * here. What the route answers is kept before it is sent. An answer that refuses gives the key back: nothing was
 * done. A failure of the database in the middle does not: what was sent to it may have been carried out, so from
 * then on the key says that nobody knows. That is also what a key says whose node died with it.
 *
 * Never: a key, or a secret that is shown once, stored; an answer that was carried out turned into a failure because
 * it could not be kept.
 */

import { createHash, createHmac } from 'node:crypto';
import type { Log } from '@poplar/runtime';
import { type Store, StoreError } from '@poplar/store';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { callerOf } from '../access/caller.ts';
import { requestKeyCharactersMax } from '../limits.ts';
import { CreatedBefore, Problem } from '../problem.ts';
import { type KeptAnswer, keptAnswerOf } from './keyed-routes.ts';

const header = 'idempotency-key';

const headers = Type.Object({
  [header]: Type.Optional(
    Type.String({
      ...{ minLength: 1, maxLength: requestKeyCharactersMax, pattern: '^[!-~]+$' },
      description:
        'A fresh random text for each thing that is to be made, such as a UUID. The same request with the same key is ' +
        'carried out once: for 24 hours it is answered what it was the first time.',
      examples: ['6f1c2f8e-7c1b-4f0e-9d3e-2d7f6a1f5b10'],
    }),
  ),
});

interface Claim {
  readonly digest: Uint8Array;
  readonly kept: KeptAnswer;
}

/** Requests that are under way with a key of theirs. */
const claims = new WeakMap<FastifyRequest, Claim>();
/** Those of which nobody knows whether they were carried out. */
const doubts = new WeakSet<FastifyRequest>();

/** To be called before any route is made, and before the API is described. */
export function takeRequestKeys(app: FastifyInstance, parts: { store: Store; log: Log }): void {
  app.addHook('onRoute', (route) => {
    if (keptAnswerOf(String(route.method), route.url) === null) return;
    route.schema = { ...route.schema, headers };
  });
  app.addHook('preHandler', async (request, reply) => claim(request, reply, parts.store));
  app.addHook('onSend', async (request, reply, payload) => {
    const claimed = claims.get(request);
    if (claimed === undefined) return payload;
    claims.delete(request);
    try {
      await settle(request, { claimed, status: reply.statusCode, payload }, parts.store);
    } catch (error) {
      // What was done is done: the client is told so, and should it ask again, that nobody knows.
      const fields = { event: 'failure', during: 'request-key' } as const;
      parts.log.error(fields, 'what a request was answered could not be kept', error);
    }
    return payload;
  });
}

/** What is said of a request that failed: whether it changed nothing is known of some failures alone. */
export function doubtOutcome(request: FastifyRequest, error: unknown): void {
  const isRefusal = error instanceof Problem || (error instanceof StoreError && !isVague(error));
  if (!isRefusal) doubts.add(request);
}

function isVague({ code }: StoreError): boolean {
  return code !== 'CONFLICT' && code !== 'NOT_FOUND' && code !== 'INVALID';
}

async function claim(request: FastifyRequest, reply: FastifyReply, store: Store): Promise<unknown> {
  const key = request.headers[header];
  const kept = keptAnswerOf(request.method, request.routeOptions.url);
  if (typeof key !== 'string' || kept === null) return;
  const { actor } = callerOf(request);
  const digest = digestOf([actor, String(request.routeOptions.url), key]);
  const { requestKeys } = store.administration;
  const row = await requestKeys.claim({ digest, actor, fingerprint: fingerprintOf(request) });
  if (row.state === 'claimed') {
    claims.set(request, { digest, kept });
    return;
  }
  if (row.state === 'full') throw refusal(429, 'too-many-keys');
  if (!row.isSame) throw refusal(422, 'key-of-another-request');
  if (row.state === 'busy') throw refusal(409, 'request-under-way');
  if (row.state !== 'answered' || row.answer === null) throw refusal(409, 'key-outcome-unknown');
  if (kept !== 'all') throw new CreatedBefore(Object(JSON.parse(row.answer)));
  return reply
    .code(row.status ?? 200)
    .header('idempotency-replayed', 'true')
    .type('application/json; charset=utf-8')
    .serializer(String)
    .send(row.answer);
}

const words = {
  'too-many-keys': 'you have used as many keys as one may in 24 hours: make many things in bulk',
  'key-of-another-request': 'this key came with another request: take a new one for each',
  'request-under-way': 'the first request with this key is under way: ask again soon',
  'key-outcome-unknown':
    'nobody knows what came of the first request with this key: look, and take a new key if it was not carried out',
} as const;

function refusal(status: number, code: keyof typeof words): Problem {
  return new Problem(status, words[code], { code });
}

/** Each part with its length: no two lists have the same digest. */
function digestOf(parts: readonly string[]): Uint8Array {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${part.length}:${part}`);
  return hash.digest();
}

/**
 * Of all that the client sent. Keyed by its token, which the database does not have: a body may hold a password, of
 * which nothing is to be kept that can be tried out as fast as a SHA-256.
 */
function fingerprintOf({ method, url, headers: sent, body }: FastifyRequest): Uint8Array {
  const mac = createHmac('sha256', sent.authorization?.replace(/^\S+ +/, '') ?? '');
  mac.update(`${method} ${url}\n${sent['content-type'] ?? ''}\n`);
  mac.update(body instanceof Uint8Array ? body : JSON.stringify(body ?? null));
  return mac.digest();
}

interface Sent {
  readonly claimed: Claim;
  readonly status: number;
  readonly payload: unknown;
}

async function settle(
  request: FastifyRequest,
  { claimed: { digest, kept }, status, payload }: Sent,
  { administration: { requestKeys } }: Store,
): Promise<void> {
  if (status < 300) {
    const text = typeof payload === 'string' ? payload : '';
    const answer = kept === 'all' ? text : idIn(request, text, kept.id);
    await requestKeys.settle({ digest, answered: { status, answer } });
  } else if (doubts.has(request)) await requestKeys.settle({ digest, answered: null });
  else await requestKeys.release(digest);
}

/** The id of what was made, from the answer; or from the path, of what got a new secret. */
function idIn({ params }: FastifyRequest, text: string, id: string): string {
  const found: Record<string, unknown> = { ...Object(params), ...Object(JSON.parse(text)) };
  return JSON.stringify({ [id]: found[id] });
}
