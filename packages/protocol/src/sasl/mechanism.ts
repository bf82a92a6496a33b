/**
 * The table of the SASL mechanisms (RFC 4422, RFC 5034). A mechanism is one file in this folder and
 * one row below; CAPA, AUTH and the choice of when it may be used follow from the row.
 *
 * Never: decide whether a secret is right. An exchange ends with an attempt, and whoever performs
 * the session's effects decides about it.
 */

import type { Exchange, Offer } from './exchange.ts';
import { external } from './external.ts';
import { login } from './login.ts';
import { oauthBearer } from './oauthbearer.ts';
import { plain } from './plain.ts';
import { scramSha1, scramSha1Plus, scramSha256, scramSha256Plus } from './scram.ts';
import { xoauth2 } from './xoauth2.ts';

/**
 * What the connection must have:
 * - `privacy`: the mechanism sends the secret itself, so it needs TLS unless cleartext is allowed
 *   (RFC 5034 §4, RFC 7628 §3.1);
 * - `channel-binding`: TLS that something can be bound to (RFC 5802 §6);
 * - `client-certificate`: TLS with a certificate of the client that was verified (RFC 4422 §A).
 */
type Need = 'nothing' | 'privacy' | 'channel-binding' | 'client-certificate';

export interface Mechanism {
  /** As registered, in upper case. */
  readonly name: string;
  readonly needs: Need;
  begin(offer: Offer): Exchange;
}

/** In the order in which they are announced: the one a client should prefer comes first. */
const table: readonly Mechanism[] = [
  external,
  scramSha256Plus,
  scramSha1Plus,
  scramSha256,
  scramSha1,
  oauthBearer,
  xoauth2,
  plain,
  login,
];

/** All mechanisms by name. */
export const mechanisms: ReadonlyMap<string, Mechanism> = new Map(
  table.map((mechanism) => [mechanism.name, mechanism]),
);
