/**
 * The mail of a mailbox as other programs read it. Its job says how far it is; there is nothing to go on with:
 * whoever loses the connection begins again.
 *
 * Never: an answer that ends well and is not complete: its connection is broken instead.
 */

import { Readable } from 'node:stream';
import type { BegunJob, JobProgress, Store } from '@poplar/store';
import { Type } from 'typebox';
import { callerOf } from '../access/caller.ts';
import { addressIn } from '../access/reach.ts';
import type { Routes } from '../api.ts';
import { Places } from '../places.ts';
import { Problem, problemOf } from '../problem.ts';
import { JobKeeper } from '../transfer/job-keeper.ts';
import { exportsMax, exportsPerDomainMax } from '../transfer/limits.ts';
import { mailOf } from '../transfer/run-export.ts';
import { Running } from '../transfer/running.ts';
import { strict } from '../validation.ts';
import { found } from './mailbox-shape.ts';
import { addressParams } from './shapes.ts';

const description = `The messages that are there when it begins, in their order, without those that a QUIT flagged. \`mbox\`: quoted as
mboxrd; it has no place for UIDLs. \`maildir\`: a tar archive whose \`dovecot-uidlist\` has all UIDLs. Lines end with LF. The
maildrop is not locked. The header \`poplar-job\` names the job that says how far it is.`;

const types = { mbox: 'application/mbox', maildir: 'application/x-tar' } as const;

/** Octets that wait for the client beside what the operating system holds. */
const waitingOctets = 64 * 1024;

export const exportRoutes: Routes = async (app, { store, config }) => {
  const running = new Running(app);
  const places = new Places({
    max: exportsMax,
    perDomainMax: exportsPerDomainMax,
    what: 'exports',
  });

  app.get(
    '/mailboxes/:address/export',
    {
      config: { access: { anyOf: ['messages'], reach: 'domain' } },
      onRequest: async (request, reply) => places.enter(reply.raw, callerOf(request).domain),
      schema: {
        ...{ tags: ['messages', 'jobs'], summary: 'Export all mail of a mailbox', description },
        ...{ produces: Object.values(types), params: addressParams },
        querystring: strict({
          format: Type.Optional(
            Type.Union([Type.Literal('mbox'), Type.Literal('maildir')], {
              description: 'mbox without it',
            }),
          ),
        }),
        response: { 200: Type.Unsafe<Readable>(Type.String({ description: 'the mail' })) },
      },
    },
    async (request, reply) => {
      const address = addressIn(request, request.params.address);
      const { format = 'mbox' } = request.query;
      const { messages, octets, status } = await found(store, address);
      void reply.type(types[format]);
      // HEAD asks what there is: no job is begun for it.
      if (request.method === 'HEAD') return reply.send(Readable.from([]));
      const begun = await store.administration.jobs.begin({
        ...{ address, kind: 'export', format, requestKey: null, nodeName: config.nodeName },
        ...{ totalMessages: messages, totalOctets: octets, actor: callerOf(request).actor },
      });
      if (begun === null)
        throw new Problem(409, `the mailbox is ${status}`, { code: 'mailbox-not-active' });
      const keeper = new JobKeeper(store, begun.run, () => mail.destroy());
      const mail = running.stream({
        pieces: () => mailFor(begun, { store, format, keeper }),
        ...{ keeper, response: reply.raw, waitingOctets },
      });
      void reply.header('poplar-job', begun.job.jobId);
      return reply.send(mail);
    },
  );
};

interface ExportParts {
  readonly store: Store;
  readonly format: 'mbox' | 'maildir';
  readonly keeper: JobKeeper;
}

async function* mailFor(
  { job, run }: BegunJob,
  { store, format, keeper }: ExportParts,
): AsyncGenerator<Uint8Array> {
  const { jobs } = store.administration;
  try {
    const { mailboxId } = job;
    const advanced = (progress: JobProgress) => jobs.advance(run, progress);
    yield* mailOf({ store, mailboxId, format, advanced });
    await keeper.complete();
  } catch (error) {
    await keeper.broke('failed', problemOf(error).message.slice(0, 500));
    throw error;
  } finally {
    await keeper.broke('interrupted', 'the connection was lost');
  }
}
