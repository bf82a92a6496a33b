/**
 * Mailboxes: made, listed, found and shown.
 */

import { canonicalAddress } from '@poplar/identity';
import { Type } from 'typebox';
import { callerOf } from '../access/caller.ts';
import { addressIn, listedDomain } from '../access/reach.ts';
import type { Routes } from '../api.ts';
import { searchCharactersMax } from '../limits.ts';
import { addressKey, pageOf, pageQuery, pageRequest, pageSchema } from '../page.ts';
import { secretFields, secretOf } from '../passwords.ts';
import { setTag, withTag } from '../preconditions.ts';
import { strict } from '../validation.ts';
import { unlessThere } from './already-there.ts';
import { unlessNoDomain } from './asked-domain.ts';
import { found, mailboxSchema, rowSchema, shown } from './mailbox-shape.ts';
import { addressParams, addressText, domainText } from './shapes.ts';

const tags = ['mailboxes'];
const read = { access: { anyOf: ['read', 'mailboxes'], reach: 'domain' } } as const;
const change = { access: { anyOf: ['mailboxes'], reach: 'domain' } } as const;

export const mailboxListRoutes: Routes = async (app, { store }) => {
  app.get(
    '/mailboxes',
    {
      config: read,
      schema: {
        tags,
        summary: 'List and search mailboxes, in the order of their addresses',
        querystring: strict({
          ...pageQuery,
          domain: Type.Optional(domainText),
          after: Type.Optional(
            Type.String({ ...addressText, description: 'begin behind this address' }),
          ),
          search: Type.Optional(
            Type.String({
              minLength: 1,
              maxLength: searchCharactersMax,
              description: 'a text anywhere in the address',
            }),
          ),
        }),
        response: { 200: pageSchema(rowSchema) },
      },
    },
    async (request) => {
      const { search, after: begin } = request.query;
      // It names nothing that is shown: whatever domain it is of, the listing stays in that of the token.
      const behind = begin === undefined ? '' : (canonicalAddress(begin) ?? begin);
      const domain = listedDomain(request, request.query.domain);
      const page = pageRequest(request.query, addressKey);
      const rows = await store.directory.listMailboxes({
        ...{ after: page.after ?? behind, limit: page.limit },
        ...(domain === null ? {} : { domain }),
        ...(search === undefined ? {} : { search: search.toLowerCase() }),
      });
      await unlessNoDomain(store, { domain, rows });
      return pageOf(rows, page, { key: ({ address }) => address, item: (row) => row });
    },
  );
};

export const mailboxRoutes: Routes = async (app, { store, passwords }) => {
  app.post(
    '/mailboxes',
    {
      config: change,
      schema: {
        tags,
        summary: 'Add a mailbox',
        description: 'Without a password nobody can log in to it yet.',
        body: Type.Object(
          { address: addressText, ...secretFields },
          { additionalProperties: false, examples: [{ address: 'ann@example.org' }] },
        ),
        response: { 201: withTag(mailboxSchema) },
      },
    },
    async (request, reply) => {
      const address = addressIn(request, request.body.address, '/body/address');
      const password = secretOf(request.body);
      const records = password === null ? null : await passwords.make(password);
      const { hash: secret = null, ...scram } = records ?? {};
      const { actor } = callerOf(request);
      await unlessThere(store.directory.addMailbox({ address, secret, ...scram, actor }), {
        ...{ code: 'address-exists', pointer: '/body/address' },
        what: 'a mailbox or a login name of this address',
      });
      const details = await found(store, address);
      setTag(reply, details.settingsVersion);
      return reply.code(201).send(shown(request, details));
    },
  );

  app.get(
    '/mailboxes/:address',
    {
      config: read,
      schema: {
        tags,
        summary: 'Show a mailbox and who has it open',
        params: addressParams,
        response: { 200: withTag(mailboxSchema) },
      },
    },
    async (request, reply) => {
      const details = await found(store, addressIn(request, request.params.address));
      setTag(reply, details.settingsVersion);
      return shown(request, details);
    },
  );
};
