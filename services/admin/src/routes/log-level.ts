/**
 * At which level a node logs, for a while: what it says of itself every few seconds is answered with it, so
 * that all its threads follow soon, and go back by themselves.
 *
 * Never: a level that is kept for ever because somebody forgot it, unless that was asked for.
 */

import { orderedLogLevels } from '@poplar/store';
import { Type } from 'typebox';
import { callerOf } from '../access/caller.ts';
import type { Routes } from '../api.ts';
import { logLevelMinutesMax } from '../limits.ts';
import { Problem } from '../problem.ts';
import { strict } from '../validation.ts';
import { isoOrNull, timeOrNull } from './shapes.ts';

const nodeParams = strict({
  node: Type.String({ minLength: 1, maxLength: 255, examples: ['node-1'] }),
});

const level = Type.Union([Type.Enum(orderedLogLevels), Type.Null()], {
  description: 'null: as the settings of the node say',
  examples: ['debug'],
});

const shownSchema = Type.Object(
  { node: Type.String(), level, until: timeOrNull },
  {
    description: '`until` is null where it holds until it is withdrawn',
    examples: [{ node: 'node-1', level: 'debug', until: '2026-11-24T08:10:00.000Z' }],
  },
);

const noSuchNode = () => new Problem(404, 'there is no such node');

export const logLevelRoutes: Routes = async (app, { store }) => {
  app.get(
    '/nodes/:node/log-level',
    {
      config: { access: { anyOf: ['read', 'nodes'], reach: 'cluster' } },
      schema: {
        tags: ['nodes'],
        summary: 'Show at which level a node was told to log',
        params: nodeParams,
        response: { 200: shownSchema },
      },
    },
    async (request) => {
      const { node } = request.params;
      const { isKnown, level, until } = await store.cluster.logLevel(node);
      if (!isKnown) throw noSuchNode();
      return { node, level, until: isoOrNull(until) };
    },
  );

  app.patch(
    '/nodes/:node/log-level',
    {
      config: { access: { anyOf: ['nodes'], reach: 'cluster' } },
      schema: {
        tags: ['nodes'],
        summary: 'Have a node log at another level',
        description:
          'All its threads follow within a few seconds, also those that are started anew. After so many minutes, ' +
          'or with `null`, they log as the settings of the node say.',
        params: nodeParams,
        body: strict({
          level,
          minutes: Type.Optional(
            Type.Integer({
              minimum: 1,
              maximum: logLevelMinutesMax,
              description: 'after which it goes back; without it when it is told to',
              examples: [10],
            }),
          ),
        }),
        response: { 200: shownSchema },
      },
    },
    async (request) => {
      const { node } = request.params;
      const { level, minutes = null } = request.body;
      const { actor } = callerOf(request);
      const order = { nodeName: node, level, minutes: level === null ? null : minutes, actor };
      const { isKnown, until } = await store.cluster.setLogLevel(order);
      if (!isKnown) throw noSuchNode();
      return { node, level, until: isoOrNull(until) };
    },
  );
};
