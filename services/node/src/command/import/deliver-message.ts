/**
 * Puts one message that was found into a mailbox. Here and in serve/demonstration.ts alone the wire
 * form and the store meet in this service.
 *
 * A UIDL names one message of a mailbox, but input may have it twice: in copied headers, or from two
 * servers. So one that is there already says nothing until the messages were compared.
 *
 * Never: a header line added or changed; a message kept whose size is above the limit; one left out
 * because another has its UIDL.
 */

import { toWireMessage } from '@poplar/protocol';
import { type DeliverRequest, type MailboxId, type Store, StoreError } from '@poplar/store';
import type { FoundMessage, SkipReason } from './found.ts';
import { headerLikeness, type Likeness, likenessOf, replacementUidl } from './same-message.ts';

export interface Destination {
  readonly store: Store;
  readonly mailboxId: MailboxId;
  /** In octets with CRLF lines, as LIST would say. */
  readonly messageOctetsMax: number;
}

export type Delivered =
  | {
      readonly kind: 'delivered';
      readonly octets: number;
      /** `kept`: the one that was found. `replaced`: that one belongs to another message. */
      readonly uidl: 'kept' | 'replaced' | 'none';
    }
  | { readonly kind: 'skipped'; readonly reason: SkipReason }
  /** The mailbox was deleted or suspended meanwhile. */
  | { readonly kind: 'no-mailbox' };

const noPrefix = new Uint8Array(0);

/** Durable when it answers `delivered`. Rejects with a StoreError when the store cannot go on. */
export async function deliverMessage(
  message: FoundMessage,
  destination: Destination,
): Promise<Delivered> {
  const { pieces, octets, headerOctets } = toWireMessage(message.content);
  if (octets > destination.messageOctetsMax) return { kind: 'skipped', reason: 'too-large' };
  const request = {
    deliveries: [{ mailboxId: destination.mailboxId, prefix: noPrefix }],
    pieces,
    octets,
    headerOctets,
    ...(message.receivedAt === null ? {} : { receivedAt: message.receivedAt }),
  };
  try {
    const { uidl } = message;
    if (uidl === null) return await deliverAs('none', request, destination);
    return await deliverWithUidl(uidl, request, destination);
  } catch (error) {
    // An argument that the schema does not allow concerns this message alone.
    if (error instanceof StoreError && error.code === 'INVALID') {
      return { kind: 'skipped', reason: 'refused' };
    }
    throw error;
  }
}

async function deliverWithUidl(
  uidl: string,
  request: DeliverRequest,
  destination: Destination,
): Promise<Delivered> {
  const first = await deliverAs('kept', { ...request, uidl }, destination);
  if (first !== duplicate) return first;
  const likeness = likenessOf(request.pieces, request.headerOctets);
  if (await isThere(uidl, likeness, destination)) return duplicate;
  const replacement = replacementUidl(uidl, likeness);
  const second = await deliverAs('replaced', { ...request, uidl: replacement }, destination);
  if (second !== duplicate) return second;
  // Somebody might give a message the UIDL that another one would get here.
  if (await isThere(replacement, likeness, destination)) return duplicate;
  return deliverAs('none', request, destination);
}

const duplicate: Delivered = { kind: 'skipped', reason: 'duplicate-uidl' };

async function deliverAs(
  uidl: 'kept' | 'replaced' | 'none',
  request: DeliverRequest,
  { store }: Destination,
): Promise<Delivered> {
  const [outcome] = (await store.deliver(request)).delivered;
  if (outcome === 'delivered') return { kind: 'delivered', octets: request.octets, uidl };
  if (outcome === 'over-quota') return { kind: 'skipped', reason: 'over-quota' };
  return outcome === 'duplicate-uidl' ? duplicate : { kind: 'no-mailbox' };
}

/** Whether the message that has this UIDL is the one at hand; not if it was purged since. */
async function isThere(
  uidl: string,
  { header, bodyOctets, bodyDigest }: Likeness,
  { store, mailboxId }: Destination,
): Promise<boolean> {
  const holder = await store.directory.findByUidl({ mailboxId, uidl, bodyOctets, bodyDigest });
  return holder?.kind === 'same-body' && headerLikeness(holder.header) === header;
}
