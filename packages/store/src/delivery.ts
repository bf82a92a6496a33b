/**
 * Delivers messages. One statement, one transaction, however many recipients.
 *
 * Never: an answer before the commit is acknowledged; the pieces joined on this side.
 */

import type { LinkPool } from './connection/pool.ts';
import type { DeliverRequest, DeliverResult } from './contract.ts';
import { StoreError } from './errors.ts';
import { bodyOctetsMax, deliveriesMax } from './limits.ts';
import { deliverMessage } from './statements/deliver-message.ts';
import { deliverMessageTold } from './statements/deliver-message-told.ts';
import { realWorld, type World } from './world.ts';

export interface DeliverySetting {
  readonly world?: World;
  /** Whether webhooks are told, if any wants to be. */
  readonly isTold?: boolean;
}

/**
 * Rejects with a StoreError. After STORE_UNAVAILABLE, STORE_TIMEOUT and OUTCOME_UNKNOWN the message
 * may have been delivered after all: sending it again can double it but not lose it.
 */
export async function deliver(
  pool: LinkPool,
  request: DeliverRequest,
  { world = realWorld, isTold = false }: DeliverySetting = {},
): Promise<DeliverResult> {
  const { deliveries, pieces, octets, headerOctets, uidl, receivedAt } = request;
  if (deliveries.length === 0) return { delivered: [] };
  if (deliveries.length > deliveriesMax) {
    throw new StoreError('INVALID', `more than ${deliveriesMax} recipients at once`);
  }
  if (pieces.reduce((sum, piece) => sum + piece.byteLength, 0) > bodyOctetsMax) {
    throw new StoreError('INVALID', 'the message is too large');
  }
  const copies = await pool.run(isTold ? deliverMessageTold : deliverMessage, {
    mailboxIds: deliveries.map((delivery) => delivery.mailboxId),
    guids: deliveries.map(() => world.uuid()),
    prefixes: deliveries.map((delivery) => delivery.prefix),
    pieces,
    octets,
    headerOctets,
    uidl: uidl ?? null,
    receivedAt: receivedAt ?? null,
  });
  const outcomes = new Map(copies.map((copy) => [copy.index, copy.outcome]));
  return {
    delivered: deliveries.map((_, index) => {
      const outcome = outcomes.get(index);
      if (outcome === undefined) throw new StoreError('STORE_CORRUPT', 'a copy has no outcome');
      return outcome;
    }),
  };
}
