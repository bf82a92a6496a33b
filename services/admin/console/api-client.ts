/**
 * The REST API as this page uses it: one request, one answer, with the operator's token in a header.
 *
 * Never: a token in an address, in a cookie or in a message; an answer out of a cache.
 */

import { type Fields, fieldsOf, itemsOf, textOf } from './fields.ts';
import { answerWithinMs } from './limits.ts';

const base = '/api/v1';

/** What a request that failed was answered, in words for the operator. */
export class ApiProblem extends Error {
  readonly status: number;
  /** Of the API's closed list; empty where no node answered. */
  readonly code: string;

  constructor(status: number, message: string, code = '') {
    super(message);
    this.name = 'ApiProblem';
    this.status = status;
    this.code = code;
  }

  /** What was to be changed is not as it was shown any more. */
  get isStale(): boolean {
    return this.status === 412;
  }
}

/** What can be changed, and the tag of the state that was shown. */
export interface Tagged {
  readonly fields: Fields;
  /** Null where the node gave none: then nothing is compared. */
  readonly tag: string | null;
}

export class ApiClient {
  readonly #token: string;
  readonly #refused: () => void;

  /** @param refused hears that the token is good no more */
  constructor(token: string, refused: () => void) {
    this.#token = token;
    this.#refused = refused;
  }

  get(path: string): Promise<Fields> {
    return this.send('GET', path);
  }

  /** Throws ApiProblem. */
  async send(method: string, path: string, body?: unknown): Promise<Fields> {
    const response = await this.#fetch(method, path, { body });
    const answer = fieldsOf(await response.json().catch(() => null));
    if (response.ok) return answer;
    throw this.#problem(response, answer);
  }

  /** Throws ApiProblem. */
  async getTagged(path: string): Promise<Tagged> {
    const response = await this.#fetch('GET', path, {});
    const fields = fieldsOf(await response.json().catch(() => null));
    if (!response.ok) throw this.#problem(response, fields);
    return { fields, tag: response.headers.get('etag') };
  }

  /** Makes a change of what has a tag, unless somebody else has made one since. Throws ApiProblem. */
  async change(
    path: string,
    tag: string | null,
    { method = 'PATCH', body }: { readonly method?: string; readonly body?: unknown },
  ): Promise<void> {
    const response = await this.#fetch(method, path, { body, tag });
    if (response.ok) return;
    throw this.#problem(response, fieldsOf(await response.json().catch(() => null)));
  }

  /** What is answered piece by piece, for as long as it takes. Throws ApiProblem. */
  async stream(path: string, signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    const response = await this.#fetch('GET', path, { signal });
    if (response.ok && response.body !== null) return response.body;
    throw this.#problem(response, fieldsOf(await response.json().catch(() => null)));
  }

  #problem({ status }: Response, answer: Fields): ApiProblem {
    if (status === 401) this.#refused();
    return new ApiProblem(status, wordsOf(status, answer), textOf(answer.code));
  }

  async #fetch(
    method: string,
    path: string,
    { body, tag = null, signal }: RequestParts,
  ): Promise<Response> {
    const headers = new Headers({ authorization: `Bearer ${this.#token}` });
    if (body !== undefined) headers.set('content-type', 'application/json');
    if (tag !== null) headers.set('if-match', tag);
    try {
      return await fetch(`${base}${path}`, {
        ...{ method, headers, cache: 'no-store', credentials: 'omit', redirect: 'error' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: signal ?? AbortSignal.timeout(answerWithinMs),
      });
    } catch (error) {
      const isLate = error instanceof DOMException && error.name === 'TimeoutError';
      const late = 'The node did not answer in time. Look whether the change was made.';
      throw new ApiProblem(0, isLate ? late : 'The node cannot be reached.');
    }
  }
}

interface RequestParts {
  readonly body?: unknown;
  /** The change is made of this state alone. */
  readonly tag?: string | null;
  readonly signal?: AbortSignal;
}

const staleWords =
  'Somebody else has changed it since it was shown here, and nothing was done. Look at how it is now, and begin anew.';

function wordsOf(status: number, { detail, errors }: Fields): string {
  if (status === 412) return staleWords;
  const fields = itemsOf(errors).map((one) => textOf(one.detail));
  const words = textOf(detail) === '' ? `the node answered ${status}` : textOf(detail);
  return [words, ...fields.filter((text) => text !== '')].join(': ');
}

/** A name as one segment of a path. */
export function segment(name: string): string {
  return encodeURIComponent(name);
}

/** A query of what is given. */
export function query(given: Readonly<Record<string, string | number | null>>): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(given)) {
    if (value !== null && value !== '') parameters.set(name, String(value));
  }
  const text = parameters.toString();
  return text === '' ? '' : `?${text}`;
}
