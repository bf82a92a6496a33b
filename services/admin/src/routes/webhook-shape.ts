/**
 * A webhook and its deliveries as the API shows them.
 *
 * Never: a secret.
 */

import {
  deliveryStates,
  type WebhookDeliveryRow,
  type WebhookRow,
  webhookEvents,
} from '@poplar/store';
import { type Static, Type } from 'typebox';
import { strict } from '../validation.ts';
import { urlCharactersMax } from '../webhooks/limits.ts';
import { idText, isoOrNull, textOrNull, time, timeOrNull } from './shapes.ts';

export const webhookParams = strict({ webhookId: idText });
export const deliveryParams = strict({ deliveryId: idText });

export const urlText = Type.String({
  minLength: 1,
  maxLength: urlCharactersMax,
  description:
    'https, without a name or password in it; its host must have public addresses, or such as ' +
    'the configuration allows (`webhooks.allowedNetworks`)',
  examples: ['https://hooks.example.com/poplar'],
});

export const eventsList = Type.Array(Type.Union(webhookEvents.map((name) => Type.Literal(name))), {
  minItems: 1,
  maxItems: webhookEvents.length,
  uniqueItems: true,
  examples: [['message.delivered', 'quota.near']],
});

export const deliveryState = Type.Union(deliveryStates.map((name) => Type.Literal(name)));

const count = Type.Integer({ description: 'exact up to 10,000' });

export const webhookSchema = Type.Object(
  {
    webhookId: Type.String(),
    url: Type.String(),
    events: Type.Array(Type.String()),
    enabled: Type.Boolean({
      description: 'false: it is suspended; by `system` in the audit when it fell too far behind',
    }),
    domain: textOrNull,
    createdAt: time,
    createdBy: Type.String(),
    formerSecretUntil: Type.Union([time, Type.Null()], {
      description: 'until then requests are signed with the secret before the last rotation too',
    }),
    pending: count,
    dead: count,
  },
  {
    examples: [
      {
        ...{ webhookId: '3', url: 'https://hooks.example.com/poplar' },
        ...{ events: ['message.delivered'], enabled: true, domain: 'example.org' },
        ...{ createdAt: '2026-11-24T08:00:00.000Z', createdBy: 'root', formerSecretUntil: null },
        ...{ pending: 0, dead: 0 },
      },
    ],
  },
);

export function shownWebhook(row: WebhookRow): Static<typeof webhookSchema> {
  return {
    ...row,
    events: [...row.events],
    createdAt: row.createdAt.toISOString(),
    formerSecretUntil: isoOrNull(row.formerSecretUntil),
  };
}

const eventId = '0d8f6f6e-2b8a-4b57-9d6a-0a5b8b6f3a11';

export const deliverySchema = Type.Object(
  {
    deliveryId: Type.String(),
    eventId: Type.String({ description: 'the same at each attempt and at each webhook' }),
    event: Type.String(),
    state: Type.String({ description: '`pending`, `delivered` or `dead`' }),
    attempts: Type.Integer(),
    createdAt: time,
    nextAttemptAt: timeOrNull,
    finishedAt: timeOrNull,
    lastStatus: Type.Union([Type.Integer(), Type.Null()]),
    lastError: textOrNull,
    payload: Type.Record(Type.String(), Type.Unknown(), { description: 'the body that is sent' }),
  },
  {
    examples: [
      {
        ...{ deliveryId: '812', eventId, event: 'message.delivered', state: 'dead', attempts: 16 },
        ...{ createdAt: '2026-11-24T08:00:00.000Z', nextAttemptAt: null },
        ...{ finishedAt: '2026-11-24T13:11:00.000Z', lastStatus: 503, lastError: 'status' },
        payload: {
          ...{ id: eventId, event: 'message.delivered', at: '2026-11-24T08:00:00.000Z' },
          ...{ domain: 'example.org', mailbox: 'ann@example.org' },
          data: { messageId: '41', octets: 2048 },
        },
      },
    ],
  },
);

export function shownDelivery(row: WebhookDeliveryRow): Static<typeof deliverySchema> {
  return {
    ...row,
    createdAt: row.createdAt.toISOString(),
    nextAttemptAt: row.state === 'pending' ? row.nextAttemptAt.toISOString() : null,
    finishedAt: isoOrNull(row.finishedAt),
    payload: Object(JSON.parse(row.payload)),
  };
}
