/**
 * One run of a SASL mechanism (RFC 4422 §3, RFC 5034 §4), as POP3 sees it: octets of the client,
 * already decoded from BASE64, and outcomes go in; what comes next comes out.
 *
 * Theory of operation. `start` gets the initial response or the lack of one. A `challenge` is
 * answered by `respond`; an `effect` by `resume`, unless its outcome is an open maildrop: then the
 * exchange is not asked any more. `malformed` and `refused` end it. A client that cancels with `*`
 * is not the exchange's business.
 *
 * Never: decide whether a secret is right; know POP3; keep octets that belong to a reader.
 */

import { assert } from '../assert.ts';
import { nameOctetsMax } from '../limits.ts';
import type { Effect, LoginOutcome, Refusal } from '../pop3/effects.ts';
import { decodePrintable } from '../wire/utf8.ts';
import type { OAuthChallenge } from './oauth.ts';

type LoginEffect = Extract<
  Effect,
  { readonly kind: 'authenticate' | 'scram-begin' | 'scram-prove' }
>;

/** What may follow an outcome. */
export type Reaction =
  /** Send this and give the answer to `respond`. */
  | { readonly kind: 'challenge'; readonly data: Uint8Array }
  /** The client broke the mechanism's rules: the exchange is over. */
  | { readonly kind: 'malformed' }
  /**
   * Not this time. With an explanation, that is sent first as a challenge, and the refusal follows
   * whatever the client answers (RFC 7628 §3.2.3).
   */
  | {
      readonly kind: 'refused';
      readonly refusal: Refusal;
      readonly explanation: Uint8Array | null;
    };

/** What may follow what a client said. */
export type ExchangeStep =
  | Reaction
  /** The world must do something, and say what became of it. */
  | { readonly kind: 'effect'; readonly effect: LoginEffect };

export interface Exchange {
  /** @param initial the initial response, empty if it was sent as `=`, null if there was none */
  start(initial: Uint8Array | null): ExchangeStep;
  respond(response: Uint8Array): ExchangeStep;
  resume(outcome: LoginOutcome): Reaction;
}

/** What a mechanism may know of the connection and the configuration. */
export interface Offer {
  /** A mechanism with channel binding is announced. */
  readonly bindingOffered: boolean;
  readonly oauthChallenge: OAuthChallenge;
}

/** Asks for what an initial response would have brought (RFC 5034 §4). */
export const emptyChallenge: Reaction = { kind: 'challenge', data: new Uint8Array(0) };
export const malformed: Reaction = { kind: 'malformed' };

/** `resume` of a mechanism that has nothing to say to a refusal. */
export function refusedPlainly(outcome: LoginOutcome): Reaction {
  assert(outcome.kind === 'refused', 'this mechanism asks for nothing but a maildrop');
  return { kind: 'refused', refusal: outcome.refusal, explanation: null };
}

/** A name in a message: UTF-8 without control characters (so without NUL); null if it is none. */
export function readName(field: Uint8Array): string | null {
  return field.length > nameOctetsMax ? null : decodePrintable(field);
}
