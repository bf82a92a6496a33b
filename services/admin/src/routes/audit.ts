/**
 * Who changed what, the latest first.
 */

import { Type } from 'typebox';
import { callerOf } from '../access/caller.ts';
import { addressIn } from '../access/reach.ts';
import type { Routes } from '../api.ts';
import { idKey, pageOf, pageQuery, pageRequest, pageSchema } from '../page.ts';
import { Problem } from '../problem.ts';
import { strict } from '../validation.ts';
import { addressText, textOrNull, time } from './shapes.ts';

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

export const auditRoutes: Routes = async (app, { store: { administration } }) => {
  app.get(
    '/audit',
    {
      config: { access: { anyOf: ['read'], reach: 'domain' } },
      schema: {
        tags: ['audit'],
        summary: 'List changes, the latest first',
        description: 'A token of one domain must name a mailbox of it.',
        querystring: strict({ ...pageQuery, address: Type.Optional(addressText) }),
        response: { 200: pageSchema(entrySchema) },
      },
    },
    async (request) => {
      const { address: text } = request.query;
      if (text === undefined && callerOf(request).domain !== null) {
        throw new Problem(403, 'the token is good for one domain: name a mailbox of it');
      }
      const page = pageRequest(request.query, idKey);
      const rows = await administration.listAudit({
        limit: page.limit,
        ...(page.after === null ? {} : { before: page.after }),
        ...(text === undefined ? {} : { address: addressIn(request, text) }),
      });
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
