/**
 * The names under which a mailbox logs in: its address and its aliases.
 */

import { Type } from 'typebox';
import { callerOf } from '../access/caller.ts';
import { addressIn, loginNameIn } from '../access/reach.ts';
import type { Routes } from '../api.ts';
import { Problem } from '../problem.ts';
import { strict } from '../validation.ts';
import { unlessThere } from './already-there.ts';
import { addressParams, addressText, noContent } from './shapes.ts';

const nameText = Type.String({
  minLength: 1,
  maxLength: 320,
  description: 'an address, or a name without a domain',
  examples: ['ann.b@example.org'],
});

const listSchema = Type.Object(
  { items: Type.Array(Type.String()) },
  { examples: [{ items: ['ann@example.org', 'ann.b@example.org'] }] },
);

const tags = ['login names'];
const read = { access: { anyOf: ['read', 'mailboxes'], reach: 'domain' } } as const;
const change = { access: { anyOf: ['mailboxes'], reach: 'domain' } } as const;

export const loginNameRoutes: Routes = async (app, { store: { directory } }) => {
  const listed = async (address: string): Promise<{ items: string[] }> => {
    const items = await directory.listLoginNames(address);
    if (items.length === 0)
      throw new Problem(404, 'there is no such mailbox', { code: 'mailbox-not-found' });
    return { items };
  };

  app.get(
    '/mailboxes/:address/login-names',
    {
      config: read,
      schema: {
        tags,
        summary: 'List the names under which a mailbox logs in',
        params: addressParams,
        response: { 200: listSchema },
      },
    },
    async (request) => listed(addressIn(request, request.params.address)),
  );

  app.post(
    '/mailboxes/:address/login-names',
    {
      config: change,
      schema: {
        tags,
        summary: 'Add an alias',
        params: addressParams,
        body: Type.Object(
          { name: nameText },
          { additionalProperties: false, examples: [{ name: 'ann.b@example.org' }] },
        ),
        response: { 201: listSchema },
      },
    },
    async (request, reply) => {
      const address = addressIn(request, request.params.address);
      const name = loginNameIn(request, request.body.name, '/body/name');
      await unlessThere(directory.addLoginName({ address, name, actor: callerOf(request).actor }), {
        ...{ code: 'login-name-exists', what: 'the login name', pointer: '/body/name' },
      });
      return reply.code(201).send(await listed(address));
    },
  );

  app.delete(
    '/mailboxes/:address/login-names/:name',
    {
      config: change,
      schema: {
        tags,
        summary: 'Remove an alias',
        params: strict({ address: addressText, name: nameText }),
        response: { 204: noContent },
      },
    },
    async (request, reply) => {
      const address = addressIn(request, request.params.address);
      const name = loginNameIn(request, request.params.name);
      await directory.removeLoginName({ address, name, actor: callerOf(request).actor });
      return reply.code(204).send(null);
    },
  );
};
