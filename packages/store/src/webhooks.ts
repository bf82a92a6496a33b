/**
 * The verbs for webhooks: those of administration, which write their audit rows in the same transaction,
 * and those of whoever sends what is in the outbox.
 *
 * Never: a secret in an answer but to the one who signs with it; a webhook of another domain than the one
 * that the caller is limited to.
 */

import { type ByActor, byActor } from './by-actor.ts';
import type { LinkPool } from './connection/pool.ts';
import { InTheWay, NotFound, StoreError } from './errors.ts';
import { pageRowsMax, webhooksMax, webhooksOfDomainMax } from './limits.ts';
import { addWebhook, type NewWebhook } from './statements/add-webhook.ts';
import {
  type BuriedDeliveries,
  buryWebhookDeliveries,
} from './statements/bury-webhook-deliveries.ts';
import {
  type ClaimedDelivery,
  claimWebhookDeliveries,
  type WebhookClaim,
} from './statements/claim-webhook-deliveries.ts';
import {
  listWebhookDeliveries,
  type WebhookDeliveryPage,
  type WebhookDeliveryRow,
} from './statements/list-webhook-deliveries.ts';
import { listWebhooks, type WebhookPage, type WebhookRow } from './statements/list-webhooks.ts';
import { purgeWebhookDeliveries } from './statements/purge-webhook-deliveries.ts';
import { removeWebhook, type WebhookChoice } from './statements/remove-webhook.ts';
import {
  type ResentDelivery,
  resendWebhookDelivery,
} from './statements/resend-webhook-delivery.ts';
import { setWebhook, type WebhookSettings } from './statements/set-webhook.ts';
import {
  type SettledAttempt,
  settleWebhookDelivery,
} from './statements/settle-webhook-delivery.ts';
import { type TestDelivery, testWebhook } from './statements/test-webhook.ts';
import type { Subscriptions } from './subscriptions.ts';

function bounded<Input extends { readonly limit: number }>(page: Input): Input {
  if (!Number.isInteger(page.limit) || page.limit < 1 || page.limit > pageRowsMax) {
    throw new StoreError('INVALID', `a page has 1 to ${pageRowsMax} rows`);
  }
  return page;
}

function noWebhook(): StoreError {
  return new NotFound('webhook');
}

export class Webhooks {
  readonly #pool: LinkPool;
  readonly #subscriptions: Subscriptions;

  constructor(pool: LinkPool, subscriptions: Subscriptions) {
    this.#pool = pool;
    this.#subscriptions = subscriptions;
  }

  /** Its id. NOT_FOUND when its domain does not exist, CONFLICT when there are too many. */
  async add(input: ByActor<NewWebhook>): Promise<string> {
    const [added] = await this.#pool.run(addWebhook, byActor(input));
    if (added?.hasDomain !== true) throw new NotFound('domain');
    if (added.webhookId === null) {
      const many = `${webhooksMax} webhooks, or ${webhooksOfDomainMax} of the domain`;
      throw new InTheWay('too-many', `there are ${many} already`);
    }
    return added.webhookId;
  }

  async list(page: WebhookPage): Promise<WebhookRow[]> {
    return this.#pool.run(listWebhooks, bounded(page));
  }

  /** NOT_FOUND when there is none, or it is of another domain than the one that is given. */
  async find(webhookId: string, domain: string | null): Promise<WebhookRow> {
    const [found] = await this.#pool.run(listWebhooks, { after: '0', webhookId, domain, limit: 1 });
    if (found === undefined) throw noWebhook();
    return found;
  }

  /** NOT_FOUND likewise. */
  async set(input: ByActor<WebhookSettings>): Promise<void> {
    if ((await this.#pool.run(setWebhook, byActor(input))).length === 0) throw noWebhook();
  }

  /** NOT_FOUND likewise. */
  async remove(input: ByActor<WebhookChoice>): Promise<void> {
    if ((await this.#pool.run(removeWebhook, byActor(input))).length === 0) throw noWebhook();
  }

  /** NOT_FOUND when there is none, CONFLICT when it is suspended. */
  async test(input: ByActor<WebhookChoice>): Promise<TestDelivery> {
    const [written] = await this.#pool.run(testWebhook, byActor(input));
    if (written !== undefined) return written;
    await this.find(input.webhookId, input.domain);
    throw new InTheWay('suspended-webhook', 'the webhook is suspended: make it active first');
  }

  async listDeliveries(page: WebhookDeliveryPage): Promise<WebhookDeliveryRow[]> {
    return this.#pool.run(listWebhookDeliveries, bounded(page));
  }

  /** Sent again from its first attempt on. NOT_FOUND when that cannot be. */
  async resend(input: ByActor<ResentDelivery>): Promise<void> {
    if ((await this.#pool.run(resendWebhookDelivery, byActor(input))).length > 0) return;
    const wanted = 'there is no such delivery that is over and whose webhook is not suspended';
    throw new NotFound('webhook-delivery', wanted);
  }

  /** Whether there may be anything to send. */
  get any(): boolean {
    return this.#subscriptions.any;
  }

  /** Events to be sent now. Each must be settled, or another node sends it again. */
  claim(claim: WebhookClaim): Promise<ClaimedDelivery[]> {
    return this.#pool.run(claimWebhookDeliveries, claim);
  }

  /** False when the attempt took longer than its claim, and counts for nothing. */
  async settle(attempt: SettledAttempt): Promise<boolean> {
    return (await this.#pool.run(settleWebhookDelivery, attempt)).length > 0;
  }

  /** Suspends webhooks that are too far behind; makes dead letters of what nobody will send. */
  async bury(): Promise<BuriedDeliveries> {
    const [buried] = await this.#pool.run(buryWebhookDeliveries, undefined);
    return buried ?? { suspended: 0, buried: 0 };
  }

  /** Removes what was kept long enough. Answers how many; call again until it is none. */
  async purge(): Promise<number> {
    const [purged = 0] = await this.#pool.run(purgeWebhookDeliveries, undefined);
    return purged;
  }
}
