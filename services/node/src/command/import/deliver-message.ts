/**
 * Puts one message that was found into a mailbox. Here and in serve/demonstration.ts alone the wire
 * form and the store meet in this service.
 *
 * Never: a header line added or changed; a message kept whose size is above the limit.
 */

import { toWireMessage } from '@poplar/protocol';
import { type MailboxId, type Store, StoreError } from '@poplar/store';
import type { FoundMessage, SkipReason } from './found.ts';

export interface Destination {
  readonly store: Store;
  readonly mailboxId: MailboxId;
  /** In octets with CRLF lines, as LIST would say. */
  readonly messageOctetsMax: number;
}

export type Delivered =
  | { readonly kind: 'delivered'; readonly octets: number }
  | { readonly kind: 'skipped'; readonly reason: SkipReason }
  /** The mailbox was deleted or suspended meanwhile. */
  | { readonly kind: 'no-mailbox' };

const noPrefix = new Uint8Array(0);

/** Durable when it answers `delivered`. Rejects with a StoreError when the store cannot go on. */
export async function deliverMessage(
  message: FoundMessage,
  { store, mailboxId, messageOctetsMax }: Destination,
): Promise<Delivered> {
  const { pieces, octets, headerOctets } = toWireMessage(message.content);
  if (octets > messageOctetsMax) return { kind: 'skipped', reason: 'too-large' };
  const request = {
    deliveries: [{ mailboxId, prefix: noPrefix }],
    pieces,
    octets,
    headerOctets,
    ...(message.uidl === null ? {} : { uidl: message.uidl }),
    ...(message.receivedAt === null ? {} : { receivedAt: message.receivedAt }),
  };
  try {
    const { delivered } = await store.deliver(request);
    if (delivered[0] === 'delivered') return { kind: 'delivered', octets };
    if (delivered[0] === 'duplicate-uidl') return { kind: 'skipped', reason: 'duplicate-uidl' };
    return { kind: 'no-mailbox' };
  } catch (error) {
    // An argument that the schema does not allow concerns this message alone.
    if (error instanceof StoreError && error.code === 'INVALID') {
      return { kind: 'skipped', reason: 'refused' };
    }
    throw error;
  }
}
