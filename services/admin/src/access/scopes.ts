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

export function isScope(text: string): text is Scope {
  return scopes.some((scope) => scope === text);
}

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access;
  }
}
