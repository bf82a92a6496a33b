/**
 * Which events webhooks want, as far as this store knows: so that where there is no webhook, nobody pays
 * for one.
 *
 * Theory of operation. The table of webhooks is small and is read as a whole: when the short lane has a
 * new connection, when the channel `poplar_webhook` says that it has changed, and now and then, should that
 * not have been heard. As long as nothing was read, after a loss of the lane as well, every event may be
 * wanted: the statements that tell of one look for themselves. So nothing is missed but what happens in the
 * moment in which a new webhook is not known everywhere yet.
 *
 * A store that does not follow knows that nothing is wanted, and tells nobody anything.
 *
 * Never: an event decided by this alone; a second reading while one is under way.
 */

import type { Link } from './connection/link.ts';
import type { ShortLine } from './connection/short-line.ts';
import { subscriptionsIntervalMs } from './limits.ts';
import { listenWebhooks } from './statements/listen-webhooks.ts';
import { readSubscriptions, type Subscription } from './statements/read-subscriptions.ts';
import type { Timer, World } from './world.ts';

/** What webhooks may be told of. */
export const webhookEvents = [
  'message.delivered',
  'quota.near',
  'login.failed_many',
  'lock.broken',
  'mailbox.created',
  'mailbox.suspended',
  'mailbox.deleted',
] as const;

export type WebhookEvent = (typeof webhookEvents)[number];

export interface SubscriptionsParts {
  readonly line: ShortLine;
  readonly follows: boolean;
  readonly world: World;
}

const changed = 'webhooks';

export class Subscriptions {
  readonly #line: ShortLine;
  readonly #follows: boolean;
  readonly #timer: Timer | null = null;
  #known: readonly Subscription[] | null = null;
  #isReading = false;
  #isStale = false;

  constructor({ line, follows, world }: SubscriptionsParts) {
    this.#line = line;
    this.#follows = follows;
    if (follows) this.#timer = world.every(subscriptionsIntervalMs, () => this.#readAgain());
  }

  /** Whether a webhook may want one of these. */
  wants(...events: readonly WebhookEvent[]): boolean {
    if (!this.#follows) return false;
    if (this.#known === null) return true;
    return this.#known.some(
      ({ enabled, events: wanted }) => enabled && events.some((event) => wanted.includes(event)),
    );
  }

  /** Whether there is any, suspended ones included, as far as is known. */
  get any(): boolean {
    return this.#follows && (this.#known === null || this.#known.length > 0);
  }

  /** To be done on a new link of the line, behind what else listens there. Rejects with a StoreError. */
  async begin(link: Link): Promise<void> {
    if (!this.#follows) return;
    this.#known = null;
    const heard = link.onNotified;
    link.onNotified = (payload) => {
      if (payload === changed) this.#readAgain();
      else heard?.(payload);
    };
    await link.run(listenWebhooks, undefined);
    this.#known = await link.run(readSubscriptions, undefined);
  }

  end(): void {
    this.#timer?.cancel();
  }

  #readAgain(): void {
    // What was read meanwhile may be older than what was told of.
    this.#isStale = true;
    if (this.#isReading) return;
    this.#isReading = true;
    void this.#read();
  }

  async #read(): Promise<void> {
    try {
      while (this.#isStale) {
        this.#isStale = false;
        this.#known = await this.#line.run(readSubscriptions, undefined);
      }
    } catch {
      this.#known = null;
    } finally {
      this.#isReading = false;
    }
  }
}
