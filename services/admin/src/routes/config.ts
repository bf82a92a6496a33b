/**
 * What the node that answers runs with, and whether its database answers.
 *
 * Never: a password; the runtime hides them.
 */

import { describeConfig } from '@poplar/runtime';
import { Type } from 'typebox';
import type { Routes } from '../api.ts';

const settingSchema = Type.Object(
  { key: Type.String(), value: Type.String(), source: Type.String() },
  { examples: [{ key: 'limits.lockWaitMs', value: '3000', source: 'default' }] },
);

export const configRoutes: Routes = async (app, { config }) => {
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
