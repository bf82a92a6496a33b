/**
 * Many mailboxes in one request. Each row is a transaction of its own and is answered by a line of its own
 * when that is committed, while the rest of the request still comes. Whoever loses the connection sends all
 * of it again: what is there already is answered with `exists`.
 *
 * Never: a row that is answered before it is committed; a password in an answer.
 */

import { Readable } from 'node:stream';
import { canonicalAddress } from '@poplar/identity';
import { StoreError } from '@poplar/store';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { callerOf } from '../access/caller.ts';
import { addressIn } from '../access/reach.ts';
import type { RouteParts, Routes } from '../api.ts';
import { type BulkForm, type BulkRow, bulkRows } from '../bulk-rows.ts';
import { bulkOctetsMax, bulkRowsAtOnceMax, bulksMax, bulksPerDomainMax } from '../limits.ts';
import { octetsOf } from '../passwords.ts';
import { Places, whenOver } from '../places.ts';
import { problemOf } from '../problem.ts';
import { inWordsOf, refusedType, takeNoJson } from '../problem-detail.ts';
import { paced } from '../transfer/reader-pace.ts';

const description = `The body is NDJSON (\`application/x-ndjson\`), a row a line such as
\`{"address":"ann@example.org","password":"..."}\`, or CSV (\`text/csv\`) whose first line names the fields. Without a
password nobody can log in yet. The answer is NDJSON, a line for each row in its order, when that row is
stored: \`{"line":1,"address":"ann@example.org","outcome":"created"}\`; \`exists\`, or \`refused\` with \`detail\`. The last
line has \`"done":true\` and the sums: without it, send all rows again.`;

type Outcome = 'created' | 'exists' | 'refused';

interface Answered {
  readonly line: number;
  readonly address?: string;
  readonly outcome: Outcome;
  readonly detail?: string;
}

const forms: Readonly<Record<string, BulkForm>> = {
  'application/x-ndjson': 'ndjson',
  'text/csv': 'csv',
};

export const bulkRoutes: Routes = async (app, parts) => {
  const places = new Places({
    max: bulksMax,
    perDomainMax: bulksPerDomainMax,
    what: 'bulk requests',
  });
  // Rows are no JSON, even where one is.
  takeNoJson(app);
  for (const type of Object.keys(forms)) {
    app.addContentTypeParser(type, (_request, payload, done) => done(null, payload));
  }

  app.post(
    '/mailboxes/bulk',
    {
      config: { access: { anyOf: ['mailboxes'], reach: 'domain' } },
      bodyLimit: bulkOctetsMax,
      onRequest: async (request, reply) => places.enter(reply.raw, callerOf(request).domain),
      schema: {
        tags: ['mailboxes'],
        summary: 'Add many mailboxes',
        description,
        consumes: Object.keys(forms),
        produces: ['application/x-ndjson'],
        response: { 200: Type.Unsafe<Readable>(Type.String({ description: 'NDJSON' })) },
      },
    },
    async (request, reply) => {
      const [type = ''] = (request.headers['content-type'] ?? '').split(';');
      const form = forms[type.trim().toLowerCase()];
      const { body } = request;
      if (form === undefined || !(body instanceof Readable)) {
        throw refusedType(request);
      }
      const answer: Readable = Readable.from(
        paced(answers(request, bulkRows(body, form), parts), () => answer.destroy()),
      );
      whenOver(reply.raw, () => answer.destroy());
      return reply.type('application/x-ndjson').serializer(String).send(answer);
    },
  );
};

async function* answers(
  request: FastifyRequest,
  pieces: AsyncIterable<BulkRow[]>,
  parts: RouteParts,
): AsyncGenerator<string> {
  const sums = { created: 0, exists: 0, refused: 0 };
  try {
    for await (const rows of pieces) {
      for (const some of groupsOf(rows)) {
        const done = await Promise.all(some.map((row) => add(request, row, parts)));
        for (const { outcome } of done) sums[outcome] += 1;
        yield done.map((one) => `${JSON.stringify(one)}\n`).join('');
      }
    }
    yield `${JSON.stringify({ done: true, ...sums })}\n`;
  } catch (error) {
    // The answer has begun: it ends without its last line, and this one says why.
    yield `${JSON.stringify({ done: false, ...sums, detail: problemOf(error).message })}\n`;
  }
}

/** Rows to be stored at once. Of two with one address the earlier one counts: they are never together. */
function groupsOf(rows: readonly BulkRow[]): BulkRow[][] {
  const groups: BulkRow[][] = [];
  let addresses = new Set<string>();
  for (const row of rows) {
    const address = 'wrong' in row ? `line ${row.line}` : (canonicalAddress(row.address) ?? '');
    const group = groups.at(-1);
    if (group === undefined || group.length >= bulkRowsAtOnceMax || addresses.has(address)) {
      groups.push([row]);
      addresses = new Set([address]);
    } else {
      group.push(row);
      addresses.add(address);
    }
  }
  return groups;
}

async function add(
  request: FastifyRequest,
  row: BulkRow,
  { store, passwords }: RouteParts,
): Promise<Answered> {
  const { line } = row;
  if ('wrong' in row) return { line, outcome: 'refused', detail: row.wrong };
  try {
    const address = addressIn(request, row.address);
    const records =
      row.password === undefined ? null : await passwords.make(octetsOf(row.password));
    const { hash: secret = null, ...scram } = records ?? {};
    const { actor } = callerOf(request);
    try {
      await store.directory.addMailbox({ address, secret, ...scram, actor });
      return { line, address, outcome: 'created' };
    } catch (error) {
      if (!(error instanceof StoreError && error.code === 'CONFLICT')) throw error;
      return { line, address, outcome: 'exists' };
    }
  } catch (error) {
    const problem = problemOf(error);
    // What is not the row's fault ends the request: the rows behind it would fare no better.
    if (problem.status >= 500) throw error;
    const { headers, routeOptions } = request;
    const asked = { headers, routeOptions, params: {}, query: {}, body: { address: row.address } };
    const { message: detail } = inWordsOf(asked, problem);
    return { line, outcome: 'refused', detail };
  }
}
