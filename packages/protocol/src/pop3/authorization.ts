/**
 * The AUTHORIZATION phase: who is this? USER and PASS, APOP, AUTH, STLS, and what comes before them.
 *
 * Never: tell whether a name exists; keep a secret; interpret a line that arrived before TLS after
 * it. What is remembered here is a name (until the next command), a SASL exchange and two counts of failures.
 */

import { assert } from '../assert.ts';
import { failedLoginsMax, refusedLoginsMax, scramBeginsMax } from '../limits.ts';
import type { Exchange, ExchangeStep } from '../sasl/exchange.ts';
import { mechanisms } from '../sasl/mechanism.ts';
import { asterisk, equalsSign } from '../wire/ascii.ts';
import { decodeBase64 } from '../wire/base64.ts';
import type { ReplyBuffer } from '../wire/reply-buffer.ts';
import { type CapabilityContext, capabilities } from './capabilities.ts';
import type { Command } from './command.ts';
import type { Attempt, LoginOutcome, Refusal, Step } from './effects.ts';
import {
  assertSayable,
  isUsable,
  type LoginPolicy,
  offerOf,
  permittedMechanisms,
  type Secured,
  userPermitted,
} from './login-policy.ts';
import * as reply from './reply.ts';
import type { VerbIn } from './states.ts';

export type AuthorizationCommand = Extract<Command, { verb: VerbIn<'authorization'> }>;

const empty = new Uint8Array(0);

export class Authorization {
  readonly #output: ReplyBuffer;
  readonly #implementation: string;
  #policy: LoginPolicy;
  /** The name of a USER that was the last command, or null. */
  #name: string | null = null;
  #exchange: Exchange | null = null;
  /** The refusal that follows whatever the client answers to its explanation, or null. */
  #owed: Refusal | null = null;
  #failedLogins = 0;
  #refusedLogins = 0;
  #scramBegins = 0;
  #opened: CapabilityContext['opened'] = null;

  constructor(output: ReplyBuffer, policy: LoginPolicy, implementation: string) {
    assertSayable(policy);
    this.#output = output;
    this.#policy = policy;
    this.#implementation = implementation;
  }

  /** The next line is a SASL response, not a command. */
  get inExchange(): boolean {
    return this.#exchange !== null;
  }

  /** Performs a command; a step if something must happen outside before the next one. */
  perform(command: AuthorizationCommand): Step | null {
    const name = this.#name;
    this.#name = null;
    switch (command.verb) {
      case 'USER':
        return this.#user(command.name);
      case 'PASS':
        return this.#pass(name, command.secret);
      case 'APOP':
        return this.#apop(command.name, command.digest);
      case 'AUTH':
        return this.#auth(command.mechanism, command.initial);
      case 'STLS':
        return this.#startTls();
      case 'CAPA':
        return this.sayCapabilities();
      case 'QUIT':
        // RFC 1939 §4: no UPDATE from here.
        this.#output.append(reply.goodbye);
        return { kind: 'close', reason: 'quit' };
    }
  }

  /** A line that is no command of this phase came between USER and PASS. */
  forgetName(): void {
    this.#name = null;
  }

