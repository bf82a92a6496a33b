/**
 * Puts a message that a request brought into a mailbox. The one file of this service in which the wire form
 * and the store meet.
 *
 * Never: a header line added or changed.
 */

import { toWireMessage } from '@poplar/protocol';
import type { Store } from '@poplar/store';
import { Problem } from './problem.ts';

export interface Injected {
  readonly address: string;
  /** As a sender would hand it over; any line ends. */
  readonly content: Uint8Array;
  readonly uidl?: string | undefined;
  readonly receivedAt?: Date | undefined;
  readonly actor: string;
}

export interface StoredInjection {
  readonly messageId: string;
  /** As LIST says them. */
  readonly octets: number;
}

/** Durable when it answers. */
export async function injectMessage(
  store: Store,
  { address, content, uidl, receivedAt, actor }: Injected,
): Promise<StoredInjection> {
  const recipient = await store.findRecipient(address);
  if (recipient.kind === 'unknown')
    throw new Problem(404, 'there is no such mailbox', { code: 'mailbox-not-found' });
  if (recipient.kind === 'suspended')
    throw new Problem(409, 'the mailbox takes no mail', { code: 'mailbox-not-active' });
  const { pieces, octets, headerOctets } = toWireMessage(content);
  const { outcome, messageId } = await store.administration.messages.inject({
    ...{ mailboxId: recipient.mailboxId, pieces, octets, headerOctets, actor },
    ...(uidl === undefined ? {} : { uidl }),
    ...(receivedAt === undefined ? {} : { receivedAt }),
  });
  if (outcome === 'duplicate-uidl') {
    const errors = [{ pointer: '/querystring/uidl', detail: 'is taken' }];
    throw new Problem(409, 'a message has this UIDL already', { errors, code: 'uidl-exists' });
  }
  if (outcome === 'over-quota')
    throw new Problem(422, 'the mailbox would hold more than its quota', { code: 'over-quota' });
  if (messageId === null)
    throw new Problem(409, 'the mailbox takes no mail', { code: 'mailbox-not-active' });
  return { messageId, octets };
}
