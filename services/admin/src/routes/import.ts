/**
 * Mail from elsewhere, a stream in one request or in several. What is answered is stored; whoever loses the
 * connection asks for the job by its key how many messages that are, and sends what is behind them, to any node.
 *
 * Never: a message told before it is durable; one stored twice because a request came again; the stream held
 * as a whole; a stream that is packed, of which nobody knows how much comes out.
 */

import { Readable } from 'node:stream';
import type { BegunJob } from '@poplar/store';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { callerOf } from '../access/caller.ts';
import { addressIn } from '../access/reach.ts';
import type { RouteParts, Routes } from '../api.ts';
import { Places } from '../places.ts';
import { Problem } from '../problem.ts';
import { refusedType, takeNoJson } from '../problem-detail.ts';
import { type ImportAnswer, importAnswers } from '../transfer/import-answers.ts';
import { JobKeeper } from '../transfer/job-keeper.ts';
import { importOctetsMax, importsMax, importsPerDomainMax } from '../transfer/limits.ts';
import { Running } from '../transfer/running.ts';
import { strict } from '../validation.ts';
import { shownJob } from './job-shape.ts';
import { keyText } from './jobs.ts';
import { found } from './mailbox-shape.ts';
import { addressParams } from './shapes.ts';

const description = `The body is an mbox (\`application/mbox\`) or a Maildir as a tar archive (\`application/x-tar\`, its
\`dovecot-uidlist\` before the messages), not packed. UIDLs are kept; a message that is there already under its UIDL is left out.

The answer is NDJSON: first the job, \`{"jobId":"12","position":0}\`, then a line whenever some messages are stored, with how
many of the import are done with in \`position\`, and which of them were left out or have a new UIDL, counted from 1. The last
line has \`"done":true\` and the sums.

With an \`Idempotency-Key\` a lost connection loses nothing: send all of it again under that key, and what is stored is passed
over; or ask \`GET /jobs?address=...&key=...\` for \`position\` and send what is behind it with \`from\`. \`more=true\` says that another request
brings the rest.`;

const formats: Readonly<Record<string, 'mbox' | 'maildir'>> = {
  'application/mbox': 'mbox',
  'application/x-tar': 'maildir',
};

const query = strict({
  from: Type.Optional(
    Type.Integer({
      ...{ minimum: 0, maximum: 2 ** 40, examples: [640] },
      description: 'messages of the import before the first one of this body',
    }),
  ),
  more: Type.Optional(Type.Boolean({ description: 'this body is not the last one' })),
});

const headers = Type.Object({ 'idempotency-key': Type.Optional(keyText) });

export const importRoutes: Routes = async (app, parts) => {
  const running = new Running(app);
  const places = new Places({
    max: importsMax,
    perDomainMax: importsPerDomainMax,
    what: 'imports',
  });
  takeNoJson(app);
  for (const type of Object.keys(formats)) {
    app.addContentTypeParser(type, (_request, payload, done) => done(null, payload));
  }

  app.post(
    '/mailboxes/:address/import',
    {
      config: { access: { anyOf: ['messages'], reach: 'domain' } },
      bodyLimit: importOctetsMax,
      onRequest: async (request, reply) => places.enter(reply.raw, callerOf(request).domain),
      schema: {
        ...{ tags: ['messages', 'jobs'], summary: 'Import mail from elsewhere', description },
        ...{ consumes: Object.keys(formats), produces: ['application/x-ndjson'] },
        ...{ params: addressParams, querystring: query, headers },
        response: { 200: Type.Unsafe<Readable>(Type.String({ description: 'NDJSON' })) },
      },
    },
    async (request, reply) => {
      const address = addressIn(request, request.params.address);
      const body = streamOf(request);
      const { from = 0, more = false } = request.query;
      const key = request.headers['idempotency-key'] ?? null;
      const asked = { address, format: body.format, key, from };
      const begun = await begin(request, asked, parts);
      // What is not read of a request is not waited for.
      void reply.header('connection', 'close').type('application/x-ndjson').serializer(String);
      if ('over' in begun) return reply.send(Readable.from([`${JSON.stringify(begun.over)}\n`]));
      const keeper = new JobKeeper(parts.store, begun.run, () => body.stream.destroy());
      const work = { ...parts, ...body, ...begun, from, more };
      const answer = running.stream({
        pieces: () => linesOf(importAnswers(work, keeper)),
        ...{ keeper, response: reply.raw, source: body.stream },
      });
      return reply.send(answer);
    },
  );
};

async function* linesOf(answers: AsyncGenerator<ImportAnswer>): AsyncGenerator<string> {
  for await (const answer of answers) yield `${JSON.stringify(answer)}\n`;
}

function streamOf(request: FastifyRequest): {
  readonly stream: Readable;
  readonly format: 'mbox' | 'maildir';
} {
  const { headers: given, body } = request;
  const [type = ''] = (given['content-type'] ?? '').split(';');
  const format = formats[type.trim().toLowerCase()];
  const packing = given['content-encoding'] ?? 'identity';
  if (format === undefined || packing !== 'identity' || !(body instanceof Readable)) {
    throw refusedType(request);
  }
  return { stream: body, format };
}

interface AskedImport {
  readonly address: string;
  readonly format: 'mbox' | 'maildir';
  readonly key: string | null;
  readonly from: number;
}

/** The job of this request; or what became of it, when it was over before. */
async function begin(
  request: FastifyRequest,
  { address, format, key, from }: AskedImport,
  { store, config }: RouteParts,
): Promise<BegunJob | { readonly over: ImportAnswer }> {
  const { actor } = callerOf(request);
  const { jobs } = store.administration;
  const begun = await jobs.begin({
    ...{ address, kind: 'import', format, requestKey: key, nodeName: config.nodeName, actor },
    ...{ totalMessages: null, totalOctets: null, from },
  });
  if (begun !== null) return begun;
  const [job] = key === null ? [] : await jobs.list({ limit: 1, address, requestKey: key });
  if (job?.state === 'complete' && job.kind === 'import') {
    return { over: { done: true, ...shownJob(job) } };
  }
  if (job?.state === 'cancelled') {
    throw new Problem(409, 'the job of this key was cancelled', { code: 'job-finished' });
  }
  const { status } = await found(store, address);
  if (status !== 'active')
    throw new Problem(409, `the mailbox is ${status}`, { code: 'mailbox-not-active' });
  if (from > 0 && (job === undefined || job.format === format)) {
    const handled = job?.handled ?? 0;
    const done = handled === 1 ? '1 message' : `${handled} messages`;
    throw new Problem(409, `the import has ${done}: send what is behind`);
  }
  throw new Problem(409, 'the job of this key is of another kind or format');
}
