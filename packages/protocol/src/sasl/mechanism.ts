/**
 * SASL as POP3 uses it (RFC 4422, RFC 5034): what a mechanism is, and the table of all of them.
 *
 * A mechanism is one file in this folder that exports one `Mechanism`, and one row in the table
 * below; CAPA, AUTH and the choice of when it may be used follow from the row. An exchange is fed
 * octets already decoded from BASE64 and says what comes next; it knows neither POP3 nor the store.
 *
 * Never: decide whether a secret is right. An exchange ends with an attempt, and whoever performs
 * the session's effects decides about it.
 */

import type { Attempt } from '../pop3/effects.ts';
import { plain } from './plain.ts';

export type ExchangeStep =
  /** Send this and give the answer to `respond`. */
  | { readonly kind: 'challenge'; readonly data: Uint8Array }
  /** The client has said all: verify it. */
  | { readonly kind: 'attempt'; readonly attempt: Attempt }
  /** The client broke the mechanism's rules: the exchange is over. */
  | { readonly kind: 'malformed' };

/** One run of a mechanism. */
export interface Exchange {
  /** @param initial the initial response, empty if it was sent as `=`, null if there was none */
  start(initial: Uint8Array | null): ExchangeStep;
  respond(response: Uint8Array): ExchangeStep;
}

export interface Mechanism {
  /** As registered, in upper case. */
  readonly name: string;
  /** It sends the secret itself, so it needs TLS unless cleartext is allowed (RFC 5034 §4). */
  readonly plaintext: boolean;
  begin(): Exchange;
}

/** In the order in which they are announced: the one a client should prefer comes first. */
const table: readonly Mechanism[] = [plain];

/** All mechanisms by name. */
export const mechanisms: ReadonlyMap<string, Mechanism> = new Map(
  table.map((mechanism) => [mechanism.name, mechanism]),
);
