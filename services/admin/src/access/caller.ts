/**
 * Who makes a request: the token's name in the audit, its scopes and its domain.
 */

import type { FastifyRequest } from 'fastify';
import { Problem } from '../problem.ts';
import { type Scope, scopes } from './scopes.ts';

export interface Caller {
  /** As it stands in the audit: `root`, or `token:12 backup script`. */
  readonly actor: string;
  readonly scopes: readonly Scope[];
  /** The only domain it sees; null for all. */
  readonly domain: string | null;
  /** When its token ends; null when it does not. */
  readonly expiresAt: Date | null;
}

export const root: Caller = { actor: 'root', scopes, domain: null, expiresAt: null };

/** Kept apart from the request, so that nothing that a client sends can stand in for it. */
const callers = new WeakMap<FastifyRequest, Caller>();

export function setCaller(request: FastifyRequest, caller: Caller): void {
  callers.set(request, caller);
}

/** For the log: null where no good token came. */
export function actorOf(request: FastifyRequest): string | null {
  return callers.get(request)?.actor ?? null;
}

export function callerOf(request: FastifyRequest): Caller {
  const caller = callers.get(request);
  if (caller === undefined) throw new Problem(401, 'there is no token');
  return caller;
}
