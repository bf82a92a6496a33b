/**
 * The AUTHORIZATION phase: who is this? USER and PASS, AUTH, STLS, and what comes before them.
 *
 * Never: tell whether a name exists; keep a secret; interpret a line that arrived before TLS after
 * it. What is remembered here is a name (until the next command), a SASL exchange and two counts.
 */

import { assert } from '../assert.ts';
import { failedLoginsMax } from '../limits.ts';
import { type Exchange, type ExchangeStep, mechanisms } from '../sasl/mechanism.ts';
import { asterisk, equalsSign } from '../wire/ascii.ts';
import { decodeBase64 } from '../wire/base64.ts';
import type { ReplyBuffer } from '../wire/reply-buffer.ts';
import {
  capabilities,
  type LoginPolicy,
  permittedMechanisms,
  plaintextPermitted,
} from './capabilities.ts';
import type { Command } from './command.ts';
import type { Refusal, Step } from './effects.ts';
import * as reply from './reply.ts';
import type { CommandPhase, VerbIn } from './states.ts';

export type AuthorizationCommand = Extract<Command, { verb: VerbIn<'authorization'> }>;

const empty = new Uint8Array(0);

export class Authorization {
  readonly #output: ReplyBuffer;
  readonly #implementation: string;
  #policy: LoginPolicy;
  /** The name of a USER that was the last command, or null. */
  #name: string | null = null;
  #exchange: Exchange | null = null;
  #failedLogins = 0;

  constructor(output: ReplyBuffer, policy: LoginPolicy, implementation: string) {
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
      case 'AUTH':
        return this.#auth(command.mechanism, command.initial);
      case 'STLS':
        return this.#startTls();
      case 'CAPA':
        return this.sayCapabilities('authorization');
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
    this.#exchange = null;
    if (line.length === 1 && line[0] === asterisk) {
      this.#output.append(reply.exchangeCancelled);
      return null;
    }
    const response = decodeBase64(line);
    if (response === null) return this.#malformed();
    return this.#follow(exchange, exchange.respond(response));
  }

  /** The exchange ends because its response was too long to be read. */
  abandonExchange(): void {
    this.#exchange = null;
  }

  /** The attempt was refused; a step when it was one too many. */
  refused(refusal: Refusal): Step | null {
    this.#output.append(reply.refusals[refusal]);
    if (refusal !== 'credentials') return null;
    this.#failedLogins += 1;
    return this.#failedLogins < failedLoginsMax
      ? null
      : { kind: 'close', reason: 'too-many-failures' };
  }

  /**
   * TLS is up. RFC 2595 §4: what was learnt before is forgotten. That is a name, and STLS itself has
   * made us forget it, as every command does; failures are counted on.
   */
  upgraded(): void {
    this.#policy = { ...this.#policy, tls: true };
  }

  /** CAPA, in either phase. */
  sayCapabilities(phase: CommandPhase): null {
    const lines = capabilities(phase, this.#policy, this.#implementation);
    this.#output.append(reply.lines(lines));
    return null;
  }

  #user(name: string): null {
    if (plaintextPermitted(this.#policy)) {
      // RFC 1939 §7 allows +OK for any name: whether it exists is nobody's business yet.
      this.#name = name;
      this.#output.append(reply.sendPass);
    } else {
      this.#output.append(reply.tlsNeeded);
    }
    return null;
  }

  #pass(name: string | null, secret: Uint8Array): Step | null {
    if (name === null) {
      const permitted = plaintextPermitted(this.#policy);
      this.#output.append(permitted ? reply.userFirst : reply.tlsNeeded);
      return null;
    }
    const attempt = {
      mechanism: 'USER',
      authenticationId: name,
      authorizationId: '',
      secret,
    };
    return { kind: 'effect', effect: { kind: 'authenticate', attempt } };
  }

  #auth(name: string | null, initial: Uint8Array | null): Step | null {
    if (name === null) {
      this.#output.append(reply.lines(permittedMechanisms(this.#policy)));
      return null;
    }
    const mechanism = mechanisms.get(name);
    if (mechanism === undefined) {
      this.#output.append(reply.unknownMechanism);
      return null;
    }
    if (mechanism.plaintext && !plaintextPermitted(this.#policy)) {
      this.#output.append(reply.tlsNeeded);
      return null;
    }
    const response = initial === null ? null : decodeInitial(initial);
    if (initial !== null && response === null) return this.#malformed();
    const exchange = mechanism.begin();
    return this.#follow(exchange, exchange.start(response));
  }

  #follow(exchange: Exchange, step: ExchangeStep): Step | null {
    switch (step.kind) {
      case 'challenge':
        this.#exchange = exchange;
        this.#output.append(reply.challenge(step.data));
        return null;
      case 'attempt':
        return { kind: 'effect', effect: { kind: 'authenticate', attempt: step.attempt } };
      case 'malformed':
        return this.#malformed();
    }
  }

  #malformed(): null {
    this.#output.append(reply.malformedResponse);
    return null;
  }

  #startTls(): Step | null {
    if (this.#policy.tls) {
      this.#output.append(reply.tlsActive);
      return null;
    }
    if (!this.#policy.stlsOffered) {
      this.#output.append(reply.tlsNotOffered);
      return null;
    }
    return { kind: 'effect', effect: { kind: 'start-tls' } };
  }
}

/** An initial response of `=` is present and empty (RFC 5034 §4). */
function decodeInitial(initial: Uint8Array): Uint8Array | null {
  if (initial.length === 1 && initial[0] === equalsSign) return empty;
  return decodeBase64(initial);
}
