/**
 * Which routes take an `Idempotency-Key`: those that create something, so that a request that comes again would do it
 * again or be refused.
 *
 * Never: a secret that is shown once among what is kept of an answer. What is kept is named here, not what is left out.
 */

import { apiPath } from '../names.ts';

/** All of the answer is kept, or of one with a secret in it the id of what was made. */
export type KeptAnswer = 'all' | { readonly id: string };

const keyed: ReadonlyMap<string, KeptAnswer> = new Map<string, KeptAnswer>([
  ['/domains', 'all'],
  ['/mailboxes', 'all'],
  ['/mailboxes/:address/login-names', 'all'],
  ['/mailboxes/:address/certificate-names', 'all'],
  ['/mailboxes/:address/app-passwords', { id: 'credentialId' }],
  ['/mailboxes/:address/messages', 'all'],
  ['/tokens', { id: 'tokenId' }],
  ['/webhooks', { id: 'webhookId' }],
  ['/webhooks/:webhookId/secret', { id: 'webhookId' }],
  ['/webhooks/:webhookId/test', 'all'],
  ['/webhook-deliveries/:deliveryId/resend', 'all'],
]);

/** Null for a route that takes no key. */
export function keptAnswerOf(method: string, url: string | undefined): KeptAnswer | null {
  if (method !== 'POST' || url === undefined || !url.startsWith(apiPath)) return null;
  return keyed.get(url.slice(apiPath.length)) ?? null;
}
