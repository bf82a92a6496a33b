/**
 * SASL XOAUTH2, as Google and Microsoft describe it: what OAUTHBEARER was before it was RFC 7628.
 *
 *   user=user@example.org^Aauth=Bearer ya29...^A^A
 *
 * Never: accept anything between or behind those two fields.
 */

import { readName } from './exchange.ts';
import type { Mechanism } from './mechanism.ts';
import { type BearerMessage, bearerExchange, readFields, readPair, readToken } from './oauth.ts';

const userKey = 'user=';

function readMessage(message: Uint8Array): BearerMessage | null {
  const [user, auth, ...more] = readFields(message) ?? [];
  if (user === undefined || auth === undefined || more.length > 0) return null;
  const name = readName(user);
  const pair = readPair(auth);
  if (name === null || !name.startsWith(userKey) || pair?.[0] !== 'auth') return null;
  const token = readToken(pair[1]);
  return token === null ? null : { authorizationId: name.slice(userKey.length), token };
}

export const xoauth2: Mechanism = {
  name: 'XOAUTH2',
  needs: 'privacy',
  begin: (offer) => bearerExchange('XOAUTH2', readMessage, offer),
};
