/**
 * A client of the REST API, as a program of an operator would be one.
 *
 * Never: a connection that outlives its request; a request without a bound in time.
 */

import { once } from 'node:events';
import { request } from 'node:http';

const answerWithinMs = 30_000;

export interface AdminAnswer {
  readonly status: number;
  readonly text: string;
  readonly body: Readonly<Record<string, unknown>>;
}

export class AdminClient {
  readonly #port: number;
  readonly #token: string;
  readonly #headers: Readonly<Record<string, string>>;

  /** @param headers that each of its requests brings */
  constructor(port: number, token: string, headers: Readonly<Record<string, string>> = {}) {
    this.#port = port;
    this.#token = token;
    this.#headers = headers;
  }

  get(path: string): Promise<AdminAnswer> {
    return this.send('GET', path);
  }

  post(path: string, body?: unknown): Promise<AdminAnswer> {
    return this.send('POST', path, body);
  }

  /** @param body an object as JSON; a text as it is, under the type that is given */
  async send(
    method: string,
    path: string,
    body?: unknown,
    type = 'application/json',
  ): Promise<AdminAnswer> {
    const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
    const sent = request({
      ...{ host: '127.0.0.1', port: this.#port, method, path: `/api/v1${path}`, agent: false },
      signal: AbortSignal.timeout(answerWithinMs),
      headers: {
        authorization: `Bearer ${this.#token}`,
        ...(text === undefined ? {} : { 'content-type': type }),
        ...this.#headers,
      },
    });
    sent.end(text);
    const [response] = await once(sent, 'response');
    const pieces: Buffer[] = [];
    for await (const piece of response) pieces.push(Buffer.from(piece));
    const answered = Buffer.concat(pieces).toString();
    const isJson = /json$|json;/.test(String(response.headers['content-type']));
    return {
      status: Number(response.statusCode),
      text: answered,
      body: isJson && answered !== '' ? Object(JSON.parse(answered)) : {},
    };
  }
}
