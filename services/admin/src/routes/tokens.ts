/**
 * Tokens of the API. A token is shown once, when it is made; what is kept is its digest.
 *
 * Never: a token that may do more than the one that makes it.
 */

import type { ApiTokenRow } from '@poplar/store';
import { type Static, Type } from 'typebox';
import { callerOf } from '../access/caller.ts';
import { domainIn } from '../access/reach.ts';
import { isForCluster, scopes } from '../access/scopes.ts';
import { digestOf, makeToken } from '../access/tokens.ts';
import type { Routes } from '../api.ts';
import { idKey, pageOf, pageQuery, pageRequest, pageSchema } from '../page.ts';
import { Problem } from '../problem.ts';
import { labelIn, labelText, optionalExpiry } from '../request-fields.ts';
import { strict } from '../validation.ts';
import {
  domainText,
  futureTime,
  idText,
  isoOrNull,
  noContent,
  textOrNull,
  time,
  timeOrNull,
} from './shapes.ts';

const scope = Type.Union(scopes.map((name) => Type.Literal(name)));

const tokenSchema = Type.Object({
  tokenId: Type.String(),
  label: Type.String(),
  scopes: Type.Array(Type.String()),
  domain: textOrNull,
  createdAt: time,
  createdBy: Type.String(),
  expiresAt: timeOrNull,
  revokedAt: timeOrNull,
  lastUsedOn: textOrNull,
  isGood: Type.Boolean({ description: 'neither revoked nor over' }),
});

function shown(row: ApiTokenRow): Static<typeof tokenSchema> {
  return {
    ...row,
    scopes: [...row.scopes],
    createdAt: row.createdAt.toISOString(),
    expiresAt: isoOrNull(row.expiresAt),
    revokedAt: isoOrNull(row.revokedAt),
  };
}

function useless(asked: readonly string[]): Problem {
  const detail = `${asked.join(' and ')} ${asked.length === 1 ? 'is' : 'are'} for all domains: leave out the domain, or give another scope`;
  return new Problem(422, 'a token of one domain could do nothing with this', [
    { pointer: '/body/scopes', detail },
  ]);
}

const tags = ['tokens'];
const access = { anyOf: ['tokens'], reach: 'cluster' } as const;

export const tokenRoutes: Routes = async (app, { store: { administration } }) => {
  app.get(
    '/tokens',
    {
      config: { access },
      schema: {
        tags,
        summary: 'List tokens',
        querystring: strict(pageQuery),
        response: { 200: pageSchema(tokenSchema) },
      },
    },
    async (request) => {
      const page = pageRequest(request.query, idKey);
      const wanted = { after: page.after ?? '0', limit: page.limit };
      const rows = await administration.listTokens(wanted);
      return pageOf(rows, page, { key: ({ tokenId }) => tokenId, item: shown });
    },
  );
};

export const tokenChangeRoutes: Routes = async (app, { store: { administration } }) => {
  app.post(
    '/tokens',
    {
      config: { access },
      schema: {
        tags,
        summary: 'Make a token',
        description:
          'It is shown in this answer and never again. It has no scope that yours lacks, ' +
          'and does not outlive it.',
        body: Type.Object(
          {
            label: labelText,
            scopes: Type.Array(scope, { minItems: 1, maxItems: scopes.length, uniqueItems: true }),
            domain: Type.Optional(domainText),
            expiresAt: Type.Optional(futureTime),
          },
          { additionalProperties: false, examples: [{ label: 'monitoring', scopes: ['read'] }] },
        ),
        response: { 201: Type.Object({ tokenId: Type.String(), token: Type.String() }) },
      },
    },
    async (request, reply) => {
      const { scopes: asked } = request.body;
      const label = labelIn(request.body.label);
      const caller = callerOf(request);
      const missing = asked.filter((name) => !caller.scopes.includes(name));
      if (missing.length > 0) {
        const detail = `your token has no scope ${missing.join(', ')} to give`;
        throw new Problem(403, detail, { code: 'scope-not-held' });
      }
      const { domain: text } = request.body;
      const domain = text === undefined ? null : domainIn(request, text, '/body/domain');
      if (domain !== null && asked.every(isForCluster)) throw useless(asked);
      const expiresAt = optionalExpiry(request.body.expiresAt);
      // Or whoever holds it for a day makes one for good.
      if (caller.expiresAt !== null && (expiresAt === null || expiresAt > caller.expiresAt)) {
        const until = caller.expiresAt.toISOString();
        const detail = `your token ends at ${until}: give an expiresAt that is not later`;
        throw new Problem(403, detail, { code: 'expiry-too-late' });
      }
      const token = makeToken();
      const made = { digest: digestOf(token), label, scopes: asked, domain, expiresAt };
      const tokenId = await administration.addToken({ ...made, actor: caller.actor });
      return reply.code(201).send({ tokenId, token });
    },
  );

  app.delete(
    '/tokens/:tokenId',
    {
      config: { access },
      schema: {
        tags,
        summary: 'Revoke a token',
        description: 'From then on it opens nothing.',
        params: strict({ tokenId: idText }),
        response: { 204: noContent },
      },
    },
    async (request, reply) => {
      const { tokenId } = request.params;
      await administration.revokeToken({ tokenId, actor: callerOf(request).actor });
      return reply.code(204).send(null);
    },
  );
};
