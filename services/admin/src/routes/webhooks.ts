/**
 * Webhooks: whom events are sent to, and what became of them. A token of one domain sees and makes those of
 * its domain alone, and such a webhook is told of that domain alone.
 *
 * Never: a secret but in the answer that makes it; a webhook of another domain told from one that is not
 * there.
 */

import { Type } from 'typebox';
import { callerOf } from '../access/caller.ts';
import { domainIn } from '../access/reach.ts';
import type { Routes } from '../api.ts';
import { idKey, pageOf, pageQuery, pageRequest, pageSchema } from '../page.ts';
import { strict } from '../validation.ts';
import { makeSecret } from '../webhooks/signature.ts';
import { reachableUrl } from '../webhooks/webhook-url.ts';
import { domainText, noContent } from './shapes.ts';
import {
  eventsList,
  shownWebhook,
  urlText,
  webhookParams,
  webhookSchema,
} from './webhook-shape.ts';

const tags = ['webhooks'];
const access = { anyOf: ['webhooks'], reach: 'domain' } as const;

export const webhookReadRoutes: Routes = async (app, { store }) => {
  const { webhooks } = store.administration;
  app.get(
    '/webhooks',
    {
      config: { access },
      schema: {
        tags,
        summary: 'List webhooks',
        querystring: strict(pageQuery),
        response: { 200: pageSchema(webhookSchema) },
      },
    },
    async (request) => {
      const page = pageRequest(request.query, idKey);
      const { domain } = callerOf(request);
      const rows = await webhooks.list({ after: page.after ?? '0', domain, limit: page.limit });
      return pageOf(rows, page, { key: ({ webhookId }) => webhookId, item: shownWebhook });
    },
  );

  app.get(
    '/webhooks/:webhookId',
    {
      config: { access },
      schema: {
        tags,
        summary: 'Show a webhook',
        params: webhookParams,
        response: { 200: webhookSchema },
      },
    },
    async (request) => {
      const { domain } = callerOf(request);
      return shownWebhook(await webhooks.find(request.params.webhookId, domain));
    },
  );
};

export const webhookAddRoutes: Routes = async (app, { store, webhookRules: rules }) => {
  app.post(
    '/webhooks',
    {
      config: { access },
      schema: {
        tags,
        summary: 'Add a webhook',
        description:
          'Each event is sent by POST, at least once and in no order. The secret, with which ' +
          'requests are signed, is shown in this answer and never again. A token of one domain ' +
          'makes webhooks of that domain. A host that has an address which is not allowed is ' +
          'refused now, if it is known now, and looked at again whenever something is sent.',
        body: Type.Object(
          { url: urlText, events: eventsList, domain: Type.Optional(domainText) },
          {
            additionalProperties: false,
            examples: [{ url: 'https://hooks.example.com/poplar', events: ['message.delivered'] }],
          },
        ),
        response: { 201: Type.Object({ webhookId: Type.String(), secret: Type.String() }) },
      },
    },
    async (request, reply) => {
      const { url: text, events, domain: asked } = request.body;
      const { actor, domain: own } = callerOf(request);
      const domain = asked === undefined ? own : domainIn(request, asked, '/body/domain');
      const { href: url, origin } = await reachableUrl(text, rules);
      const secret = makeSecret();
      const made = { url, origin, events, secret, domain, actor };
      const webhookId = await store.administration.webhooks.add(made);
      return reply.code(201).send({ webhookId, secret });
    },
  );
};

export const webhookChangeRoutes: Routes = async (app, { store, webhookRules: rules }) => {
  const { webhooks } = store.administration;
  app.patch(
    '/webhooks/:webhookId',
    {
      config: { access },
      schema: {
        tags,
        summary: 'Change a webhook',
        description:
          'One that is suspended (`enabled` false) is told of nothing; what still waits for it ' +
          'becomes dead letters.',
        params: webhookParams,
        body: Type.Object(
          {
            url: Type.Optional(urlText),
            events: Type.Optional(eventsList),
            enabled: Type.Optional(Type.Boolean()),
          },
          { additionalProperties: false, minProperties: 1, examples: [{ enabled: false }] },
        ),
        response: { 200: webhookSchema },
      },
    },
    async (request) => {
      const { webhookId } = request.params;
      const { actor, domain } = callerOf(request);
      const { url: text, events, enabled } = request.body;
      // Before it is looked up: who may not change it learns nothing of a name.
      await webhooks.find(webhookId, domain);
      const url = text === undefined ? undefined : await reachableUrl(text, rules);
      const to = { url: url?.href, origin: url?.origin };
      await webhooks.set({ webhookId, domain, ...to, events, enabled, actor });
      return shownWebhook(await webhooks.find(webhookId, domain));
    },
  );
};

export const webhookRemovalRoutes: Routes = async (app, { store }) => {
  const { webhooks } = store.administration;
  app.delete(
    '/webhooks/:webhookId',
    {
      config: { access },
      schema: {
        tags,
        summary: 'Remove a webhook',
        params: webhookParams,
        response: { 204: noContent },
      },
    },
    async (request, reply) => {
      const { actor, domain } = callerOf(request);
      await webhooks.remove({ webhookId: request.params.webhookId, domain, actor });
      return reply.code(204).send(null);
    },
  );
};

export const webhookSecretRoutes: Routes = async (app, { store }) => {
  const { webhooks } = store.administration;
  app.post(
    '/webhooks/:webhookId/secret',
    {
      config: { access },
      schema: {
        tags,
        summary: 'Give a webhook a new secret',
        description:
          'It is shown in this answer and never again. For 24 hours requests are signed with ' +
          'the former one as well; with `dropFormer`, because that has leaked, from now on with ' +
          'the new one alone.',
        params: webhookParams,
        querystring: strict({ dropFormer: Type.Optional(Type.Boolean()) }),
        response: { 201: Type.Object({ secret: Type.String() }) },
      },
    },
    async (request, reply) => {
      const { actor, domain } = callerOf(request);
      const { webhookId } = request.params;
      const { dropFormer } = request.query;
      const secret = makeSecret();
      await webhooks.set({ webhookId, domain, secret, dropFormer, actor });
      return reply.code(201).send({ secret });
    },
  );

  app.delete(
    '/webhooks/:webhookId/former-secret',
    {
      config: { access },
      schema: {
        tags,
        summary: 'Sign no more with the secret before the last rotation',
        params: webhookParams,
        response: { 204: noContent },
      },
    },
    async (request, reply) => {
      const { actor, domain } = callerOf(request);
      const { webhookId } = request.params;
      await webhooks.set({ webhookId, domain, dropFormer: true, actor });
      return reply.code(204).send(null);
    },
  );
};
