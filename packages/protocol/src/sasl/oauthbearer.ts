/**
 * SASL OAUTHBEARER (RFC 7628 §3.1): a GS2 header, then `key=value` pairs, each behind a control-A.
 *
 *   n,a=user@example.org,^Ahost=pop.example.org^Aport=110^Aauth=Bearer vF9d...^A^A
 *
 * Never: accept a pair twice, a channel binding (there is none for this mechanism), or a `host` or
 * `port` that is none. They are not compared with ours: a proxy may have another name.
 */

import { readGs2Header } from './gs2-header.ts';
import type { Mechanism } from './mechanism.ts';
import { type BearerMessage, bearerExchange, readFields, readPair, readToken } from './oauth.ts';

/** Names and literal addresses (RFC 3986 §3.2.2), short of their grammar. */
const hostShape = /^[A-Za-z0-9.:[\]_-]{1,255}$/;
const portShape = /^[0-9]{1,5}$/;
const portMax = 65_535;

function readMessage(message: Uint8Array): BearerMessage | null {
  const [first, ...others] = readFields(message) ?? [];
  if (first === undefined) return null;
  const header = readGs2Header(first);
  if (header === null || header.octets !== first.length || header.flag.kind === 'bound')
    return null;
  const pairs = readPairs(others);
  const auth = pairs?.get('auth');
  if (pairs === null || auth === undefined || !isPlace(pairs)) return null;
  const token = readToken(auth);
  return token === null ? null : { authorizationId: header.authorizationId, token };
}

/** Pairs by key; those with unknown keys are among them, and nobody looks at them. */
function readPairs(fields: readonly Uint8Array[]): ReadonlyMap<string, string> | null {
  const pairs = new Map<string, string>();
  for (const field of fields) {
    const pair = readPair(field);
    if (pair === null || pairs.has(pair[0])) return null;
    pairs.set(...pair);
  }
  return pairs;
}

function isPlace(pairs: ReadonlyMap<string, string>): boolean {
  const host = pairs.get('host');
  const port = pairs.get('port');
  return (host === undefined || hostShape.test(host)) && (port === undefined || isPort(port));
}

function isPort(text: string): boolean {
  return portShape.test(text) && Number(text) > 0 && Number(text) <= portMax;
}

export const oauthBearer: Mechanism = {
  name: 'OAUTHBEARER',
  needs: 'privacy',
  begin: (offer) => bearerExchange('OAUTHBEARER', readMessage, offer),
};