  /** The next response of an exchange (RFC 5034 §4). */
  respond(line: Uint8Array): Step | null {
    const exchange = this.#exchange;
    assert(exchange !== null, 'a response belongs to an exchange');
    // RFC 7628 §3.2.3 asks for a dummy response; what it is makes no difference.
    if (this.#owed !== null) return this.#refuse(this.#owed);
    if (line.length === 1 && line[0] === asterisk) return this.#leave(reply.exchangeCancelled);
    const response = decodeBase64(line);
    if (response === null) return this.#leave(reply.malformedResponse);
    return this.#follow(exchange.respond(response));
  }

  /** The exchange ends, for example because its response was too long to be read. */
  abandonExchange(): void {
    this.#exchange = null;
    this.#owed = null;
  }

  /** What became of an effect, unless it was an open maildrop; a step when the session is over. */
  resume(outcome: LoginOutcome): Step | null {
    if (this.#exchange !== null) return this.#follow(this.#exchange.resume(outcome));
    assert(outcome.kind === 'refused', 'SCRAM is an exchange');
    return this.#refuse(outcome.refusal);
  }

  /** A maildrop is open: no more of this phase. */
  opened(loginDelaySeconds: number | null): void {
    this.abandonExchange();
    this.#opened = { loginDelaySeconds };
  }

  /**
   * TLS is up. RFC 2595 §4: what was learnt before is forgotten. That is a name, and STLS itself has
   * made us forget it, as every command does; failures are counted on.
   */
  upgraded(secured: Secured): void {
    this.#policy = { ...this.#policy, ...secured, tls: true };
  }

  /** CAPA, in either phase. */
  sayCapabilities(): null {
    const context = { implementation: this.#implementation, opened: this.#opened };
    this.#output.append(reply.lines(capabilities(this.#policy, context)));
    return null;
  }

  #user(name: string): null {
    if (!userPermitted(this.#policy)) return this.#say(this.#whyNoUser());
    // RFC 1939 §7 allows +OK for any name: whether it exists is nobody's business yet.
    this.#name = name;
    return this.#say(reply.sendPass);
  }

  #pass(name: string | null, secret: Uint8Array): Step | null {
    if (name === null) {
      return this.#say(userPermitted(this.#policy) ? reply.userFirst : this.#whyNoUser());
    }
    const names = { mechanism: 'USER', authenticationId: name, authorizationId: '' };
    return authenticate({ kind: 'password', ...names, secret });
  }

  #whyNoUser(): Uint8Array {
    return this.#policy.userCommand ? reply.tlsNeeded : reply.userNotOffered;
  }

  #apop(name: string, digest: Uint8Array): Step | null {
    const timestamp = this.#policy.apopTimestamp;
    if (timestamp === null) return this.#say(reply.apopNotOffered);
    const names = { mechanism: 'APOP', authenticationId: name, authorizationId: '' };
    return authenticate({ kind: 'apop', ...names, timestamp, digest });
  }

  #auth(name: string | null, initial: Uint8Array | null): Step | null {
    const policy = this.#policy;
    if (name === null) {
      return this.#say(reply.lines(permittedMechanisms(policy).map((one) => one.name)));
    }
    const mechanism = mechanisms.get(name);
    if (mechanism === undefined || !policy.mechanisms.includes(name)) {
      return this.#say(reply.unknownMechanism);
    }
    if (!isUsable(mechanism, policy)) {
      const isPlain = mechanism.needs === 'privacy';
      return this.#say(isPlain ? reply.tlsNeeded : reply.mechanismUnusable);
    }
    const response = initial === null ? null : decodeInitial(initial);
    if (initial !== null && response === null) return this.#say(reply.malformedResponse);
    const exchange = mechanism.begin(offerOf(policy));
    this.#exchange = exchange;
    return this.#follow(exchange.start(response));
  }

  #follow(step: ExchangeStep): Step | null {
    switch (step.kind) {
      case 'effect':
        return step.effect.kind === 'scram-begin' ? this.#beginScram(step) : step;
      case 'challenge':
        return this.#say(reply.challenge(step.data));
      case 'malformed':
        return this.#leave(reply.malformedResponse);
      case 'refused':
        if (step.explanation === null) return this.#refuse(step.refusal);
        this.#owed = step.refusal;
        return this.#say(reply.challenge(step.explanation));
    }
  }

  /** Also one that was given up has looked a name up, so they are bounded like failures. */
  #beginScram(step: Step): Step {
    this.#scramBegins += 1;
    if (this.#scramBegins <= scramBeginsMax) return step;
    this.#leave(reply.tooManyExchanges);
    return { kind: 'close', reason: 'too-many-failures' };
  }

  /** The attempt was refused; a step when it was one too many. */
  #refuse(refusal: Refusal): Step | null {
    this.#leave(reply.refusals[refusal]);
    this.#refusedLogins += 1;
    if (refusal === 'credentials') this.#failedLogins += 1;
    return this.#failedLogins < failedLoginsMax && this.#refusedLogins < refusedLoginsMax
      ? null
      : { kind: 'close', reason: 'too-many-failures' };
  }

  #leave(text: Uint8Array): null {
    this.abandonExchange();
    return this.#say(text);
  }

  #startTls(): Step | null {
    if (this.#policy.tls) return this.#say(reply.tlsActive);
    if (!this.#policy.stlsOffered) return this.#say(reply.tlsNotOffered);
    return { kind: 'effect', effect: { kind: 'start-tls' } };
  }

  #say(text: Uint8Array | string): null {
    this.#output.append(text);
    return null;
  }
}

function authenticate(attempt: Attempt): Step {
  return { kind: 'effect', effect: { kind: 'authenticate', attempt } };
}

/** An initial response of `=` is present and empty (RFC 5034 §4). */
function decodeInitial(initial: Uint8Array): Uint8Array | null {
  if (initial.length === 1 && initial[0] === equalsSign) return empty;
  return decodeBase64(initial);
}
