/**
 * Who changed what, the latest first.
 */

import { Type } from 'typebox';
import { addressIn, listedDomain } from '../access/reach.ts';
import type { Routes } from '../api.ts';
import { idKey, pageOf, pageQuery, pageRequest, pageSchema } from '../page.ts';
import { strict } from '../validation.ts';
import { unlessNoDomain } from './asked-domain.ts';
import { addressText, domainText, textOrNull, time } from './shapes.ts';

const entrySchema = Type.Object(
  {
    auditId: Type.String(),
    at: time,
    actor: Type.String({ description: '`root`, `token:<id> <label>`, `command` or `system`' }),
    action: Type.String(),
    mailboxId: textOrNull,
    subject: Type.String(),
    detail: Type.Record(Type.String(), Type.Unknown()),
  },
  {
    examples: [
      {
        ...{ auditId: '12', at: '2026-11-24T08:00:00.000Z', actor: 'root', action: 'mailbox.add' },
        ...{ mailboxId: '7', subject: 'ann@example.org', detail: {} },
      },
    ],
  },
);

function detailOf(json: string): Record<string, unknown> {
  return Object(JSON.parse(json));
}

export const auditRoutes: Routes = async (app, { store }) => {
  const { administration } = store;
  app.get(
    '/audit',
    {
      config: { access: { anyOf: ['read'], reach: 'domain' } },
      schema: {
        tags: ['audit'],
        summary: 'List changes, the latest first',
        description:
          'Of everything, of a domain or of a mailbox. A token of one domain sees what was done to ' +
          'its mailboxes, itself and its webhooks alone.',
        querystring: strict({
          ...pageQuery,
          address: Type.Optional(addressText),
          domain: Type.Optional(domainText),
        }),
        response: { 200: pageSchema(entrySchema) },
      },
    },
    async (request) => {
      const { address: text } = request.query;
      const domain = listedDomain(request, request.query.domain);
      const page = pageRequest(request.query, idKey);
      const { limit, after } = page;
      const asked = { limit, ...(after === null ? {} : { before: after }) };
      const ofMailbox = text === undefined ? {} : { address: addressIn(request, text) };
      const rows =
        domain === null || text !== undefined
          ? await administration.listAudit({ ...asked, ...ofMailbox })
          : await administration.listDomainAudit({ ...asked, domain });
      await unlessNoDomain(store, { domain, rows });
      return pageOf(rows, page, {
        key: ({ auditId }) => auditId,
        item: ({ at, detail, ...row }) => ({
          ...row,
          at: at.toISOString(),
          detail: detailOf(detail),
        }),
      });
    },
  );
};
