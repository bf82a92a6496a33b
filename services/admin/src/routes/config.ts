/**
 * What the node that answers runs with, and what a token may do.
 *
 * Never: a password; the runtime hides them.
 */

import { describeConfig } from '@poplar/runtime';
import { Type } from 'typebox';
import { callerOf } from '../access/caller.ts';
import { scopes } from '../access/scopes.ts';
import type { Routes } from '../api.ts';
import { textOrNull } from './shapes.ts';

const settingSchema = Type.Object(
  { key: Type.String(), value: Type.String(), source: Type.String() },
  { examples: [{ key: 'limits.lockWaitMs', value: '3000', source: 'default' }] },
);

export const configRoutes: Routes = async (app, { config }) => {
  app.get(
    '/self',
    {
      config: { access: { anyOf: scopes, reach: 'domain' } },
      schema: {
        tags: ['tokens'],
        summary: 'Show what the token of this request may do',
        response: {
          200: Type.Object({
            actor: Type.String(),
            scopes: Type.Array(Type.String()),
            domain: textOrNull,
          }),
        },
      },
    },
    async (request) => {
      const { actor, scopes: held, domain } = callerOf(request);
      return { actor, scopes: [...held], domain };
    },
  );

  app.get(
    '/config',
    {
      config: { access: { anyOf: ['read'], reach: 'cluster' } },
      schema: {
        tags: ['config'],
        summary: 'Show every setting of the node that answers',
        response: { 200: Type.Object({ node: Type.String(), items: Type.Array(settingSchema) }) },
      },
    },
    async () => ({ node: config.nodeName, items: [...describeConfig(config)] }),
  );
};
