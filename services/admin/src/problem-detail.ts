/**
 * What a problem says to the one request that met it: the name of what there is none of, where the request gave one, and
 * which types of body its route takes.
 *
 * Never: more than a name in its canonical form or a number; anything of a body but such a name.
 */

import { canonicalAddress, canonicalDomain } from '@poplar/identity';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Problem } from './problem.ts';
import type { ProblemCode } from './problem-codes.ts';

type Asked = Pick<FastifyRequest, 'params' | 'query' | 'body' | 'headers' | 'routeOptions'>;

/** The problem in the words of this request; the same one where there is nothing to add. */
export function inWordsOf(request: Asked, problem: Problem): Problem {
  const { status, message, code, errors } = problem;
  if (status === 415) return refusedType(request);
  // What has more to say than that there is none says it.
  if (!/^there is no such [a-z]+$/.test(message)) return problem;
  const name = nameOf(request, code);
  return name === null ? problem : new Problem(status, `${message}: ${name}`, { errors, code });
}

/** 415, with the types that the route takes. */
export function refusedType({ headers, routeOptions }: Asked): Problem {
  const { consumes = ['application/json'] } = routeOptions.schema ?? {};
  const taken = consumes.join(' or ');
  const must = `the body must be ${taken}`;
  const isPacked = [headers['content-type'], headers['content-encoding']].some(
    (given) => given !== undefined && /\b(?:x-)?(?:gzip|tgz)\b/i.test(given),
  );
  if (isPacked) {
    return new Problem(415, `the body is packed by gzip: unpack it, and send it as ${taken}`);
  }
  return new Problem(415, headers['content-encoding'] === undefined ? must : `${must}, not packed`);
}

/** JSON is refused by the handler, behind the check of whom the token reaches, and not read before. */
export function takeNoJson(app: FastifyInstance): void {
  app.removeContentTypeParser('application/json');
  app.addContentTypeParser('application/json', (_request, _payload, done) => done(null, null));
}

type Names = Readonly<Record<string, unknown>>;

const numbers: Readonly<Partial<Record<ProblemCode, string>>> = {
  'token-not-found': 'tokenId',
  'webhook-not-found': 'webhookId',
  'job-not-found': 'jobId',
};

function nameOf({ params, query, body }: Asked, code: ProblemCode): string | null {
  const [ofPath, ofQuery, ofBody]: Names[] = [Object(params), Object(query), Object(body)];
  const given = [ofPath, ofQuery, ofBody];
  const first = (field: string): string | null => {
    const found = given.map((names) => names?.[field]).find((name) => typeof name === 'string');
    return typeof found === 'string' ? found : null;
  };
  if (code === 'mailbox-not-found') return canonicalAddress(first('address') ?? '');
  if (code === 'grantee-not-found') return canonicalAddress(first('grantee') ?? '');
  if (code === 'domain-not-found') {
    const domain = first('domain') ?? first('address')?.replace(/^.*@/, '') ?? '';
    return canonicalDomain(domain);
  }
  const field = numbers[code];
  const number = field === undefined ? null : first(field);
  return number !== null && /^\d{1,18}$/.test(number) ? number : null;
}
