/**
 * What a token may do, and what a route demands of one.
 *
 * A route names the scopes of which the caller needs one, and its reach: `cluster` is for tokens that
 * are good for all domains, `domain` also for one that is restricted to a domain; such a route passes
 * every name it is given through reach.ts.
 */

export const scopes = [
  'read',
  'mailboxes',
  'messages',
  'sessions',
  'nodes',
  'tokens',
  'webhooks',
] as const;
export type Scope = (typeof scopes)[number];

interface Rule {
  /** One of these is enough. */
  readonly anyOf: readonly Scope[];
  readonly reach: 'cluster' | 'domain';
}

/** `public` is for what everybody may read: the documentation. */
export type Access = Rule | 'public';

/** Of which every route is for tokens of all domains: a token of one domain can do nothing by them. */
const clusterScopes: ReadonlySet<string> = new Set<Scope>(['nodes', 'tokens']);

export function isForCluster(scope: Scope): boolean {
  return clusterScopes.has(scope);
}

export function isScope(text: string): text is Scope {
  return scopes.some((scope) => scope === text);
}

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access;
  }
}
