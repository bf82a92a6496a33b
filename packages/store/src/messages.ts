/**
 * The verbs of administration for messages: looked at, restored, removed and put in. What is changed
 * writes its audit row in the same transaction.
 *
 * Never: a visible message removed; a body given out beyond its header.
 */

import { randomUUID } from 'node:crypto';
import { type ByActor, byActor } from './by-actor.ts';
import type { LinkPool } from './connection/pool.ts';
import type { DeliverRequest, MailboxId } from './contract.ts';
import { NotFound, StoreError } from './errors.ts';
import { bodyOctetsMax, pageRowsMax, previewOctetsMax, purgeSliceMessages } from './limits.ts';
import { auditInjection } from './statements/audit-injection.ts';
import { type DeliveredCopy, deliverMessage } from './statements/deliver-message.ts';
import { deliverMessageTold } from './statements/deliver-message-told.ts';
import { type ExpungedMessages, expungeMessages } from './statements/expunge-messages.ts';
import {
  listMessagePreviews,
  type MessagePreview,
  type PreviewPage,
} from './statements/list-message-previews.ts';
import {
  type Restoration,
  type RestoredMessages,
  restoreMessages,
} from './statements/restore-messages.ts';
import type { Subscriptions } from './subscriptions.ts';

export interface InjectRequest extends Omit<DeliverRequest, 'deliveries'> {
  readonly mailboxId: MailboxId;
  readonly actor?: string;
}

export type InjectedMessage =
  | { readonly outcome: 'delivered'; readonly messageId: string }
  | { readonly outcome: Exclude<DeliveredCopy['outcome'], 'delivered'>; readonly messageId: null };

export class Messages {
  readonly #pool: LinkPool;
  readonly #subscriptions: Subscriptions;

  constructor(pool: LinkPool, subscriptions: Subscriptions) {
    this.#pool = pool;
    this.#subscriptions = subscriptions;
  }

  async list(page: PreviewPage): Promise<MessagePreview[]> {
    if (!Number.isInteger(page.limit) || page.limit < 1 || page.limit > pageRowsMax) {
      throw new StoreError('INVALID', `a page has 1 to ${pageRowsMax} rows`);
    }
    if (page.headerOctets > previewOctetsMax) {
      throw new StoreError('INVALID', `a preview has at most ${previewOctetsMax} octets`);
    }
    return this.#pool.run(listMessagePreviews, page);
  }

  /** How many are visible again, and which are not there. NOT_FOUND when there is no such mailbox. */
  async restore(input: ByActor<RestoredMessages>): Promise<Restoration> {
    const [restored] = await this.#pool.run(restoreMessages, byActor(input));
    if (restored === undefined) throw new NotFound('mailbox');
    return restored;
  }

  /** How many were removed, at most a slice, and whether there may be more. NOT_FOUND likewise. */
  async expunge(input: ByActor<ExpungedMessages>): Promise<{ purged: number; more: boolean }> {
    const [purged] = await this.#pool.run(expungeMessages, byActor(input));
    if (purged === undefined) throw new NotFound('mailbox');
    return { purged, more: purged >= purgeSliceMessages };
  }

  /** Delivers one message to one mailbox, as `deliver` does. Its id is null where it was not delivered. */
  async inject(request: InjectRequest): Promise<InjectedMessage> {
    const { mailboxId, pieces, octets, headerOctets, uidl, receivedAt } = request;
    if (pieces.reduce((sum, piece) => sum + piece.byteLength, 0) > bodyOctetsMax) {
      throw new StoreError('INVALID', 'the message is too large');
    }
    const isTold = this.#subscriptions.wants('message.delivered', 'quota.near');
    const statement = isTold ? deliverMessageTold : deliverMessage;
    return this.#pool.transaction(async (link) => {
      const [copy] = await link.run(statement, {
        ...{ mailboxIds: [mailboxId], guids: [randomUUID()], prefixes: [new Uint8Array(0)] },
        ...{ pieces, octets, headerOctets, uidl: uidl ?? null, receivedAt: receivedAt ?? null },
      });
      if (copy === undefined) throw new StoreError('STORE_CORRUPT', 'a copy has no outcome');
      const { outcome } = copy;
      if (outcome !== 'delivered') return { outcome, messageId: null };
      const [messageId] = await link.run(auditInjection, byActor({ ...request }));
      if (messageId === undefined) throw new StoreError('STORE_CORRUPT', 'a message has no id');
      return { outcome, messageId };
    });
  }
}
