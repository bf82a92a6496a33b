/**
 * One client's attempts to log in: the protocol's effects become calls on the login desk, and what
 * came of them becomes outcomes. It holds what an exchange of several effects needs in between.
 *
 * Never: a proof used twice or for another name; a name looked up that was not taken apart by the
 * one parser and brought into canonical form.
 */

import type { TLSSocket } from 'node:tls';
import { canonicalAddress, canonicalName } from '@poplar/identity';
import {
  type Attempt,
  type Effect,
  type LoginNameRule,
  type LoginOutcome,
  type Outcome,
  parseLoginName,
  type Secured,
} from '@poplar/protocol';
import {
  type Claim,
  type Claimant,
  type LoginResult,
  type OpenMaildrop,
  refused,
} from '../login/contract.ts';
import type { LoginDesk } from '../login/desk.ts';
import type { ScramLogin } from '../login/scram-login.ts';
import { type BindingType, bindingData } from '../tls/channel-binding.ts';
import { peerBehind, peerOf, securedBy, type TlsPeer } from '../tls/peer.ts';
import type { Origin } from './origin.ts';

export type LoginEffect = Extract<Effect, { kind: 'authenticate' | 'scram-begin' | 'scram-prove' }>;

export interface Performed {
  readonly outcome: Outcome;
  /** Its lock is held. */
  readonly maildrop: OpenMaildrop | null;
  /** What the attempt came to, if it came to its end. */
  readonly result: LoginResult | null;
  readonly mechanism: string;
}

export interface LoginExchangeParts {
  readonly desk: LoginDesk;
  readonly rule: LoginNameRule;
  readonly origin: Origin;
  /** Whether the client has left. */
  readonly isGone: () => boolean;
  /** Hears of an exchange that the client did not go on with. */
  readonly onAbandoned: (performed: Performed) => void;
}

export class LoginExchange {
  readonly #desk: LoginDesk;
  readonly #rule: LoginNameRule;
  readonly #address: string;
  readonly #isGone: () => boolean;
  readonly #onAbandoned: (performed: Performed) => void;
  #peer: TlsPeer | null;
  #scram: ScramLogin | null = null;
  #mechanism = '';

  constructor(parts: LoginExchangeParts) {
    this.#desk = parts.desk;
    this.#rule = parts.rule;
    this.#isGone = parts.isGone;
    this.#onAbandoned = parts.onAbandoned;
    const { address, tls } = parts.origin;
    this.#address = address;
    this.#peer = tls === null ? null : peerBehind(tls);
  }

  /** What a session begins with; null without TLS. */
  get secured(): Secured | null {
    return this.#peer === null ? null : securedBy(this.#peer);
  }

  /** TLS is up. If the client's own ended at a balancer, this is the balancer's and tells nothing. */
  handshaken(socket: TLSSocket): Secured {
    this.#peer ??= peerOf(socket);
    this.abandon();
    return securedBy(this.#peer);
  }

  /** The client has left, or does something else: an exchange that stands open came to nothing. */
  abandon(): void {
    const scram = this.#scram;
    this.#scram = null;
    if (scram !== null) this.#onAbandoned(this.#ended(scram.abandoned(), this.#mechanism));
  }

  /** Never rejects. */
  async perform(effect: LoginEffect): Promise<Performed> {
    try {
      switch (effect.kind) {
        case 'authenticate':
          return this.#ended(await this.#attempt(effect.attempt), effect.attempt.mechanism);
        case 'scram-begin':
          return await this.#begin(effect);
        case 'scram-prove':
          return this.#prove(effect);
      }
    } catch (error) {
      this.#desk.report(error);
      return this.#ended(refused('store-unavailable'), mechanismOf(effect, this.#mechanism));
    }
  }

  #attempt(attempt: Attempt): Promise<LoginResult> {
    const { passwords, others } = this.#desk;
    if (attempt.kind !== 'proved') this.abandon();
    const claim = this.#claim(attempt.authenticationId, attempt.authorizationId);
    switch (attempt.kind) {
      case 'password':
        return passwords.logIn(claim, attempt.secret);
      case 'apop':
        return others.apop(claim, attempt);
      case 'token':
        return others.token(
          this.#claim('', attempt.authorizationId, this.#accountOf(attempt.authorizationId)),
          attempt.token,
          (name) => this.#vouchedClaim(name, attempt.authorizationId),
        );
      case 'certificate':
        return others.certificate(this.#certificateClaim(attempt));
      case 'proved': {
        const scram = this.#scram;
        this.#scram = null;
        return scram === null ? Promise.resolve(refused('wrong-secret')) : scram.open();
      }
    }
  }

  async #begin(effect: Extract<LoginEffect, { kind: 'scram-begin' }>): Promise<Performed> {
    this.abandon();
    this.#mechanism = effect.mechanism;
    const claim = this.#claim(effect.authenticationId, effect.authorizationId);
    const begun = await this.#desk.beginScram(claim, effect.hash === 'SHA-1' ? 'sha1' : 'sha256');
    if ('kind' in begun) return this.#ended(begun, effect.mechanism);
    this.#scram = begun.run;
    const { nonce, salt, iterations } = begun.begun;
    const data = this.#bindingData(effect.binding);
    return this.#goesOn({ kind: 'scram-begun', nonce, salt, iterations, bindingData: data });
  }

