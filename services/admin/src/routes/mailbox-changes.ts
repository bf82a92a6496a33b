/**
 * Mailboxes that are there: suspended, switched, deleted. What is deleted can be had back until its grace
 * is over.
 */

import { Type } from 'typebox';
import { callerOf } from '../access/caller.ts';
import { addressIn } from '../access/reach.ts';
import type { Routes } from '../api.ts';
import { deletionGraceSeconds, deletionGraceSecondsMax } from '../limits.ts';
import { ifMatch, setTag, versionsIn, withTag } from '../preconditions.ts';
import { problemSchema } from '../problem.ts';
import { strict } from '../validation.ts';
import { found, mailboxSchema, shown } from './mailbox-shape.ts';
import { addressParams, quota } from './shapes.ts';

const tags = ['mailboxes'];
const change = { access: { anyOf: ['mailboxes'], reach: 'domain' } } as const;

export const mailboxChangeRoutes: Routes = async (app, { store }) => {
  app.patch(
    '/mailboxes/:address',
    {
      config: change,
      schema: {
        tags,
        summary: 'Suspend a mailbox, make it active again, switch POP3, set its quota',
        description:
          'What is not given stays. A suspended mailbox takes no mail and lets nobody in; an open ' +
          'session goes on until it is kicked.',
        params: addressParams,
        headers: ifMatch,
        body: Type.Object(
          {
            status: Type.Optional(Type.Union([Type.Literal('active'), Type.Literal('suspended')])),
            pop3Enabled: Type.Optional(Type.Boolean()),
            quotaOctets: Type.Optional(quota),
          },
          { additionalProperties: false, minProperties: 1, examples: [{ status: 'suspended' }] },
        ),
        response: { 200: withTag(mailboxSchema), 412: problemSchema },
      },
    },
    async (request, reply) => {
      const address = addressIn(request, request.params.address);
      const { actor } = callerOf(request);
      const versions = versionsIn(request.headers);
      await store.directory.setMailbox({ address, ...request.body, versions, actor });
      const details = await found(store, address);
      setTag(reply, details.settingsVersion);
      return shown(request, details);
    },
  );
};

export const mailboxDeletionRoutes: Routes = async (app, { store }) => {
  app.delete(
    '/mailboxes/:address',
    {
      config: change,
      schema: {
        tags,
        summary: 'Delete a mailbox',
        description:
          'At once nobody can log in to it, it takes no mail, and an open session ends. It is ' +
          'removed for good when its grace is over; until then it can be had back. For one that is ' +
          'being deleted already a shorter `graceSeconds` counts, and a longer one changes nothing.',
        params: addressParams,
        headers: ifMatch,
        querystring: strict({
          graceSeconds: Type.Optional(
            Type.Integer({
              minimum: 0,
              maximum: deletionGraceSecondsMax,
              description: `${deletionGraceSeconds} without it`,
            }),
          ),
        }),
        response: { 202: withTag(mailboxSchema), 412: problemSchema },
      },
    },
    async (request, reply) => {
      const address = addressIn(request, request.params.address);
      const { actor } = callerOf(request);
      const { graceSeconds = deletionGraceSeconds } = request.query;
      const versions = versionsIn(request.headers);
      await store.directory.deleteMailbox({ address, graceSeconds, versions, actor });
      await store.cluster.endSession({ address, isBroken: true, actor });
      const details = await found(store, address);
      setTag(reply, details.settingsVersion);
      return reply.code(202).send(shown(request, details));
    },
  );

  app.post(
    '/mailboxes/:address/undelete',
    {
      config: change,
      schema: {
        tags,
        summary: 'Have a deleted mailbox back',
        description: 'It is active again, with its messages and passwords.',
        params: addressParams,
        response: { 200: withTag(mailboxSchema) },
      },
    },
    async (request, reply) => {
      const address = addressIn(request, request.params.address);
      await store.directory.undeleteMailbox({ address, actor: callerOf(request).actor });
      const details = await found(store, address);
      setTag(reply, details.settingsVersion);
      return shown(request, details);
    },
  );
};
