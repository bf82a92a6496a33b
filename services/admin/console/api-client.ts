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

  constructor(status: number, message: string) {
    super(message);
    this.name = 'ApiProblem';
    this.status = status;
  }
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
    const response = await this.#fetch(method, path, body);
    const answer = fieldsOf(await response.json().catch(() => null));
    if (response.ok) return answer;
    throw this.#problem(response, answer);
  }

  /** What is answered piece by piece, for as long as it takes. Throws ApiProblem. */
  async stream(path: string, signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    const response = await this.#fetch('GET', path, undefined, signal);
    if (response.ok && response.body !== null) return response.body;
    throw this.#problem(response, fieldsOf(await response.json().catch(() => null)));
  }

  #problem({ status }: Response, answer: Fields): ApiProblem {
    if (status === 401) this.#refused();
    return new ApiProblem(status, wordsOf(status, answer));
  }

  async #fetch(
    ...[method, path, body, signal]: [string, string, unknown, AbortSignal?]
  ): Promise<Response> {
    const headers = new Headers({ authorization: `Bearer ${this.#token}` });
    if (body !== undefined) headers.set('content-type', 'application/json');
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

function wordsOf(status: number, { detail, errors }: Fields): string {
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