  #prove({ authMessage, proof }: Extract<LoginEffect, { kind: 'scram-prove' }>): Performed {
    const proved = this.#scram?.prove(authMessage, proof) ?? refused('wrong-secret');
    if (proved.kind === 'proved') {
      return this.#goesOn({ kind: 'scram-proved', signature: proved.signature });
    }
    this.#scram = null;
    return this.#ended(proved, this.#mechanism);
  }

  #bindingData(type: BindingType | null): Uint8Array | null {
    const socket = this.#peer?.socket ?? null;
    return type === null || socket === null ? null : bindingData(socket, type);
  }

  /** Whom a certificate logs in: whoever is named, or the one address that it has. */
  #certificateClaim({ authorizationId }: Attempt): Claim {
    if (authorizationId !== '') return this.#claim(authorizationId, '');
    const addresses = (this.#peer?.certificateNames ?? []).filter((name) =>
      name.startsWith('email:'),
    );
    const [address = ''] = addresses;
    return this.#vouchedClaim(addresses.length === 1 ? address.slice('email:'.length) : '', '');
  }

  /**
   * Of a name that somebody else vouches for. It is one name, not a form with two in it: whoever may
   * choose a name at a provider could else be `me*ann` there and Ann here.
   */
  #vouchedClaim(name: string, authorizationId: string): Claim {
    const isPlain = parseLoginName(name, name, this.#rule) !== null;
    return isPlain ? this.#claim(name, authorizationId) : this.#claim('', authorizationId, name);
  }

  #claim(authenticationId: string, authorizationId: string, account?: string): Claim {
    const parsed = parseLoginName(authenticationId, authorizationId, this.#rule);
    const actor = parsed === null ? null : canonical(parsed.actor);
    const maildrop = parsed?.maildrop == null ? null : canonical(parsed.maildrop);
    const isWhole = actor !== null && (parsed?.maildrop == null || maildrop !== null);
    return {
      claimant: this.#claimant(),
      names: isWhole ? { actor, maildrop } : null,
      actor,
      account: account ?? actor ?? authenticationId,
    };
  }

  /** What failures for a name that is asked for are counted under, however it is written. */
  #accountOf(name: string): string {
    const parsed = name === '' ? null : parseLoginName(name, '', this.#rule);
    return (parsed === null ? null : canonical(parsed.actor)) ?? name;
  }

  #claimant(): Claimant {
    return {
      address: this.#address,
      certificateNames: this.#peer?.certificateNames ?? null,
      isGone: this.#isGone,
    };
  }

  #goesOn(outcome: LoginOutcome): Performed {
    return { outcome, maildrop: null, result: null, mechanism: this.#mechanism };
  }

  #ended(result: LoginResult, mechanism: string): Performed {
    if (result.kind === 'refused') {
      const { refusal } = result;
      return { outcome: { kind: 'refused', refusal }, maildrop: null, result, mechanism };
    }
    const { maildrop } = result;
    const { snapshot: listing, loginDelaySeconds } = maildrop;
    const delay = this.#desk.announcesDelay ? { loginDelaySeconds } : {};
    return { outcome: { kind: 'opened', listing, ...delay }, maildrop, result, mechanism };
  }
}

function mechanismOf(effect: LoginEffect, current: string): string {
  if (effect.kind === 'authenticate') return effect.attempt.mechanism;
  return effect.kind === 'scram-begin' ? effect.mechanism : current;
}

function canonical(name: string): string | null {
  return name.includes('@') ? canonicalAddress(name) : canonicalName(name);
}
