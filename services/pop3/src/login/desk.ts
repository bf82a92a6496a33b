/**
 * All ways to log in, put together for the connections of one worker, and what of them is announced.
 *
 * Never: a way that is announced and not served.
 */

import { randomBytes } from 'node:crypto';
import {
  type Argon2Costs,
  type Guards,
  type OAuthSettings,
  type ScramHash,
  TokenVerifier,
  type Verifier,
} from '@poplar/identity';
import type { LoginDelays, Store } from '@poplar/store';
import { apopTimestampOctets, loginDelaysIntervalMs } from '../limits.ts';
import { Admittance } from './admittance.ts';
import { Aftermath } from './aftermath.ts';
import type { Claim, Refused } from './contract.ts';
import { MaildropOpener } from './maildrop-opener.ts';
import { OtherLogins } from './other-logins.ts';
import { PasswordLogin } from './password-login.ts';
import { type ScramBegun, ScramLogin, type ScramLoginParts } from './scram-login.ts';

export interface LoginSettings {
  /** The host name in timestamps of APOP. */
  readonly hostname: string;
  readonly scram: boolean;
  readonly apop: boolean;
  /** Client certificates are asked for, by us or by a balancer. */
  readonly certificates: boolean;
  readonly argon2: Argon2Costs;
  readonly oauth: OAuthSettings | null;
  readonly oauthChallenge: {
    readonly scope: string | null;
    readonly openidConfiguration: string | null;
  };
  /** The same on all nodes that share a database. */
  readonly decoyKey: Uint8Array;
}

export interface LoginDeskParts {
  readonly store: Store;
  readonly verifier: Verifier;
  readonly guards: Pick<Guards, 'cache' | 'throttle'>;
  readonly ownerId: () => string;
  readonly settings: LoginSettings;
  /** Told of every failure that is not the client's. */
  readonly report: (error: unknown) => void;
  /** Told how long each verification of a password took, its wait for a place included. */
  readonly hashed: (ms: number) => void;
}

/** What is announced to a client; the same for all clients of a worker but for `apopTimestamp`. */
export interface Announced {
  readonly mechanisms: readonly string[];
  readonly apopTimestamp: string | null;
  readonly oauthChallenge: LoginSettings['oauthChallenge'];
  readonly loginDelay: { readonly seconds: number; readonly perUser: boolean } | null;
}

const scramNames = ['SCRAM-SHA-1', 'SCRAM-SHA-1-PLUS', 'SCRAM-SHA-256', 'SCRAM-SHA-256-PLUS'];

export class LoginDesk {
  readonly passwords: PasswordLogin;
  readonly others: OtherLogins;
  readonly report: (error: unknown) => void;

  readonly #settings: LoginSettings;
  readonly #mechanisms: readonly string[];
  readonly #scram: ScramLoginParts;
  readonly #tokens: TokenVerifier | null;
  readonly #aftermath: Aftermath;
  readonly #verifier: Verifier;
  readonly #admittance: Admittance;
  #loginDelay: Announced['loginDelay'] = null;
  #delays: NodeJS.Timeout | undefined;

  constructor(parts: LoginDeskParts) {
    const { store, verifier, guards, ownerId, settings, report, hashed } = parts;
    this.#settings = settings;
    this.report = report;
    this.#verifier = verifier;
    const admittance = new Admittance(guards.throttle, store.events);
    this.#admittance = admittance;
    const opener = new MaildropOpener(store, ownerId);
    const { argon2, scram, oauth, decoyKey } = settings;
    this.#aftermath = new Aftermath({ store, argon2, scram, report });
    this.#tokens = oauth === null ? null : new TokenVerifier(oauth);
    const { cache } = guards;
    const aftermath = this.#aftermath;
    this.passwords = new PasswordLogin({
      ...{ store, verifier, cache, admittance, opener, aftermath, hashed },
    });
    this.others = new OtherLogins({
      ...{ store, admittance, opener, tokens: this.#tokens },
      reportProvider: (reason) => report(new Error(`the OAuth provider is away: ${reason}`)),
    });
    this.#scram = { store, admittance, opener, decoyKey };
    this.#mechanisms = [
      ...['PLAIN', 'LOGIN'],
      ...(scram ? scramNames : []),
      ...(oauth === null ? [] : ['OAUTHBEARER', 'XOAUTH2']),
      ...(settings.certificates ? ['EXTERNAL'] : []),
    ];
  }

  /** Verifications that wait for a place. */
  get hashesWaiting(): number {
    return this.#verifier.waiting;
  }

  /** Verifications that are computed now. */
  get hashesRunning(): number {
    return this.#verifier.running;
  }

  /** Whether LOGIN-DELAY is announced, so that each maildrop's own is worth telling. */
  get announcesDelay(): boolean {
    return this.#loginDelay !== null;
  }

  announced(): Announced {
    const { apop, hostname, oauthChallenge } = this.#settings;
    return {
      mechanisms: this.#mechanisms,
      // RFC 1939 §7: never the same, so that a digest cannot be played again.
      apopTimestamp: apop
        ? `<${randomBytes(apopTimestampOctets).toString('hex')}@${hostname}>`
        : null,
      oauthChallenge,
      loginDelay: this.#loginDelay,
    };
  }

  beginScram(
    claim: Claim,
    hash: ScramHash,
  ): Promise<{ run: ScramLogin; begun: ScramBegun } | Refused> {
    return ScramLogin.begin(this.#scram, claim, hash);
  }

  /** Announces what the domains say (RFC 2449 §6.5: before login, the longest one), now and later. */
  async followDelays(read: () => Promise<LoginDelays>): Promise<void> {
    const follow = async (): Promise<void> => {
      try {
        const { largestSeconds: seconds, differs: perUser } = await read();
        this.#loginDelay = seconds === 0 ? null : { seconds, perUser };
      } catch {
        // A database that is away is no reason not to listen; nobody can log in anyway.
      }
    };
    this.#delays = setInterval(() => void follow(), loginDelaysIntervalMs);
    await follow();
  }

  /** The worker drains: nobody is kept waiting any more. */
  drain(): void {
    this.#admittance.end();
  }

  async end(): Promise<void> {
    clearInterval(this.#delays);
    await this.#aftermath.end();
    await this.#tokens?.end();
    await this.#verifier.end();
  }
}
