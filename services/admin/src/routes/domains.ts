/**
 * The domains whose mail is kept here.
 */

import type { Directory, DomainRow } from '@poplar/store';
import type { FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { callerOf } from '../access/caller.ts';
import { domainIn } from '../access/reach.ts';
import type { Routes } from '../api.ts';
import { domainKey, pageOf, pageQuery, pageRequest, pageSchema } from '../page.ts';
import { ifMatch, setTag, versionsIn, withTag } from '../preconditions.ts';
import { Problem, problemSchema } from '../problem.ts';
import { strict } from '../validation.ts';
import { unlessThere } from './already-there.ts';
import { domainParams, domainText, noContent, quota } from './shapes.ts';

const settings = {
  pop3Enabled: Type.Boolean({ description: 'whether its mailboxes may use POP3' }),
  loginDelaySeconds: Type.Integer({
    minimum: 0,
    maximum: 86_400,
    description: 'how soon a maildrop may be opened again',
  }),
  undeleteWindowSeconds: Type.Integer({
    minimum: 0,
    maximum: 31_622_400,
    description: 'how long what a QUIT removed can be restored; for QUITs from now on',
  }),
  quotaOctets: quota,
};

const domainSchema = Type.Object(
  { domain: Type.String(), ...settings, mailboxes: Type.Integer() },
  {
    examples: [
      {
        domain: 'example.org',
        pop3Enabled: true,
        loginDelaySeconds: 0,
        undeleteWindowSeconds: 604_800,
        quotaOctets: 1_073_741_824,
        mailboxes: 2,
      },
    ],
  },
);

function shown({ name, ...row }: DomainRow): Static<typeof domainSchema> {
  return {
    domain: name,
    pop3Enabled: row.pop3Enabled,
    loginDelaySeconds: row.loginDelaySeconds,
    undeleteWindowSeconds: row.undeleteWindowSeconds,
    quotaOctets: row.quotaOctets,
    mailboxes: row.mailboxes,
  };
}

const tags = ['domains'];

const read = { access: { anyOf: ['read', 'mailboxes'], reach: 'domain' } } as const;
const change = { access: { anyOf: ['mailboxes'], reach: 'domain' } } as const;
const changeAll = { access: { anyOf: ['mailboxes'], reach: 'cluster' } } as const;

async function found(directory: Directory, name: string): Promise<DomainRow> {
  const row = await directory.findDomain(name);
  if (row === null) throw new Problem(404, 'there is no such domain', { code: 'domain-not-found' });
  return row;
}

export const domainReadRoutes: Routes = async (app, { store: { directory } }) => {
  app.get(
    '/domains',
    {
      config: read,
      schema: {
        tags,
        summary: 'List domains',
        querystring: strict(pageQuery),
        response: { 200: pageSchema(domainSchema) },
      },
    },
    async (request) => {
      const page = pageRequest(request.query, domainKey);
      const { domain } = callerOf(request);
      if (domain !== null) return { items: [shown(await found(directory, domain))], next: null };
      const rows = await directory.listDomains({ after: page.after ?? '', limit: page.limit });
      return pageOf(rows, page, { key: ({ name }) => name, item: shown });
    },
  );
};

export const domainAddRoutes: Routes = async (app, { store: { directory } }) => {
  app.post(
    '/domains',
    {
      config: changeAll,
      schema: {
        tags,
        summary: 'Add a domain',
        body: Type.Object(
          { domain: domainText, ...Type.Partial(Type.Object(settings)).properties },
          { additionalProperties: false, examples: [{ domain: 'example.org' }] },
        ),
        response: { 201: withTag(domainSchema) },
      },
    },
    async (request, reply) => {
      const { domain, ...given } = request.body;
      const name = domainIn(request, domain, '/body/domain');
      await unlessThere(directory.addDomain({ name, ...given, actor: callerOf(request).actor }), {
        ...{ code: 'domain-exists', what: 'the domain', pointer: '/body/domain' },
      });
      const row = await found(directory, name);
      setTag(reply, row.settingsVersion);
      return reply.code(201).send(shown(row));
    },
  );
};

/** Or whoever runs one domain would lift the bound that its keeper has set. */
function refuseOwnQuota(request: FastifyRequest, body: { quotaOctets?: number | null }): void {
  if (callerOf(request).domain === null || body.quotaOctets === undefined) return;
  const detail = 'the quota of a domain is not set by a token of that domain';
  throw new Problem(403, detail, { code: 'not-allowed' });
}

export const domainRoutes: Routes = async (app, { store: { directory } }) => {
  app.get(
    '/domains/:domain',
    {
      config: read,
      schema: {
        tags,
        summary: 'Show a domain',
        params: domainParams,
        response: { 200: withTag(domainSchema) },
      },
    },
    async (request, reply) => {
      const row = await found(directory, domainIn(request, request.params.domain));
      setTag(reply, row.settingsVersion);
      return shown(row);
    },
  );

  app.patch(
    '/domains/:domain',
    {
      config: change,
      schema: {
        tags,
        summary: 'Change what is set for a domain',
        description: 'What is not given stays. `quotaOctets` is not for tokens of one domain.',
        params: domainParams,
        headers: ifMatch,
        body: Type.Partial(Type.Object(settings), {
          additionalProperties: false,
          minProperties: 1,
          examples: [{ loginDelaySeconds: 30 }],
        }),
        response: { 200: withTag(domainSchema), 412: problemSchema },
      },
    },
    async (request, reply) => {
      const name = domainIn(request, request.params.domain);
      const { actor } = callerOf(request);
      refuseOwnQuota(request, request.body);
      const versions = versionsIn(request.headers);
      await directory.setDomain({ name, ...request.body, versions, actor });
      const row = await found(directory, name);
      setTag(reply, row.settingsVersion);
      return shown(row);
    },
  );

  app.delete(
    '/domains/:domain',
    {
      config: changeAll,
      schema: {
        tags,
        summary: 'Remove a domain',
        description: 'Only one without mailboxes. Tokens of this domain go with it.',
        params: domainParams,
        headers: ifMatch,
        response: { 204: noContent, 412: problemSchema },
      },
    },
    async (request, reply) => {
      const name = domainIn(request, request.params.domain);
      const { actor } = callerOf(request);
      await directory.removeDomain({ name, versions: versionsIn(request.headers), actor });
      return reply.code(204).send(null);
    },
  );
};
