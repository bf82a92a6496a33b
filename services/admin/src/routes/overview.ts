/**
 * The whole cluster at a glance: nodes, sessions, what has been counted, the database. What nodes count they
 * say of themselves every few seconds.
 *
 * Never: a figure of one mailbox or of one client.
 */

import type { ClusterFigures } from '@poplar/store';
import { type Static, Type } from 'typebox';
import type { Routes } from '../api.ts';
import { overviewNodesMax } from '../limits.ts';
import { strict } from '../validation.ts';
import { time, timeOrNull } from './shapes.ts';

/** As nodes name them; those that count grow until the node is started anew. */
const counted = [
  ...['loginsOpened', 'loginsCredentials', 'loginsInUse', 'loginsTemporary', 'loginsDisabled'],
  ...['loginsLoginDelay', 'connectionsOpened', 'commands', 'receivedOctets', 'sentOctets'],
  ...['messagesRetrieved', 'messagesFlagged', 'messagesPurged', 'messagesDelivered'],
  'deliveredOctets',
] as const;

const count = Type.Number({ minimum: 0 });
const figuresSchema = Type.Object(
  {
    ...{ loginsOpened: count, loginsCredentials: count, loginsInUse: count },
    ...{ loginsTemporary: count, loginsDisabled: count, loginsLoginDelay: count },
    ...{ connectionsOpened: count, commands: count, receivedOctets: count, sentOctets: count },
    ...{ messagesRetrieved: count, messagesFlagged: count, messagesPurged: count },
    ...{ messagesDelivered: count, deliveredOctets: count },
    connections: Type.Number({ minimum: 0, description: 'open now' }),
    eventLoopDelaySeconds: Type.Number({
      minimum: 0,
      description:
        'how late 99 of 100 timers of its threads were at most, lately; of several nodes the largest',
    }),
  },
  { description: 'since each node was started' },
);
type Figures = Static<typeof figuresSchema>;

const state = Type.String({ description: '`up`, `draining` or `gone`' });

const overviewSchema = Type.Object({
  at: time,
  sessions: Type.Integer({ description: 'maildrops open, as of the last renewals' }),
  totals: figuresSchema,
  nodes: Type.Array(
    Type.Object({
      node: Type.String(),
      state,
      workers: Type.Integer(),
      sessions: Type.Integer(),
      reportedAt: timeOrNull,
      figures: Type.Union([figuresSchema, Type.Null()], {
        description: 'null of a node that is gone or has said nothing yet',
      }),
    }),
    { description: `those heard of within an hour, ${overviewNodesMax} at most` },
  ),
  database: Type.Object({
    mailboxes: Type.Integer({ description: 'an estimate beyond 10,000' }),
    ...{ flaggedMessages: Type.Integer(), purgeLagSeconds: Type.Integer() },
    ...{ octets: Type.Integer(), connections: Type.Integer(), connectionsMax: Type.Integer() },
    ...{ standbys: Type.Integer(), synchronousStandbys: Type.Integer() },
    replicationLagMs: Type.Union([Type.Integer(), Type.Null()]),
  }),
});

type NodeRow = ClusterFigures['nodes'][number];

function figuresOf(said: Readonly<Record<string, number>>): Figures {
  const of = (name: string): number => Math.max(0, said[name] ?? 0);
  return {
    ...{ loginsOpened: of('loginsOpened'), loginsCredentials: of('loginsCredentials') },
    ...{ loginsInUse: of('loginsInUse'), loginsTemporary: of('loginsTemporary') },
    ...{ loginsDisabled: of('loginsDisabled'), loginsLoginDelay: of('loginsLoginDelay') },
    ...{ connectionsOpened: of('connectionsOpened'), commands: of('commands') },
    ...{ receivedOctets: of('receivedOctets'), sentOctets: of('sentOctets') },
    ...{ messagesRetrieved: of('messagesRetrieved'), messagesFlagged: of('messagesFlagged') },
    ...{ messagesPurged: of('messagesPurged'), messagesDelivered: of('messagesDelivered') },
    ...{ deliveredOctets: of('deliveredOctets'), connections: of('connections') },
    eventLoopDelaySeconds: of('eventLoopDelaySeconds'),
  };
}

function shownNode(row: NodeRow) {
  const { nodeName: node, alive, draining, workers, sessions, report } = row;
  return {
    ...{ node, workers, sessions },
    state: alive ? (draining ? 'draining' : 'up') : 'gone',
    reportedAt: report === null ? null : report.at.toISOString(),
    figures: !alive || report === null ? null : figuresOf(report.figures),
  };
}

function totalsOf(all: readonly Figures[]): Figures {
  const totals = figuresOf({});
  for (const one of all) {
    for (const name of counted) totals[name] += one[name];
    totals.connections += one.connections;
    totals.eventLoopDelaySeconds = Math.max(
      totals.eventLoopDelaySeconds,
      one.eventLoopDelaySeconds,
    );
  }
  return totals;
}

export const overviewRoutes: Routes = async (app, { cluster }) => {
  app.get(
    '/overview',
    {
      config: { access: { anyOf: ['read'], reach: 'cluster' } },
      schema: {
        tags: ['nodes'],
        summary: 'Show the whole cluster at a glance',
        description:
          'What counts grows until its node is started anew: a rate is the difference of two answers, ' +
          'node by node, over the time between their `reportedAt`.',
        querystring: strict({}),
        response: { 200: overviewSchema },
      },
    },
    async () => {
      const { at, nodes: rows, database } = await cluster.figures();
      const nodes = rows.slice(0, overviewNodesMax).map(shownNode);
      return {
        at: at.toISOString(),
        sessions: rows.reduce((sum, { sessions }) => sum + sessions, 0),
        totals: totalsOf(nodes.flatMap(({ figures }) => figures ?? [])),
        nodes,
        database: {
          ...{ mailboxes: database.mailboxes, flaggedMessages: database.flaggedMessages },
          ...{ purgeLagSeconds: database.purgeLagSeconds, octets: database.databaseOctets },
          ...{ connections: database.connections, connectionsMax: database.connectionsMax },
          ...{ standbys: database.standbys, synchronousStandbys: database.synchronousStandbys },
          replicationLagMs: database.replicationLagMs,
        },
      };
    },
  );
};

/** Beside the API, where Prometheus looks for it. */
export const metricsRoutes: Routes = async (app, { cluster }) => {
  app.get(
    '/metrics',
    {
      config: { access: { anyOf: ['read'], reach: 'cluster' } },
      schema: {
        tags: ['nodes'],
        summary: 'The metrics of the whole cluster, for Prometheus',
        description: 'The same on each node: to be scraped of one.',
        produces: ['text/plain'],
        response: { 200: Type.String() },
      },
    },
    async (_request, reply) =>
      reply
        .type(cluster.contentType)
        .serializer(String)
        .send(await cluster.print()),
  );
};
