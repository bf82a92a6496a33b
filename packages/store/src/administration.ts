/**
 * What administration keeps of itself: the tokens of its API, webhooks, and who changed what. Each change writes
 * its audit row in the same transaction.
 *
 * Never: a token in clear; an audit row changed or removed.
 */

import { type ByActor, byActor } from './by-actor.ts';
import type { LinkPool } from './connection/pool.ts';
import { NotFound, StoreError } from './errors.ts';
import { Jobs } from './jobs.ts';
import { pageRowsMax } from './limits.ts';
import { Messages } from './messages.ts';
import { removeDueMailbox } from './removing.ts';
import { RequestKeys } from './request-keys.ts';
import { addApiToken, type NewApiToken } from './statements/add-api-token.ts';
import { type ApiTokenRow, listApiTokens } from './statements/list-api-tokens.ts';
import { type AuditPage, type AuditRow, listAudit } from './statements/list-audit.ts';
import { type DomainAuditPage, listDomainAudit } from './statements/list-domain-audit.ts';
import { listMailboxAudit } from './statements/list-mailbox-audit.ts';
import type { Page } from './statements/list-mailboxes.ts';
import { type RevokedApiToken, revokeApiToken } from './statements/revoke-api-token.ts';
import { type UsedApiToken, useApiToken } from './statements/use-api-token.ts';
import type { Subscriptions } from './subscriptions.ts';
import { Webhooks } from './webhooks.ts';

function bounded<Input extends { readonly limit: number }>(page: Input): Input {
  if (!Number.isInteger(page.limit) || page.limit < 1 || page.limit > pageRowsMax) {
    throw new StoreError('INVALID', `a page has 1 to ${pageRowsMax} rows`);
  }
  return page;
}

export class Administration {
  readonly messages: Messages;
  readonly webhooks: Webhooks;
  /** Imports and exports. */
  readonly jobs: Jobs;
  /** Requests that may come again. */
  readonly requestKeys: RequestKeys;

  readonly #pool: LinkPool;

  constructor(pool: LinkPool, subscriptions: Subscriptions) {
    this.#pool = pool;
    this.messages = new Messages(pool, subscriptions);
    this.webhooks = new Webhooks(pool, subscriptions);
    this.jobs = new Jobs(pool);
    this.requestKeys = new RequestKeys(pool);
  }

  /** Its id. NOT_FOUND when its domain does not exist. */
  async addToken(input: ByActor<NewApiToken>): Promise<string> {
    const [tokenId] = await this.#pool.run(addApiToken, byActor(input));
    if (tokenId === undefined) throw new NotFound('domain');
    return tokenId;
  }

  /** Null when no token has this digest, or it is over or revoked. */
  async useToken(digest: Uint8Array): Promise<UsedApiToken | null> {
    const [token] = await this.#pool.run(useApiToken, digest);
    return token ?? null;
  }

  async listTokens(page: Page): Promise<ApiTokenRow[]> {
    return this.#pool.run(listApiTokens, bounded(page));
  }

  /** NOT_FOUND when there is none, or it is revoked already. */
  async revokeToken(input: ByActor<RevokedApiToken>): Promise<void> {
    const revoked = await this.#pool.run(revokeApiToken, byActor(input));
    if (revoked.length === 0) throw new NotFound('token');
  }

  /** Works on a deleted mailbox that is due to be removed; false when there is none. */
  removeDueMailbox(): Promise<boolean> {
    return removeDueMailbox(this.#pool);
  }

  /** The latest first, of everything or of one mailbox; none when there is no such mailbox. */
  async listAudit(page: AuditPage & { readonly address?: string }): Promise<AuditRow[]> {
    const { address } = page;
    if (address === undefined) return this.#pool.run(listAudit, bounded(page));
    return this.#pool.run(listMailboxAudit, { ...bounded(page), address });
  }

  /** The latest first, of one domain that there is. */
  async listDomainAudit(page: DomainAuditPage): Promise<AuditRow[]> {
    return this.#pool.run(listDomainAudit, bounded(page));
  }
}
