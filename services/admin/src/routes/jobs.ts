/**
 * Imports and exports that run or ran: how far they are, also as events while they go on, and how to end one.
 * Any node tells of all of them. A token of one domain sees those of its mailboxes, and of others nothing, not
 * even that they are there.
 */

import type { JobRow, Store } from '@poplar/store';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { callerOf } from '../access/caller.ts';
import { addressIn } from '../access/reach.ts';
import type { Routes } from '../api.ts';
import { idKey, pageOf, pageQuery, pageRequest, pageSchema } from '../page.ts';
import { Problem } from '../problem.ts';
import { strict } from '../validation.ts';
import { jobSchema, shownJob } from './job-shape.ts';
import { addressText, idText } from './shapes.ts';

export const jobTags = ['jobs'];
export const jobAccess = { anyOf: ['messages'], reach: 'domain' } as const;
export const jobParams = strict({ jobId: idText });

/** Of an import: its caller's name for it, by which it can go on after a loss. */
export const keyText = Type.String({ pattern: '^[!-~]{8,64}$', examples: ['4b1d9f52'] });

/** Throws Problem when there is none that the token may see. */
export async function jobIn(request: FastifyRequest, store: Store, jobId: string): Promise<JobRow> {
  const [job] = await store.administration.jobs.list({ limit: 1, jobId, ...domainOf(request) });
  if (job === undefined) throw new Problem(404, 'there is no such job', { code: 'job-not-found' });
  return job;
}

function domainOf(request: FastifyRequest): { readonly domain?: string } {
  const { domain } = callerOf(request);
  return domain === null ? {} : { domain };
}

export const jobRoutes: Routes = async (app, { store }) => {
  const { jobs } = store.administration;

  app.get(
    '/jobs',
    {
      config: { access: jobAccess },
      schema: {
        tags: jobTags,
        summary: 'List imports and exports, the latest first',
        description: 'They are kept for 30 days.',
        querystring: strict({
          ...pageQuery,
          address: Type.Optional(addressText),
          key: Type.Optional(keyText),
        }),
        response: { 200: pageSchema(jobSchema) },
      },
    },
    async (request) => {
      const { address, key } = request.query;
      const page = pageRequest(request.query, idKey);
      const rows = await jobs.list({
        ...{ limit: page.limit, ...domainOf(request) },
        ...(page.after === null ? {} : { before: page.after }),
        ...(address === undefined ? {} : { address: addressIn(request, address) }),
        ...(key === undefined ? {} : { requestKey: key }),
      });
      return pageOf(rows, page, { key: ({ jobId }) => jobId, item: shownJob });
    },
  );

  app.get(
    '/jobs/:jobId',
    {
      config: { access: jobAccess },
      schema: {
        tags: jobTags,
        summary: 'Show an import or export',
        params: jobParams,
        response: { 200: jobSchema },
      },
    },
    async (request) => shownJob(await jobIn(request, store, request.params.jobId)),
  );

  app.post(
    '/jobs/:jobId/cancel',
    {
      config: { access: jobAccess },
      schema: {
        tags: jobTags,
        summary: 'Cancel an import or export',
        description:
          'What an import has stored stays. One that is cancelled already stays so; one that is complete is a 409.',
        params: jobParams,
        response: { 200: jobSchema },
      },
    },
    async (request) => {
      const { actor, domain } = callerOf(request);
      const job = await jobs.cancel({ jobId: request.params.jobId, domain, actor });
      if (job.state === 'cancelled') return shownJob(job);
      const detail = `the job is ${job.state}: nothing to cancel`;
      throw new Problem(409, detail, { code: 'job-finished' });
    },
  );
};
