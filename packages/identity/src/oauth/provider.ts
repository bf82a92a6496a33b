/**
 * Talks to an OAuth provider: one JSON answer for one request, bounded in time and octets.
 *
 * Never: follow a redirect; speak clear text to another machine; put a token, a secret or the body of
 * an answer into an error.
 *
 * Rules: RFC 9700 §4.17 (redirects), RFC 8259 (JSON), faults of the SSRF family.
 */

import { Agent, request } from 'undici';
import {
  answerOctetsMax,
  answerTimeoutMs,
  connectTimeoutMs,
  providerConnectionsMax,
} from './limits.ts';

/** The provider could not be asked, or its answer is none: an outage, not the client's fault. */
export class ProviderError extends Error {
  override readonly name = 'ProviderError';
}

export interface ProviderRequest {
  readonly url: URL;
  /** Sent as application/x-www-form-urlencoded by POST; GET without it. */
  readonly form?: URLSearchParams;
  /** The value of Authorization. */
  readonly authorization?: string;
}

const loopbackHost = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** Whether a provider may be asked there: https, or this very machine. */
export function isProviderUrl(url: URL): boolean {
  if (url.username !== '' || url.password !== '') return false;
  return url.protocol === 'https:' || (url.protocol === 'http:' && loopbackHost.test(url.hostname));
}

export class Provider {
  readonly #agent = new Agent({
    connections: providerConnectionsMax,
    connect: { timeout: connectTimeoutMs },
    maxResponseSize: answerOctetsMax,
  });

  /** The parsed body of a 200. Rejects with a ProviderError. */
  async fetchJson({ url, form, authorization }: ProviderRequest): Promise<unknown> {
    const headers: Record<string, string> = { accept: 'application/json' };
    if (form !== undefined) headers['content-type'] = 'application/x-www-form-urlencoded';
    if (authorization !== undefined) headers.authorization = authorization;
    let text: string;
    try {
      const answer = await request(url, {
        dispatcher: this.#agent,
        method: form === undefined ? 'GET' : 'POST',
        headers,
        body: form === undefined ? null : form.toString(),
        // Of the whole exchange: a provider that drips octets does not hold a login for ever.
        signal: AbortSignal.timeout(answerTimeoutMs),
      });
      if (answer.statusCode !== 200) {
        await answer.body.dump({ limit: answerOctetsMax }).catch(() => {});
        throw new ProviderError(`${url.origin} answered with status ${answer.statusCode}`);
      }
      text = await answer.body.text();
    } catch (error) {
      if (error instanceof ProviderError) throw error;
      throw new ProviderError(`${url.origin} cannot be asked (${reasonOf(error)})`);
    }
    try {
      return JSON.parse(text);
    } catch {
      throw new ProviderError(`${url.origin} did not answer with JSON`);
    }
  }

  end(): Promise<void> {
    return this.#agent.destroy();
  }
}

/** A code or a class, never the text: that may quote what was sent. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}
