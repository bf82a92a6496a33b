/**
 * SASL EXTERNAL (RFC 4422 §A): who the client is was shown by the certificate of its TLS handshake.
 * It says only whom to act as, or nothing: then whom the certificate names.
 *
 * Never: take a name from the client for the one in the certificate.
 */

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
  const authorizationId = readName(message);
  if (authorizationId === null) return malformed;
  const names = { mechanism: 'EXTERNAL', authenticationId: '', authorizationId };
  return {
    kind: 'effect',
    effect: { kind: 'authenticate', attempt: { kind: 'certificate', ...names } },
  };
}

const exchange: Exchange = {
  start: (initial) => (initial === null ? emptyChallenge : readMessage(initial)),
  respond: readMessage,
  resume: refusedPlainly,
};

export const external: Mechanism = {
  name: 'EXTERNAL',
  needs: 'client-certificate',
  begin: () => exchange,
};
