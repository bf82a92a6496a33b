/**
 * Puts one message of an import into its mailbox. Here and in inject-message.ts alone the wire form and the
 * store meet in this service.
 *
 * A UIDL names one message of a mailbox, but input may have it twice: in copied headers, or from two
 * servers. So one that is there already says nothing until the messages were compared.
 *
 * Never: a header line added or changed; a message kept whose size is above the limit; one left out
 * because another has its UIDL.
 */

import { toWireMessage } from '@poplar/protocol';
import type { ImportBatch, MailboxId } from '@poplar/store';
import { Problem } from '../problem.ts';
import type { MailEntry, SkipReason } from './mail-entry.ts';
import { headerLikeness, type Likeness, likenessOf, replacementUidl } from './same-message.ts';

export interface Destination {
  readonly mailboxId: MailboxId;
  /** In octets with CRLF lines, as LIST would say. */
  readonly messageOctetsMax: number;
}

/** A message in wire form, or why there is none. */
export type Prepared =
  | {
      readonly kind: 'message';
      readonly uidl: string | null;
      readonly request: {
        readonly pieces: readonly Uint8Array[];
        readonly octets: number;
        readonly headerOctets: number;
        readonly receivedAt?: Date;
      };
    }
  | { readonly kind: 'skipped'; readonly reason: SkipReason };

export type Imported =
  | {
      readonly kind: 'stored';
      readonly octets: number;
      /** `kept`: the one that was found. `replaced`: that one belongs to another message. */
      readonly uidl: 'kept' | 'replaced' | 'none';
      /** A UIDL was found, and not kept. */
      readonly isRenewed: boolean;
    }
  | { readonly kind: 'skipped'; readonly reason: SkipReason };

export function prepared(entry: MailEntry, { messageOctetsMax }: Destination): Prepared {
  if (entry.kind === 'skipped') return entry;
  const { pieces, octets, headerOctets } = toWireMessage(entry.content);
  if (octets > messageOctetsMax) return { kind: 'skipped', reason: 'too-large' };
  const { receivedAt, uidl } = entry;
  const request = { pieces, octets, headerOctets, ...(receivedAt === null ? {} : { receivedAt }) };
  return { kind: 'message', uidl, request };
}

/** To be committed with the batch. Throws Problem when the mailbox takes no mail any more. */
export async function importMessage(
  message: Prepared,
  batch: ImportBatch,
  { mailboxId }: Destination,
): Promise<Imported> {
  if (message.kind === 'skipped') return message;
  const { uidl, request } = message;
  const deliverAs = async (
    how: 'kept' | 'replaced' | 'none',
    name: string | null,
  ): Promise<Imported> => {
    const named = name === null ? request : { ...request, uidl: name };
    const outcome = await batch.deliver(mailboxId, named);
    if (outcome === 'no-mailbox')
      throw new Problem(409, 'the mailbox takes no mail any more', { code: 'mailbox-not-active' });
    if (outcome === 'over-quota') return { kind: 'skipped', reason: 'over-quota' };
    if (outcome === 'duplicate-uidl') return duplicate;
    const isRenewed = how !== 'kept' && uidl !== null;
    return { kind: 'stored', octets: request.octets, uidl: how, isRenewed };
  };
  if (uidl === null) return deliverAs('none', null);
  const first = await deliverAs('kept', uidl);
  if (first !== duplicate) return first;
  const likeness = likenessOf(request.pieces, request.headerOctets);
  if (await isThere(uidl, likeness, { batch, mailboxId })) return duplicate;
  const replacement = replacementUidl(uidl, likeness);
  const second = await deliverAs('replaced', replacement);
  if (second !== duplicate) return second;
  // Somebody might give a message the UIDL that another one would get here.
  if (await isThere(replacement, likeness, { batch, mailboxId })) return duplicate;
  return deliverAs('none', null);
}

const duplicate: Imported = { kind: 'skipped', reason: 'duplicate-uidl' };

/** Whether the message that has this UIDL is the one at hand; not if it was purged since. */
async function isThere(
  uidl: string,
  { header, bodyOctets, bodyDigest }: Likeness,
  { batch, mailboxId }: { readonly batch: ImportBatch; readonly mailboxId: MailboxId },
): Promise<boolean> {
  const holder = await batch.findByUidl({ mailboxId, uidl, bodyOctets, bodyDigest });
  return holder?.kind === 'same-body' && headerLikeness(holder.header) === header;
}
