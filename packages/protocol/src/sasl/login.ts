/**
 * SASL LOGIN: a name, then a password, each in a message of its own. Never standardised;
 * draft-murchison-sasl-login-00 wrote down what was in use.
 *
 * The server speaks first, so RFC 5034 §4 would refuse an initial response. Outlook and others send
 * one all the same, and Dovecot, Cyrus and Exchange take it as the name; so it is here.
 *
 * Never: accept NUL in the password, which PASS and PLAIN cannot have either, or an empty name.
 */

import { ascii, nul } from '../wire/ascii.ts';
import {
  type Exchange,
  type ExchangeStep,
  malformed,
  readName,
  refusedPlainly,
} from './exchange.ts';
import type { Mechanism } from './mechanism.ts';

const askName: ExchangeStep = { kind: 'challenge', data: ascii('Username:') };
const askPassword: ExchangeStep = { kind: 'challenge', data: ascii('Password:') };

class LoginExchange implements Exchange {
  /** Empty until the client has said it. */
  #name = '';

  start(initial: Uint8Array | null): ExchangeStep {
    return initial === null ? askName : this.respond(initial);
  }

  respond(response: Uint8Array): ExchangeStep {
    if (this.#name !== '') return this.#password(response);
    const name = readName(response);
    if (name === null || name === '') return malformed;
    this.#name = name;
    return askPassword;
  }

  readonly resume = refusedPlainly;

  #password(response: Uint8Array): ExchangeStep {
    if (response.includes(nul)) return malformed;
    const names = { mechanism: 'LOGIN', authenticationId: this.#name, authorizationId: '' };
    const secret = response.slice();
    return {
      kind: 'effect',
      effect: { kind: 'authenticate', attempt: { kind: 'password', ...names, secret } },
    };
  }
}

export const login: Mechanism = {
  name: 'LOGIN',
  needs: 'privacy',
  begin: () => new LoginExchange(),
};
