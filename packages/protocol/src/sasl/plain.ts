/**
 * SASL PLAIN (RFC 4616): `[authzid] NUL authcid NUL passwd` in one message.
 *
 * The three fields stay three fields: they are never joined again, so no octet of one can move into
 * another. An authzid is passed on; whether one may act as another is not decided here.
 *
 * Never: accept a fourth field, an empty authcid, malformed UTF-8 or a control character in a name.
 */

import { nul } from '../wire/ascii.ts';
import {
  type Exchange,
  type ExchangeStep,
  emptyChallenge,
  malformed,
  readName,
  refusedPlainly,
} from './exchange.ts';
import type { Mechanism } from './mechanism.ts';

function readMessage(message: Uint8Array): ExchangeStep {
  const first = message.indexOf(nul);
  const second = message.indexOf(nul, first + 1);
  if (first === -1 || second === -1) return malformed;
  if (message.indexOf(nul, second + 1) !== -1) return malformed;
  const authorizationId = readName(message.subarray(0, first));
  const authenticationId = readName(message.subarray(first + 1, second));
  if (authorizationId === null || authenticationId === null) return malformed;
  if (authenticationId === '') return malformed;
  const secret = message.slice(second + 1);
  const names = { mechanism: 'PLAIN', authenticationId, authorizationId };
  return {
    kind: 'effect',
    effect: { kind: 'authenticate', attempt: { kind: 'password', ...names, secret } },
  };
}

/** PLAIN keeps nothing from one message to the next, so one exchange serves all. */
const exchange: Exchange = {
  start: (initial) => (initial === null ? emptyChallenge : readMessage(initial)),
  respond: readMessage,
  resume: refusedPlainly,
};

export const plain: Mechanism = { name: 'PLAIN', needs: 'privacy', begin: () => exchange };
