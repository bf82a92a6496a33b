/**
 * A mailbox as the API shows it.
 */

import type { MailboxDetails, Store } from '@poplar/store';
import type { FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { actorSeen } from '../access/reach.ts';
import { Problem } from '../problem.ts';
import { isoOrNull, textOrNull, time, timeOrNull } from './shapes.ts';

const status = Type.String({ description: '`active`, `suspended` or `deleting`' });

export const rowSchema = Type.Object(
  {
    mailboxId: Type.String(),
    address: Type.String(),
    status,
    messages: Type.Integer(),
    octets: Type.Integer(),
  },
  {
    examples: [
      { mailboxId: '7', address: 'ann@example.org', status: 'active', messages: 2, octets: 320 },
    ],
  },
);

export const mailboxSchema = Type.Object(
  {
    ...rowSchema.properties,
    pop3Enabled: Type.Boolean(),
    quotaOctets: Type.Union([Type.Integer(), Type.Null()], {
      description: 'its own, or that of its domain; null: no bound',
    }),
    createdAt: time,
    deleteAfter: Type.Union([time, Type.Null()], {
      description: 'when a mailbox that is being deleted is removed for good',
    }),
    session: Type.Union(
      [
        Type.Object({
          ownerId: Type.String(),
          node: textOrNull,
          worker: Type.Union([Type.Integer(), Type.Null()]),
          since: timeOrNull,
          client: textOrNull,
          actor: textOrNull,
        }),
        Type.Null(),
      ],
      { description: 'who has it open' },
    ),
  },
  {
    examples: [
      {
        ...{
          mailboxId: '7',
          address: 'ann@example.org',
          status: 'active',
          messages: 2,
          octets: 320,
        },
        ...{
          pop3Enabled: true,
          quotaOctets: null,
          createdAt: '2026-11-24T08:00:00.000Z',
          deleteAfter: null,
        },
        session: null,
      },
    ],
  },
);

export function shown(
  request: FastifyRequest,
  details: MailboxDetails,
): Static<typeof mailboxSchema> {
  const { mailboxId, address, messages, octets, pop3Enabled, createdAt, lock } = details;
  return {
    ...{ mailboxId, address, messages, octets, pop3Enabled, status: details.status },
    quotaOctets: details.quotaOctets,
    createdAt: createdAt.toISOString(),
    deleteAfter: isoOrNull(details.deleteAfter),
    session:
      lock?.alive === true
        ? {
            ...{ ownerId: lock.ownerId, node: lock.nodeName, worker: lock.worker },
            ...{ since: isoOrNull(lock.since), client: lock.client },
            actor: actorSeen(request, lock.actor),
          }
        : null,
  };
}

export async function found(store: Store, address: string): Promise<MailboxDetails> {
  const details = await store.directory.findMailbox(address);
  if (details === null)
    throw new Problem(404, 'there is no such mailbox', { code: 'mailbox-not-found' });
  return details;
}
