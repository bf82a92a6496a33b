/**
 * SCRAM (RFC 5802, RFC 7677), with and without channel binding: the client proves that it knows the
 * password, and we that we know something made of it; neither is sent.
 *
 * Theory of operation. client-first is asked for unless it came with AUTH, and leads to `scram-begin`;
 * its outcome is sent as server-first. client-final leads to `scram-prove`; its outcome is sent as
 * server-final. POP3 has no room for data behind +OK, so that goes out as a challenge and the client
 * answers with an empty line (RFC 5034 §4). Only then the maildrop is asked for (`authenticate`, of
 * the kind `proved`): a client that does not believe us leaves no lock behind.
 *
 * Never: hash, compare or make up anything: proofs, salts and nonces are the world's. Let a client
 * that was made to believe that we cannot bind go on (RFC 5802 §6).
 */

import { assert } from '../assert.ts';
import type { ChannelBinding, LoginOutcome } from '../pop3/effects.ts';
import {
  type Exchange,
  type ExchangeStep,
  emptyChallenge,
  malformed,
  type Offer,
  type Reaction,
  refusedPlainly,
} from './exchange.ts';
import type { BindingFlag } from './gs2-header.ts';
import type { Mechanism } from './mechanism.ts';
import {
  authMessage,
  type ClientFirst,
  expectedBinding,
  readClientFinal,
  readClientFirst,
  serverFinal,
  serverFirst,
} from './scram-messages.ts';

interface Variant {
  readonly name: string;
  readonly hash: 'SHA-1' | 'SHA-256';
  readonly proofOctets: number;
  /** It binds to the channel. */
  readonly plus: boolean;
}

type Begun = Extract<LoginOutcome, { kind: 'scram-begun' }>;

/** What client-final is compared with. */
interface Expectation {
  readonly nonce: string;
  readonly binding: string;
  /** server-first as it was sent. */
  readonly message: Uint8Array;
}

const noData = new Uint8Array(0);

class ScramExchange implements Exchange {
  readonly #variant: Variant;
  readonly #bindingOffered: boolean;
  /** Each is null until its message was sent or received. */
  #first: ClientFirst | null = null;
  #expectation: Expectation | null = null;
  #isProved = false;

  constructor(variant: Variant, offer: Offer) {
    this.#variant = variant;
    this.#bindingOffered = offer.bindingOffered;
  }

  start(initial: Uint8Array | null): ExchangeStep {
    return initial === null ? emptyChallenge : this.respond(initial);
  }

  respond(response: Uint8Array): ExchangeStep {
    if (this.#first === null) return this.#begin(response);
    if (this.#isProved) return this.#finish(this.#first, response);
    assert(this.#expectation !== null, 'client-final answers server-first');
    return this.#prove(this.#first, this.#expectation, response);
  }

  resume(outcome: LoginOutcome): Reaction {
    if (outcome.kind === 'refused') return refusedPlainly(outcome);
    assert(this.#first !== null, 'an outcome answers a message of the client');
    if (outcome.kind === 'scram-begun') return this.#begun(this.#first, outcome);
    this.#isProved = true;
    return { kind: 'challenge', data: serverFinal(outcome.signature) };
  }

  #begin(response: Uint8Array): ExchangeStep {
    const first = readClientFirst(response);
    const binding = first === null ? 'refused' : this.#bindingOf(first.flag);
    if (first === null || binding === 'refused') return malformed;
    this.#first = first;
    const { name, hash } = this.#variant;
    const { authenticationId, authorizationId } = first;
    const names = { mechanism: name, authenticationId, authorizationId };
    return { kind: 'effect', effect: { kind: 'scram-begin', hash, ...names, binding } };
  }

  /** What the client binds to; null when it does not and need not. */
  #bindingOf(flag: BindingFlag): ChannelBinding | null | 'refused' {
    if (this.#variant.plus) return flag.kind === 'bound' ? known(flag.binding) : 'refused';
    // RFC 5802 §6: who says `y` has not seen what we announce, so somebody has taken it away.
    const isSound = flag.kind === 'none' || (flag.kind === 'unoffered' && !this.#bindingOffered);
    return isSound ? null : 'refused';
  }

  #begun(first: ClientFirst, begun: Begun): Reaction {
    const data = this.#variant.plus ? begun.bindingData : noData;
    // This connection has no such data: whatever the client bound to, it is not this.
    if (data === null) return malformed;
    const { nonce, message } = serverFirst(first.nonce, begun);
    this.#expectation = { nonce, message, binding: expectedBinding(first.header, data) };
    return { kind: 'challenge', data: message };
  }

  #prove(first: ClientFirst, expectation: Expectation, response: Uint8Array): ExchangeStep {
    const final = readClientFinal(response);
    if (final === null || final.proof.length !== this.#variant.proofOctets) return malformed;
    if (final.nonce !== expectation.nonce || final.binding !== expectation.binding) {
      return malformed;
    }
    const signed = authMessage([first.bare, expectation.message, final.withoutProof]);
    const { proof } = final;
    return { kind: 'effect', effect: { kind: 'scram-prove', authMessage: signed, proof } };
  }

  /** RFC 5034 §4: the answer to server-final is empty. */
  #finish(first: ClientFirst, response: Uint8Array): ExchangeStep {
    if (response.length > 0) return malformed;
    const { authenticationId, authorizationId } = first;
    const names = { mechanism: this.#variant.name, authenticationId, authorizationId };
    return {
      kind: 'effect',
      effect: { kind: 'authenticate', attempt: { kind: 'proved', ...names } },
    };
  }
}

function known(binding: string): ChannelBinding | 'refused' {
  return binding === 'tls-exporter' || binding === 'tls-server-end-point' ? binding : 'refused';
}

function mechanism(variant: Variant): Mechanism {
  return {
    name: variant.name,
    needs: variant.plus ? 'channel-binding' : 'nothing',
    begin: (offer) => new ScramExchange(variant, offer),
  };
}

const sha1 = { hash: 'SHA-1', proofOctets: 20 } as const;
const sha256 = { hash: 'SHA-256', proofOctets: 32 } as const;

export const scramSha1 = mechanism({ name: 'SCRAM-SHA-1', ...sha1, plus: false });
export const scramSha1Plus = mechanism({ name: 'SCRAM-SHA-1-PLUS', ...sha1, plus: true });
export const scramSha256 = mechanism({ name: 'SCRAM-SHA-256', ...sha256, plus: false });
export const scramSha256Plus = mechanism({ name: 'SCRAM-SHA-256-PLUS', ...sha256, plus: true });
