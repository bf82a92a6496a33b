/**
 * The messages of a mailbox: sizes, dates, flags, the fields of their headers that tell which they are.
 * What a QUIT flagged can be restored or removed for good.
 *
 * Never: a body.
 */

import type { MessagePreview } from '@poplar/store';
import { type Static, Type } from 'typebox';
import { callerOf } from '../access/caller.ts';
import { addressIn } from '../access/reach.ts';
import type { Routes } from '../api.ts';
import { previewOf } from '../header-preview.ts';
import { messageIdsMax, previewOctets, purgeSlicesMax } from '../limits.ts';
import { idKey, pageOf, pageQuery, pageRequest, pageSchema } from '../page.ts';
import { Problem } from '../problem.ts';
import { strict } from '../validation.ts';
import { found } from './mailbox-shape.ts';
import { addressParams, idText, isoOrNull, textOrNull, time } from './shapes.ts';

const headerSchema = Type.Object({
  from: textOrNull,
  to: textOrNull,
  subject: textOrNull,
  date: textOrNull,
  messageId: textOrNull,
});

const messageSchema = Type.Object({
  messageId: Type.String(),
  uidl: Type.Union([Type.String(), Type.Null()], {
    description: 'the one it came with; null where UIDL is made of its id',
  }),
  octets: Type.Integer(),
  receivedAt: time,
  deletedAt: Type.Union([time, Type.Null()], { description: 'when a QUIT flagged it' }),
  header: Type.Optional(headerSchema),
});

function shown(row: MessagePreview): Static<typeof messageSchema> {
  return {
    messageId: String(row.messageId),
    uidl: row.uidl,
    octets: row.octets,
    receivedAt: row.receivedAt.toISOString(),
    deletedAt: isoOrNull(row.deletedAt),
    ...(row.header === null ? {} : { header: { ...previewOf(row.header) } }),
  };
}

const tags = ['messages'];
const access = { anyOf: ['messages'], reach: 'domain' } as const;

const someOrAll = Type.Object(
  {
    messageIds: Type.Optional(
      Type.Array(idText, {
        minItems: 1,
        maxItems: messageIdsMax,
        description: 'all that are flagged without it',
      }),
    ),
  },
  { additionalProperties: false, examples: [{ messageIds: ['41'] }, {}] },
);

function idsOf({ messageIds }: { readonly messageIds?: readonly string[] }): bigint[] | null {
  return messageIds === undefined ? null : messageIds.map(BigInt);
}

export const messageRoutes: Routes = async (app, { store }) => {
  app.get(
    '/mailboxes/:address/messages',
    {
      config: { access },
      schema: {
        tags,
        summary: 'List messages, those that a QUIT flagged included',
        params: addressParams,
        querystring: strict({
          ...pageQuery,
          flagged: Type.Optional(
            Type.Boolean({
              description: 'only those that are flagged, or only those that are not',
            }),
          ),
          header: Type.Optional(
            Type.Boolean({ description: 'also From, To, Subject, Date and Message-ID' }),
          ),
        }),
        response: { 200: pageSchema(messageSchema) },
      },
    },
    async (request) => {
      const page = pageRequest(request.query, idKey);
      const { mailboxId } = await found(store, addressIn(request, request.params.address));
      const rows = await store.administration.messages.list({
        ...{ mailboxId, limit: page.limit, flagged: request.query.flagged },
        headerOctets: request.query.header === true ? previewOctets : 0,
        ...(page.after === null ? {} : { after: BigInt(page.after) }),
      });
      return pageOf(rows, page, { key: ({ messageId }) => String(messageId), item: shown });
    },
  );
};

export const messageChangeRoutes: Routes = async (app, { store: { administration } }) => {
  app.post(
    '/mailboxes/:address/messages/restore',
    {
      config: { access },
      // All that are flagged is what it restores without anything named; so it is without a body.
      preValidation: async (request) => {
        request.body ??= {};
      },
      schema: {
        tags,
        summary: 'Restore flagged messages',
        description:
          'The next session sees them. What was purged is gone: 404 when nothing that was named is there.',
        params: addressParams,
        body: someOrAll,
        response: {
          200: Type.Object({
            restored: Type.Integer(),
            missing: Type.Array(Type.String(), {
              description: 'of those that were named: they are not there, or not any more',
            }),
          }),
        },
      },
    },
    async (request) => {
      const address = addressIn(request, request.params.address);
      const { actor } = callerOf(request);
      const messageIds = idsOf(request.body);
      const done = await administration.messages.restore({ address, messageIds, actor });
      if (
        messageIds !== null &&
        messageIds.length > 0 &&
        done.missing.length === messageIds.length
      ) {
        const detail = 'the mailbox has none of these messages';
        throw new Problem(404, detail, { code: 'message-not-found' });
      }
      return { restored: done.restored, missing: [...done.missing] };
    },
  );

  app.post(
    '/mailboxes/:address/messages/purge',
    {
      config: { access },
      schema: {
        tags,
        summary: 'Remove flagged messages for good, whatever their undelete window',
        description: 'Call again while `more` is true.',
        params: addressParams,
        body: someOrAll,
        response: { 200: Type.Object({ purged: Type.Integer(), more: Type.Boolean() }) },
      },
    },
    async (request) => {
      const address = addressIn(request, request.params.address);
      const given = { address, messageIds: idsOf(request.body), actor: callerOf(request).actor };
      let purged = 0;
      for (let slices = 0; slices < purgeSlicesMax; slices += 1) {
        const slice = await administration.messages.expunge(given);
        purged += slice.purged;
        if (!slice.more) return { purged, more: false };
      }
      return { purged, more: true };
    },
  );
};
