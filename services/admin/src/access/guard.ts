/**
 * Who may use a route. Each route says what it demands when it is made; one that does not cannot be
 * made. Every request to a route is refused unless its token is good and has what that route demands: the
 * decision hangs on the route that was found, never on how its path was written.
 *
 * Never: a word in an answer about why a token is not good; a token that is compared octet by octet.
 */

import { timingSafeEqual } from 'node:crypto';
import type { Store } from '@poplar/store';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { docsPath, refusedPerMinute } from '../names.ts';
import { Problem } from '../problem.ts';
import { type Caller, root, setCaller } from './caller.ts';
import { type Access, isScope } from './scopes.ts';
import { digestOf, isTokenForm } from './tokens.ts';

export interface GuardParts {
  readonly store: Store;
  /** SHA-256 of the root token. */
  readonly rootDigest: Uint8Array;
  /** Who the audit says did what was done with it; `root` without it. */
  readonly rootActor?: string;
}

/** To be called before any route is made. */
export function guard(app: FastifyInstance, parts: GuardParts): void {
  app.addHook('onRoute', (route) => {
    const isDocs = route.url === docsPath || route.url.startsWith(`${docsPath}/`);
    const access = route.config?.access ?? (isDocs ? 'public' : undefined);
    if (access === undefined) throw new Error(`the route ${route.url} does not say who may use it`);
    route.config = { ...route.config, access };
  });
  const refused = refusedPerMinute(app);
  app.addHook('onRequest', async (request) => {
    // What is on no path is told so by whoever asks: there is nothing to protect.
    if (request.is404) return;
    const { access } = request.routeOptions.config;
    if (access === undefined) throw new Problem(403, 'nobody may use this');
    if (access === 'public') return;
    const caller = await callerBy(request, parts);
    if (caller === null) {
      const count = await refused(request);
      if ('isExceeded' in count && count.isExceeded)
        throw new Problem(429, 'too many requests; wait a minute');
      throw new Problem(401, 'a good token is needed: Authorization: Bearer <token>');
    }
    refuse(access, caller);
    setCaller(request, caller);
  });
}

function refuse(access: Exclude<Access, 'public'>, caller: Caller): void {
  if (!access.anyOf.some((scope) => caller.scopes.includes(scope))) {
    const detail = `the token needs the scope ${access.anyOf.join(' or ')}`;
    throw new Problem(403, detail, { code: 'scope-missing' });
  }
  if (caller.domain !== null && access.reach !== 'domain') {
    const detail = 'the token is good for one domain, and this is for all of them';
    throw new Problem(403, detail, { code: 'cluster-only' });
  }
}

async function callerBy(request: FastifyRequest, parts: GuardParts): Promise<Caller | null> {
  const [, token] = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
  if (token === undefined) return null;
  const digest = digestOf(token);
  if (timingSafeEqual(digest, parts.rootDigest)) {
    return { ...root, actor: parts.rootActor ?? root.actor };
  }
  if (!isTokenForm(token)) return null;
  const known = await parts.store.administration.useToken(digest);
  if (known === null) return null;
  return {
    actor: `token:${known.tokenId} ${known.label}`.trimEnd(),
    scopes: known.scopes.filter(isScope),
    domain: known.domain,
    expiresAt: known.expiresAt,
  };
}
