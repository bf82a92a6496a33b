/**
 * A job as server-sent events: `job` whenever something about it has changed, `end` when it is over. Whoever
 * follows one asks the database, not the node that works on it, so any node can be asked, and it may die.
 *
 * Never: more followers than the bound says; one that is kept longer than its token can be trusted.
 *
 * Rules: the HTML standard's server-sent events.
 */

import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JobRow } from '@poplar/store';
import { Type } from 'typebox';
import { callerOf } from '../access/caller.ts';
import type { Routes } from '../api.ts';
import { Places, whenOver } from '../places.ts';
import { problemOf } from '../problem.ts';
import {
  jobFollowersMax,
  jobFollowersPerDomainMax,
  jobFollowMs,
  jobHeartbeatMs,
  jobLookMs,
} from '../transfer/limits.ts';
import { shownJob } from './job-shape.ts';
import { jobAccess, jobIn, jobParams, jobTags } from './jobs.ts';

const description = `\`event: job\` with the job as JSON in \`data\`, at once and when it has changed; \`event: end\` when
nothing will change any more. A comment comes every ${jobHeartbeatMs / 1000} seconds. The stream ends after
${jobFollowMs / 60_000} minutes: ask again.`;

export const jobEventRoutes: Routes = async (app, { store }) => {
  const followers = new Set<Readable>();
  const places = new Places({
    ...{ max: jobFollowersMax, perDomainMax: jobFollowersPerDomainMax, what: 'followers of jobs' },
  });
  app.addHook('preClose', async () => {
    for (const follower of followers) follower.destroy();
  });

  app.get(
    '/jobs/:jobId/events',
    {
      config: { access: jobAccess },
      onRequest: async (request, reply) => places.enter(reply.raw, callerOf(request).domain),
      schema: {
        tags: jobTags,
        summary: 'Follow an import or export',
        description,
        params: jobParams,
        produces: ['text/event-stream'],
        response: { 200: Type.Unsafe<Readable>(Type.String({ description: 'events' })) },
      },
    },
    async (request, reply) => {
      const { jobId } = request.params;
      const first = await jobIn(request, store, jobId);
      void reply.type('text/event-stream').serializer(String);
      if (request.method === 'HEAD') return reply.send(Readable.from([]));
      const left = new AbortController();
      const look = () => jobIn(request, store, jobId);
      const events = Readable.from(eventsOf(first, look, left.signal));
      followers.add(events);
      whenOver(reply.raw, () => {
        followers.delete(events);
        left.abort();
        events.destroy();
      });
      return reply.send(events);
    },
  );
};

async function* eventsOf(
  first: JobRow,
  look: () => Promise<JobRow>,
  left: AbortSignal,
): AsyncGenerator<string> {
  const until = performance.now() + jobFollowMs;
  let shown = '';
  let heardMs = performance.now();
  for (let job = first; ; ) {
    const data = JSON.stringify(shownJob(job));
    const now = performance.now();
    if (data !== shown) yield `event: job\ndata: ${data}\n\n`;
    else if (now - heardMs >= jobHeartbeatMs) yield ':\n\n';
    if (data !== shown || now - heardMs >= jobHeartbeatMs) heardMs = now;
    shown = data;
    if (job.state !== 'running') yield 'event: end\ndata: {}\n\n';
    if (job.state !== 'running' || now >= until) return;
    try {
      await sleep(jobLookMs, undefined, { signal: left });
      job = await look();
    } catch (error) {
      if (left.aborted) return;
      yield `event: problem\ndata: ${JSON.stringify({ detail: problemOf(error).message })}\n\n`;
      return;
    }
  }
}
