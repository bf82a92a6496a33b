/**
 * A client of the REST API for the commands: what it is asked and what it answers, whatever carries it.
 *
 * Never: a token or a password in an error.
 */

import { StartError } from '@poplar/runtime';

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Below /api/v1, with its query. */
  readonly path: string;
  readonly body?: unknown;
}

interface ApiResponse {
  readonly status: number;
  readonly text: string;
}

/** Over a network, or into an API that is built in this process. */
export type Transport = (request: ApiRequest) => Promise<ApiResponse>;

/** An object of an answer: what a field is, is for its reader to say. */
export type Fields = Readonly<Record<string, unknown>>;

export class ApiClient {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Throws StartError with what the API says is wrong. */
  async call(method: ApiRequest['method'], path: string, body?: unknown): Promise<Fields> {
    const asked = { method, path, ...(body === undefined ? {} : { body }) };
    const { status, text } = await this.#transport(asked);
    const answer = fieldsOf(text);
    if (status >= 200 && status < 300) return answer;
    throw new StartError(typeof answer.detail === 'string' ? answer.detail : `status ${status}`);
  }

  /** All pages of a listing, as they come. */
  async *pages(path: string): AsyncGenerator<readonly Fields[]> {
    let cursor = '';
    for (;;) {
      const next = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
      const answer = await this.call(
        'GET',
        `${path}${path.includes('?') ? '&' : '?'}limit=500${next}`,
      );
      yield itemsOf(answer);
      if (typeof answer.next !== 'string') return;
      cursor = answer.next;
    }
  }
}

export function itemsOf({ items }: Fields): readonly Fields[] {
  return Array.isArray(items) ? items.map((item): Fields => Object(item)) : [];
}

/** A path of the API with names in it, each as one part. */
export function pathOf(parts: TemplateStringsArray, ...names: readonly string[]): string {
  return String.raw({ raw: parts }, ...names.map(encodeURIComponent));
}

export function textOf(value: unknown, otherwise = ''): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : otherwise;
}

export function dateOf(value: unknown): Date | null {
  return typeof value === 'string' ? new Date(value) : null;
}

function fieldsOf(text: string): Fields {
  if (text === '') return {};
  try {
    return Object(JSON.parse(text));
  } catch {
    throw new StartError('what answers there is not the REST API of Poplar');
  }
}
