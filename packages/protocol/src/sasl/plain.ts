/**
 * SASL PLAIN (RFC 4616): `[authzid] NUL authcid NUL passwd` in one message.
 *
 * The three fields stay three fields: they are never joined again, so no octet of one can move into
 * another. An authzid is passed on; whether one may act as another is not decided here.
 *
 * Never: accept a fourth field, an empty authcid, malformed UTF-8 or a control character in a name.
 */

import { nameOctetsMax } from '../limits.ts';
import { nul } from '../wire/ascii.ts';
import { decodePrintable } from '../wire/utf8.ts';
import type { Exchange, ExchangeStep, Mechanism } from './mechanism.ts';

const emptyChallenge: ExchangeStep = { kind: 'challenge', data: new Uint8Array(0) };
const malformed: ExchangeStep = { kind: 'malformed' };

function decodeName(field: Uint8Array): string | null {
  return field.length > nameOctetsMax ? null : decodePrintable(field);
}

function readMessage(message: Uint8Array): ExchangeStep {
  const first = message.indexOf(nul);
  const second = message.indexOf(nul, first + 1);
  if (first === -1 || second === -1) return malformed;
  if (message.indexOf(nul, second + 1) !== -1) return malformed;
  const authorizationId = decodeName(message.subarray(0, first));
  const authenticationId = decodeName(message.subarray(first + 1, second));
  if (authorizationId === null || authenticationId === null) return malformed;
  if (authenticationId === '') return malformed;
  const secret = message.subarray(second + 1);
  return {
    kind: 'attempt',
    attempt: { mechanism: 'PLAIN', authenticationId, authorizationId, secret },
  };
}

/** PLAIN keeps nothing from one message to the next, so one exchange serves all. */
const exchange: Exchange = {
  start: (initial) => (initial === null ? emptyChallenge : readMessage(initial)),
  respond: readMessage,
};

export const plain: Mechanism = { name: 'PLAIN', plaintext: true, begin: () => exchange };
