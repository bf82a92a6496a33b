/**
 * The REST API over a connection: the socket of a node of this host, or the address of another one.
 *
 * Never: a token in a message; an answer waited for without a bound.
 */

import { BlockList, isIP } from 'node:net';
import { Agent, request } from 'undici';
import { apiProbeTimeoutMs, apiTimeoutMs } from '../limits.ts';
import { ApiFailure, type Transport } from './client.ts';

export interface Wire {
  /** For people. */
  readonly name: string;
  readonly base: string;
  readonly token: string;
  /** What a person can mend when the token is no good. */
  readonly refusal: string;
  readonly agent: Agent;
}

interface WireTo {
  readonly base: string;
  readonly token: string;
  readonly refusal: string;
  /** In place of the host and port of `base`. */
  readonly socketPath?: string;
}

export function openWire({ socketPath, ...to }: WireTo): Wire {
  if (socketPath === undefined) return { ...to, name: to.base, agent: new Agent() };
  const agent = new Agent({ connect: { socketPath } });
  return { ...to, name: 'the node of this data directory', agent };
}

/** @param patience `soon` for a question to which nobody may be there to answer */
export function wireTransport(
  { name, base, token, refusal, agent }: Wire,
  patience: 'soon' | 'usual' = 'usual',
): Transport {
  const timeoutMs = patience === 'soon' ? apiProbeTimeoutMs : apiTimeoutMs;
  const away = (error: unknown): ApiFailure => {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    return new ApiFailure(`${name} cannot be reached (${code})`);
  };
  return async ({ method, path, body, type = 'application/json', key }) => {
    try {
      const { statusCode, body: answer } = await request(`${base}/api/v1${path}`, {
        method,
        dispatcher: agent,
        headersTimeout: timeoutMs,
        bodyTimeout: timeoutMs,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body === undefined ? {} : { 'content-type': type }),
          ...(key === undefined ? {} : { 'idempotency-key': key }),
        },
        body: body ?? null,
      });
      if (statusCode !== 401) return { status: statusCode, octets: octetsOf(answer, away) };
      await answer.dump();
    } catch (error) {
      throw away(error);
    }
    // The API's own words are for whoever writes headers.
    throw new ApiFailure(`${name} refuses the token: ${refusal}`);
  };
}

async function* octetsOf(
  answer: AsyncIterable<unknown>,
  away: (error: unknown) => ApiFailure,
): AsyncGenerator<Uint8Array> {
  try {
    for await (const piece of answer) if (piece instanceof Uint8Array) yield piece;
  } catch (error) {
    throw away(error);
  }
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

export function isOfThisHost({ hostname }: URL): boolean {
  const host = hostname.replace(/^\[|\]$/g, '');
  const family = isIP(host);
  if (family === 0) return host === 'localhost';
  return loopback.check(host, family === 6 ? 'ipv6' : 'ipv4');
}
