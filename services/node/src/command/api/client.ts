/**
 * A client of the REST API for the commands: what it is asked and what it answers, whatever carries it.
 *
 * Never: a token or a password in an error.
 */

import { StartError } from '@poplar/runtime';
import { apiPageRows } from '../limits.ts';

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface ApiRequest {
  readonly method: Method;
  /** Below /api/v1, with its query. */
  readonly path: string;
  readonly body?: string | Uint8Array;
  /** Of the body; JSON without it. */
  readonly type?: string;
  /** By which the API knows a request that comes again. */
  readonly key?: string;
}

interface ApiResponse {
  readonly status: number;
  readonly text: string;
}

interface ApiStream {
  readonly status: number;
  readonly octets: AsyncIterable<Uint8Array>;
}

/** Over a connection, or into an API that is built in this process. */
export type Transport = (request: ApiRequest) => Promise<ApiStream>;

/** An object of an answer: what a field is, is for its reader to say. */
export type Fields = Readonly<Record<string, unknown>>;

/** A request that was not done, or of which nobody knows: in one line. */
export class ApiFailure extends StartError {}

/** What the API says is wrong. */
export class ApiProblem extends ApiFailure {
  readonly status: number;
  /** Of docs/errors.md; empty where what answers has none. */
  readonly code: string;

  constructor(status: number, message: string, code = '') {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export class ApiClient {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Throws ApiProblem. */
  async call(method: Method, path: string, body?: unknown): Promise<Fields> {
    const text = body === undefined ? {} : { body: JSON.stringify(body) };
    return fieldsOf(await this.#ask({ method, path, ...text }));
  }

  /** Lines of JSON to lines of JSON. Throws ApiProblem. */
  async lines(path: string, body: string, type: string): Promise<readonly Fields[]> {
    return this.send({ method: 'POST', path, body, type });
  }

  /** Anything to lines of JSON. Throws ApiProblem. */
  async send(request: ApiRequest): Promise<readonly Fields[]> {
    const text = await this.#ask(request);
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map(fieldsOf);
  }

  /** All pages of a listing, as they come, or as many rows of it as are wanted. */
  async *pages(
    path: string,
    wanted: number = Number.POSITIVE_INFINITY,
  ): AsyncGenerator<readonly Fields[]> {
    const begin = `${path}${path.includes('?') ? '&' : '?'}limit=`;
    let cursor = '';
    for (let left = wanted; left > 0; ) {
      const answer = await this.call('GET', `${begin}${Math.min(left, apiPageRows)}${cursor}`);
      const items = itemsOf(answer);
      yield items;
      if (typeof answer.next !== 'string') return;
      cursor = `&cursor=${encodeURIComponent(answer.next)}`;
      left -= items.length;
    }
  }

  /** The octets of an answer as they come. Throws ApiProblem. */
  async stream(path: string): Promise<AsyncIterable<Uint8Array>> {
    const { status, octets } = await this.#transport({ method: 'GET', path });
    if (status >= 200 && status < 300) return octets;
    throw problemOf(status, await textIn(octets));
  }

  async #ask(request: ApiRequest): Promise<string> {
    const { status, text } = await asked(this.#transport, request);
    if (status >= 200 && status < 300) return text;
    throw problemOf(status, text);
  }
}

/** One request and all of its answer. */
export async function asked(transport: Transport, request: ApiRequest): Promise<ApiResponse> {
  const { status, octets } = await transport(request);
  return { status, text: await textIn(octets) };
}

async function textIn(octets: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of octets) pieces.push(piece);
  return Buffer.concat(pieces).toString('utf8');
}

function problemOf(status: number, text: string): ApiProblem {
  const message = problemIn(text) ?? `status ${status}`;
  return new ApiProblem(status, message, textOf(fieldsOf(text).code));
}

/** The detail of a problem, and which fields are wrong. */
function problemIn(text: string): string | null {
  const { detail, errors } = fieldsOf(text);
  if (typeof detail !== 'string') return null;
  const fields = itemsOf({ items: errors }).map(
    (field) => `${textOf(field.pointer)} ${textOf(field.detail)}`,
  );
  return fields.length === 0 ? detail : `${detail}: ${fields.join('; ')}`;
}

/** Makes a request of a command and says what it means here where the API answers with such a code or status. */
export async function explained<T>(
  doing: Promise<T>,
  messages: Readonly<Record<number | string, string>>,
): Promise<T> {
  try {
    return await doing;
  } catch (error) {
    if (!(error instanceof ApiProblem)) throw error;
    throw new StartError(messages[error.code] ?? messages[error.status] ?? error.message);
  }
}

export function itemsOf({ items }: Fields): readonly Fields[] {
  return Array.isArray(items) ? items.map((item): Fields => Object(item)) : [];
}

/** A path of the API with names in it, each as one part. */
export function pathOf(parts: TemplateStringsArray, ...names: readonly string[]): string {
  return String.raw({ raw: parts }, ...names.map(encodeURIComponent));
}

/** What follows a path; a field that is undefined is not in it. */
export function queryOf(fields: Readonly<Record<string, string | number | undefined>>): string {
  const given = Object.entries(fields).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name, String(value)]],
  );
  return given.length === 0 ? '' : `?${new URLSearchParams(given)}`;
}

export function textOf(value: unknown, otherwise = ''): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : otherwise;
}

export function dateOf(value: unknown): Date | null {
  return typeof value === 'string' ? new Date(value) : null;
}

export function fieldsOf(text: string): Fields {
  if (text === '') return {};
  try {
    return Object(JSON.parse(text));
  } catch {
    throw new StartError('what answers there is not the REST API of Poplar');
  }
}
