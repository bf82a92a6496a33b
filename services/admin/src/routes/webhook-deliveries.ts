/**
 * Deliveries of webhooks: listed, sent again, and one that is a test.
 */

import { Type } from 'typebox';
import { callerOf } from '../access/caller.ts';
import type { Routes } from '../api.ts';
import { idKey, pageOf, pageQuery, pageRequest, pageSchema } from '../page.ts';
import { strict } from '../validation.ts';
import {
  deliveryParams,
  deliverySchema,
  deliveryState,
  shownDelivery,
  webhookParams,
} from './webhook-shape.ts';

const tags = ['webhooks'];
const access = { anyOf: ['webhooks'], reach: 'domain' } as const;

export const webhookDeliveryRoutes: Routes = async (app, { store }) => {
  const { webhooks } = store.administration;
  app.get(
    '/webhooks/:webhookId/deliveries',
    {
      config: { access },
      schema: {
        tags,
        summary: 'List the deliveries of a webhook, the latest first',
        description: 'What was delivered is kept for a day, a dead letter for 30 days.',
        params: webhookParams,
        querystring: strict({ ...pageQuery, state: Type.Optional(deliveryState) }),
        response: { 200: pageSchema(deliverySchema) },
      },
    },
    async (request) => {
      const page = pageRequest(request.query, idKey);
      const { webhookId } = await webhooks.find(request.params.webhookId, callerOf(request).domain);
      const { state } = request.query;
      const wanted = { webhookId, state, before: page.after, limit: page.limit };
      const rows = await webhooks.listDeliveries(wanted);
      return pageOf(rows, page, { key: ({ deliveryId }) => deliveryId, item: shownDelivery });
    },
  );

  app.post(
    '/webhooks/:webhookId/test',
    {
      config: { access },
      schema: {
        tags,
        summary: 'Send the event `webhook.test`',
        description: 'It goes the way of every other event: its delivery tells what came of it.',
        params: webhookParams,
        response: { 202: Type.Object({ deliveryId: Type.String(), eventId: Type.String() }) },
      },
    },
    async (request, reply) => {
      const { actor, domain } = callerOf(request);
      const { webhookId } = request.params;
      return reply.code(202).send(await webhooks.test({ webhookId, domain, actor }));
    },
  );

  app.post(
    '/webhook-deliveries/:deliveryId/resend',
    {
      config: { access },
      schema: {
        tags,
        summary: 'Send a dead letter again, or what was delivered',
        description: 'From its first attempt on, under the same event id.',
        params: deliveryParams,
        response: { 202: Type.Object({ deliveryId: Type.String() }) },
      },
    },
    async (request, reply) => {
      const { actor, domain } = callerOf(request);
      const { deliveryId } = request.params;
      await webhooks.resend({ deliveryId, domain, actor });
      return reply.code(202).send({ deliveryId });
    },
  );
};
