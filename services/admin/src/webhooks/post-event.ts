/**
 * Sends one event to one webhook: one request over a connection of its own to an address that was
 * looked at, and what came of it.
 *
 * An answer with 2xx is all that counts as delivered; what its body says, or whether the connection breaks
 * in it, does not matter. Redirects are not followed: they would lead past the check of the address.
 *
 * Never: a connection to anything but the address that was checked; more of an answer than a few octets, or
 * any of it kept; a URL, a body or a secret in what is told.
 */

import type { Readable } from 'node:stream';
import type { ClaimedDelivery } from '@poplar/store';
import { Agent, buildConnector, request } from 'undici';
import {
  addressesMax,
  answerDrainMs,
  answerHeadOctetsMax,
  answerOctetsMax,
  attemptTimeoutMs,
  connectTimeoutMs,
  headTimeoutMs,
} from './limits.ts';
import { signatureHeader, signatureOf } from './signature.ts';
import { problemOf, type UrlRules } from './webhook-url.ts';

/** What an attempt needs to know of an event that was claimed. */
export type OutgoingEvent = Omit<ClaimedDelivery, 'deliveryId' | 'webhookId' | 'domainId'>;

/** Why an attempt failed, as administrators are shown it. */
type PostFailure =
  /** The URL or an address of its host is not allowed (any more). */
  | 'refused'
  /** The name has no address. */
  | 'no-address'
  /** No connection, or one that broke before the answer. */
  | 'connection'
  /** The certificate is not good for the name, or there is no TLS. */
  | 'tls'
  | 'timeout'
  | 'redirect'
  /** Another status than 2xx and 3xx. */
  | 'status'
  /** The node ended meanwhile. */
  | 'stopped';

export interface Posted {
  /** Null when there was no answer. */
  readonly status: number | null;
  /** Null when it was delivered. */
  readonly failure: PostFailure | null;
}

export interface PosterParts extends UrlRules {
  readonly version: string;
  /** Certificates to be trusted instead of those that Node trusts. */
  readonly ca?: string;
}

/** What stands from the head of the answer on, however its body ends. */
interface Heard {
  posted: Posted | null;
}

interface Asking {
  readonly url: URL;
  readonly agent: Agent;
  readonly signal: AbortSignal;
  readonly heard: Heard;
}

export class EventPoster {
  readonly #parts: PosterParts;

  constructor(parts: PosterParts) {
    this.#parts = parts;
  }

  /** Never rejects. Over when the signal aborts, or after `attemptTimeoutMs`. */
  async post(event: OutgoingEvent, stopping: AbortSignal): Promise<Posted> {
    const timeout = AbortSignal.timeout(attemptTimeoutMs);
    const signal = AbortSignal.any([timeout, stopping]);
    const over = Promise.withResolvers<Posted>();
    const heard: Heard = { posted: null };
    const end = () =>
      over.resolve(
        heard.posted ?? { status: null, failure: stopping.aborted ? 'stopped' : 'timeout' },
      );
    if (signal.aborted) end();
    signal.addEventListener('abort', end, { once: true });
    try {
      return await Promise.race([this.#post(event, signal, heard), over.promise]);
    } finally {
      signal.removeEventListener('abort', end);
    }
  }

  async #post(event: OutgoingEvent, signal: AbortSignal, heard: Heard): Promise<Posted> {
    const url = URL.parse(event.url);
    if (url === null || problemOf(url, this.#parts) !== null) return failed('refused');
    const found = await this.#parts.reachable.addressesOf(url.hostname, signal);
    if (found.kind !== 'reachable') return failed(found.kind);
    const { addresses } = found;
    // Another one the next time, should this one be away.
    const address = addresses[(event.attempts - 1) % Math.min(addresses.length, addressesMax)];
    if (address === undefined || signal.aborted) return failed('timeout');
    const agent = new Agent({
      connect: this.#connectorTo(address, url),
      connections: 1,
      pipelining: 1,
      maxHeaderSize: answerHeadOctetsMax,
    });
    try {
      return await this.#ask(event, { url, agent, signal, heard });
    } catch (error) {
      return failed(failureOf(error));
    } finally {
      await agent.destroy();
    }
  }

  async #ask(
    { event, eventId, payload, attempts, secret, formerSecret }: OutgoingEvent,
    to: Asking,
  ): Promise<Posted> {
    const time = Math.floor(Date.now() / 1_000);
    const secrets = formerSecret === null ? [secret] : [secret, formerSecret];
    const { statusCode, body } = await request(to.url, {
      method: 'POST',
      dispatcher: to.agent,
      signal: to.signal,
      headersTimeout: headTimeoutMs,
      bodyTimeout: headTimeoutMs,
      headers: {
        'content-type': 'application/json',
        'user-agent': `poplar/${this.#parts.version}`,
        'poplar-event': event,
        'poplar-event-id': eventId,
        'poplar-attempt': String(attempts),
        [signatureHeader]: signatureOf({ time, body: payload, secrets }),
      },
      body: payload,
    });
    const posted = postedOf(statusCode);
    to.heard.posted = posted;
    await throwAway(body);
    return posted;
  }

  /** Connects to the address, whatever is asked for; TLS is with the name. */
  #connectorTo(address: string, { hostname }: URL): buildConnector.connector {
    const { ca, reachable } = this.#parts;
    const connect = buildConnector({
      timeout: connectTimeoutMs,
      allowH2: false,
      maxCachedSessions: 0,
      ...(ca === undefined ? {} : { ca }),
    });
    return (options, callback) => {
      connect({ ...options, hostname: address, host: hostname }, (...connected) => {
        const [error, socket] = connected;
        if (error === null && !reachable.isAllowed(socket.remoteAddress ?? '')) {
          socket.destroy();
          callback(new Error('the peer is not the address that was asked for'), null);
        } else callback(...connected);
      });
    };
  }
}

function failed(failure: PostFailure): Posted {
  return { status: null, failure };
}

function postedOf(status: number): Posted {
  if (status >= 200 && status < 300) return { status, failure: null };
  return { status, failure: status >= 300 && status < 400 ? 'redirect' : 'status' };
}

/** An answer that breaks off is one, and so is one that never ends: its connection is closed then. */
async function throwAway(body: Readable): Promise<void> {
  let octets = 0;
  const late = setTimeout(() => body.destroy(), answerDrainMs);
  try {
    for await (const piece of body) {
      octets += Buffer.byteLength(piece);
      if (octets > answerOctetsMax) return;
    }
  } catch {
    // The status said it all.
  } finally {
    clearTimeout(late);
  }
}

/** A code, never the text: that may quote what was sent. */
function failureOf(error: unknown): PostFailure {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (/^UND_ERR_(?:CONNECT|HEADERS|BODY)_TIMEOUT$|^ETIMEDOUT$/.test(code)) return 'timeout';
  if (/^ERR_TLS_|^ERR_SSL_|CERT|^EPROTO$|SIGNATURE|^UNABLE_TO_/.test(code)) return 'tls';
  return 'connection';
}
