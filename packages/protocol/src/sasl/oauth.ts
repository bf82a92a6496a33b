/**
 * What OAUTHBEARER and XOAUTH2 have in common: a message with a bearer token, in one step or behind an
 * empty challenge, and a refusal that is explained in JSON before it is said (RFC 7628 §3.2.2).
 *
 * The token says itself who the client is; the name beside it says whose maildrop is wanted, so it is
 * the authorization identity of the attempt.
 *
 * Never: look into a token; explain an outage, which the client could not mend with another token.
 */

import type { LoginOutcome, TokenStatus } from '../pop3/effects.ts';
import { ascii } from '../wire/ascii.ts';
import { decodePrintable } from '../wire/utf8.ts';
import {
  type Exchange,
  type ExchangeStep,
  emptyChallenge,
  malformed,
  type Offer,
  type Reaction,
  refusedPlainly,
} from './exchange.ts';

/** What a client is told when its token is refused. */
export interface OAuthChallenge {
  /** The scopes a token needs, separated by spaces; null: not told. */
  readonly scope: string | null;
  /** Where the provider describes itself (RFC 8414 §3); null: not told. */
  readonly openidConfiguration: string | null;
}

/** What a client has said. */
export interface BearerMessage {
  readonly authorizationId: string;
  /** Empty: the client only asks what it would need (RFC 7628 §4.3). */
  readonly token: string;
}

export type BearerReader = (message: Uint8Array) => BearerMessage | null;

/** Separates the fields of both mechanisms' messages. */
const controlA = 0x01;
/** RFC 6750 §2.1. Linear: the two classes share no character. */
const bearer = /^bearer +([A-Za-z0-9\-._~+/]+=*)$/i;

/** The octets between the separators; the message is nothing, or ends in two of them. */
export function readFields(message: Uint8Array): Uint8Array[] | null {
  const fields: Uint8Array[] = [];
  let from = 0;
  for (let at = message.indexOf(controlA); at !== -1; at = message.indexOf(controlA, from)) {
    fields.push(message.subarray(from, at));
    from = at + 1;
  }
  const last = fields.pop();
  return from === message.length && last?.length === 0 ? fields : null;
}

/** `key=value` of printable ASCII or UTF-8; null if it is none. */
export function readPair(field: Uint8Array): readonly [key: string, value: string] | null {
  const [, key = '', value = ''] = /^([A-Za-z]+)=(.*)$/.exec(decodePrintable(field) ?? '') ?? [];
  return key === '' ? null : [key, value];
}

/** The token of an `auth` value, empty for an empty one; null if it is none. */
export function readToken(value: string): string | null {
  return value === '' ? '' : (bearer.exec(value)?.[1] ?? null);
}

function explain(challenge: OAuthChallenge, status: TokenStatus): Uint8Array {
  const { scope, openidConfiguration } = challenge;
  return ascii(
    JSON.stringify({
      status,
      ...(scope === null ? {} : { scope }),
      ...(openidConfiguration === null ? {} : { 'openid-configuration': openidConfiguration }),
    }),
  );
}

function refusedToken(challenge: OAuthChallenge, status: TokenStatus): Reaction {
  return { kind: 'refused', refusal: 'credentials', explanation: explain(challenge, status) };
}

/** An exchange of either mechanism: they differ in what their messages look like. */
export function bearerExchange(mechanism: string, read: BearerReader, offer: Offer): Exchange {
  const { oauthChallenge } = offer;
  const readMessage = (message: Uint8Array): ExchangeStep => {
    const said = read(message);
    if (said === null) return malformed;
    const { authorizationId, token } = said;
    if (token === '') return refusedToken(oauthChallenge, 'invalid_token');
    const names = { mechanism, authenticationId: '', authorizationId };
    return {
      kind: 'effect',
      effect: { kind: 'authenticate', attempt: { kind: 'token', ...names, token } },
    };
  };
  return {
    start: (initial) => (initial === null ? emptyChallenge : readMessage(initial)),
    respond: readMessage,
    resume: (outcome: LoginOutcome) =>
      outcome.kind === 'refused' && outcome.refusal === 'credentials'
        ? refusedToken(oauthChallenge, outcome.tokenStatus ?? 'invalid_token')
        : refusedPlainly(outcome),
  };
}
