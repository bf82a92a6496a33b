/**
 * Who may open whose maildrop: grants of a mailbox to another one, and master users of a domain or of
 * all.
 */

import { Type } from 'typebox';
import { callerOf } from '../access/caller.ts';
import { addressIn, domainIn } from '../access/reach.ts';
import type { Routes } from '../api.ts';
import { Problem } from '../problem.ts';
import { strict } from '../validation.ts';
import { addressParams, addressText, domainText, noContent, textOrNull } from './shapes.ts';

const grantSchema = Type.Object(
  {
    kind: Type.Union([
      Type.Literal('opened-by'),
      Type.Literal('opened-by-master'),
      Type.Literal('opens'),
      Type.Literal('opens-domain'),
    ]),
    name: Type.String(),
    domain: textOrNull,
  },
  { examples: [{ kind: 'opened-by', name: 'ben@example.org', domain: null }] },
);

const tags = ['grants'];
const read = { access: { anyOf: ['read', 'mailboxes'], reach: 'domain' } } as const;
const change = { access: { anyOf: ['mailboxes'], reach: 'domain' } } as const;
/** A master user of all domains, or one who lives in another domain, is the cluster's matter. */
const changeAll = { access: { anyOf: ['mailboxes'], reach: 'cluster' } } as const;

const pair = strict({ address: addressText, grantee: addressText });
const ofDomain = strict({ domain: Type.Optional(domainText) });

export const grantRoutes: Routes = async (app, { store: { directory } }) => {
  app.get(
    '/mailboxes/:address/grants',
    {
      config: read,
      schema: {
        tags,
        summary: 'List who may open a mailbox and what it may open',
        params: addressParams,
        response: { 200: Type.Object({ items: Type.Array(grantSchema) }) },
      },
    },
    async (request) => ({
      items: await directory.listGrants(addressIn(request, request.params.address)),
    }),
  );

  app.put(
    '/mailboxes/:address/grants/:grantee',
    {
      config: change,
      schema: {
        tags,
        summary: 'Let another mailbox open this one',
        params: pair,
        response: { 204: noContent },
      },
    },
    async (request, reply) => {
      const address = addressIn(request, request.params.address);
      const grantee = addressIn(request, request.params.grantee, '/params/grantee');
      if (grantee === address) {
        const detail = 'a mailbox opens its own maildrop without a grant';
        throw new Problem(422, detail, { code: 'grant-to-itself' });
      }
      await directory.addGrant({ address, grantee, actor: callerOf(request).actor });
      return reply.code(204).send(null);
    },
  );

  app.delete(
    '/mailboxes/:address/grants/:grantee',
    {
      config: change,
      schema: { tags, summary: 'Take that back', params: pair, response: { 204: noContent } },
    },
    async (request, reply) => {
      const address = addressIn(request, request.params.address);
      const grantee = addressIn(request, request.params.grantee, '/params/grantee');
      await directory.removeGrant({ address, grantee, actor: callerOf(request).actor });
      return reply.code(204).send(null);
    },
  );
};

export const masterGrantRoutes: Routes = async (app, { store: { directory } }) => {
  app.put(
    '/mailboxes/:address/master-grant',
    {
      config: changeAll,
      schema: {
        tags,
        summary: 'Make a mailbox a master user of a domain, or of all without one',
        params: addressParams,
        querystring: ofDomain,
        response: { 204: noContent },
      },
    },
    async (request, reply) => {
      const grantee = addressIn(request, request.params.address);
      const { domain: text } = request.query;
      const domain = text === undefined ? null : domainIn(request, text);
      await directory.addMasterGrant({ grantee, domain, actor: callerOf(request).actor });
      return reply.code(204).send(null);
    },
  );

  app.delete(
    '/mailboxes/:address/master-grant',
    {
      config: changeAll,
      schema: {
        tags,
        summary: 'Take that back',
        params: addressParams,
        querystring: ofDomain,
        response: { 204: noContent },
      },
    },
    async (request, reply) => {
      const grantee = addressIn(request, request.params.address);
      const { domain: text } = request.query;
      const domain = text === undefined ? null : domainIn(request, text);
      await directory.removeMasterGrant({ grantee, domain, actor: callerOf(request).actor });
      return reply.code(204).send(null);
    },
  );
};
