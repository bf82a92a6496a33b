/**
 * What a request that fails is answered: a problem (RFC 9457), the same form everywhere. The one table
 * that turns codes of the store into its codes is here.
 *
 * Never: a cause, an SQLSTATE, a stack or a value that was sent, which may be a secret.
 */

import { StoreError, type StoreErrorCode, type StoreSubject } from '@poplar/store';
import { Type } from 'typebox';
import { type ProblemCode, plainCodeOf, problemCodes } from './problem-codes.ts';

export interface FieldProblem {
  /** Where in the request: `/body/address`. */
  readonly pointer: string;
  readonly detail: string;
}

export class Problem extends Error {
  readonly status: number;
  readonly title: string;
  readonly errors: readonly FieldProblem[];
  /** For programs. */
  readonly code: ProblemCode;

  /** @param given a code, where the status does not say enough */
  constructor(
    status: number,
    detail: string,
    given:
      | readonly FieldProblem[]
      | { readonly errors?: readonly FieldProblem[]; readonly code: ProblemCode } = [],
  ) {
    super(detail);
    this.name = 'Problem';
    this.status = status;
    this.title = titles[status] ?? 'Error';
    this.errors = 'code' in given ? (given.errors ?? []) : given;
    this.code = 'code' in given ? given.code : plainCodeOf(status);
  }
}

/** What the first request with a key has made, whose secret was shown then and is not kept. */
export class CreatedBefore extends Problem {
  readonly created: Readonly<Record<string, unknown>>;

  constructor(created: Readonly<Record<string, unknown>>) {
    super(409, 'the first request with this key was carried out, and its secret was shown then', {
      code: 'created-before',
    });
    this.created = created;
  }
}

/** There is no place now, and soon there may be one. */
export class Busy extends Problem {}

const titles: Readonly<Record<number, string>> = {
  400: 'Bad request',
  401: 'Not authenticated',
  403: 'Not allowed',
  404: 'Not found',
  405: 'Method not allowed',
  409: 'Conflict',
  412: 'Precondition failed',
  413: 'Too large',
  415: 'Unsupported media type',
  422: 'Not possible',
  429: 'Too many requests',
  500: 'Internal error',
  503: 'Not available',
};

const codeOfStore: Readonly<Record<StoreErrorCode, ProblemCode>> = {
  STORE_UNAVAILABLE: 'database-away',
  STORE_TIMEOUT: 'outcome-unknown',
  STORE_REFUSED: 'database-away',
  STORE_INCOMPATIBLE: 'schema-incompatible',
  STORE_CORRUPT: 'internal',
  STORE_FAULT: 'internal',
  OWNER_EXPIRED: 'busy',
  MESSAGE_GONE: 'message-not-found',
  OUTCOME_UNKNOWN: 'outcome-unknown',
  CONFLICT: 'already-exists',
  STALE: 'stale-etag',
  NOT_FOUND: 'not-found',
  INVALID: 'not-possible',
};

const codeOfSubject: Readonly<Record<StoreSubject, ProblemCode>> = {
  mailbox: 'mailbox-not-found',
  domain: 'domain-not-found',
  'login-name': 'login-name-not-found',
  credential: 'credential-not-found',
  grant: 'grant-not-found',
  grantee: 'grantee-not-found',
  message: 'message-not-found',
  job: 'job-not-found',
  token: 'token-not-found',
  webhook: 'webhook-not-found',
  'webhook-delivery': 'webhook-delivery-not-found',
  'suspended-webhook': 'webhook-suspended',
  'left-mailboxes': 'domain-not-empty',
  'too-many': 'too-many',
  'job-run': 'job-finished',
};

/** What is said where the store's own words are for the log. */
const detailOfCode: Readonly<Partial<Record<StoreErrorCode, string>>> = {
  STORE_UNAVAILABLE: 'the database does not answer; nothing was changed',
  STORE_TIMEOUT: 'the database took too long; look whether the change was made',
  STORE_REFUSED: 'the database refuses this node',
  STORE_INCOMPATIBLE:
    'the schema of the database is not of this version; `poplar serve` brings it up to date',
  OUTCOME_UNKNOWN: 'the database does not answer; look whether the change was made',
  CONFLICT: 'it exists already',
};

/** The problem that an error is; anything unknown is a fault of ours. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof StoreError) {
    const { subject } = error;
    const code = subject === null ? codeOfStore[error.code] : codeOfSubject[subject];
    const { status } = problemCodes[code];
    const isWorded = status < 500 && !error.message.includes('SQLSTATE');
    const detail = isWorded ? error.message : (detailOfCode[error.code] ?? wordsOf(status));
    return new Problem(status, detail, { code });
  }
  const fields = validationProblems(error);
  if (fields !== null) return new Problem(400, 'the request is not as it must be', fields);
  const status = statusOf(error);
  if (status >= 400 && status < 500)
    return new Problem(status, wordsOf(status), { code: codeOfFastify(status) });
  return new Problem(500, 'something went wrong here; the log of the node says what');
}

/** What the log calls a failure: its code, or a defect of ours. */
export function failureCodeOf(error: unknown): string {
  if (error instanceof Problem || error instanceof StoreError) return error.code;
  return 'INTERNAL';
}

/** A body that cannot be read has no more than its status. */
function codeOfFastify(status: number): ProblemCode {
  return status === 400 ? 'unreadable-body' : plainCodeOf(status);
}

function wordsOf(status: number): string {
  const words: Readonly<Record<number, string>> = {
    400: 'the request cannot be read: is its body JSON?',
    404: 'there is no such thing',
    413: 'the request is too large',
    415: 'the body must be application/json',
    422: 'a value is not allowed: a time, a size or a name is out of its bounds',
    429: 'too many requests; wait a minute',
  };
  return words[status] ?? 'it cannot be done';
}

function statusOf(error: unknown): number {
  if (typeof error !== 'object' || error === null || !('statusCode' in error)) return 500;
  return typeof error.statusCode === 'number' ? error.statusCode : 500;
}

/** Of an error of validation: Fastify hands what the validator found on as it is. */
function validationProblems(error: unknown): readonly FieldProblem[] | null {
  if (typeof error !== 'object' || error === null || !('validation' in error)) return null;
  const context = 'validationContext' in error ? String(error.validationContext) : 'request';
  const found: readonly unknown[] = Array.isArray(error.validation) ? error.validation : [];
  return found.map((entry) => {
    const { instancePath = '', message = 'is wrong' } = Object(entry);
    return { pointer: `/${context}${instancePath}`, detail: String(message) };
  });
}

export const problemSchema = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String(),
    code: Type.String({
      description: `for programs, one of a closed list: ${Object.keys(problemCodes).join(', ')}`,
    }),
    instance: Type.String({ description: 'the request, as `x-request-id` and the log name it' }),
    errors: Type.Optional(
      Type.Array(Type.Object({ pointer: Type.String(), detail: Type.String() })),
    ),
    created: Type.Optional(
      Type.Record(Type.String(), Type.String(), {
        description: 'with `created-before`: the id of what the first request made',
      }),
    ),
  },
  {
    description: 'RFC 9457. `errors` says which fields are wrong.',
    examples: [
      {
        ...{ type: 'about:blank', title: 'Not found', status: 404 },
        ...{ detail: 'there is no such mailbox', code: 'mailbox-not-found' },
        instance: 'urn:uuid:5c8e4a1e-6d0b-4f0e-9f1e-0c7f3a8d2b11',
      },
    ],
  },
);

export function problemBody(problem: Problem, instance: string): Record<string, unknown> {
  const { status, title, message, errors, code } = problem;
  return {
    ...{ type: 'about:blank', title, status, detail: message, code, instance },
    ...(errors.length === 0 ? {} : { errors }),
    ...(problem instanceof CreatedBefore ? { created: problem.created } : {}),
  };
}
