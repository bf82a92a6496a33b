/**
 * Logging in by SCRAM (RFC 5802): the store's half of an exchange, one object for each.
 *
 * begun    the salt of the name was given out, or a lasting decoy for one that has no SCRAM secret
 * proved   the client's proof matched the secret that was read at the beginning
 * opened   the maildrop, under the version of the credentials that were read with that secret: what
 *          has changed since makes it fail, and the client begins again
 *
 * Never: a lock before the proof; a way to tell a decoy from a secret but by the end.
 */

import { randomBytes } from 'node:crypto';
import {
  decoyScramSecret,
  parseScramSecret,
  type ScramHash,
  type ScramSecret,
  verifyScramProof,
} from '@poplar/identity';
import type { Login, Store } from '@poplar/store';
import { scramNonceOctets } from '../limits.ts';
import type { Admittance } from './admittance.ts';
import { type Claim, type LoginResult, type Refused, refused } from './contract.ts';
import type { MaildropOpener } from './maildrop-opener.ts';

export interface ScramLoginParts {
  readonly store: Store;
  readonly admittance: Admittance;
  readonly opener: MaildropOpener;
  /** The same on all nodes: a name's decoy must not depend on which node answers. */
  readonly decoyKey: Uint8Array;
}

export interface ScramBegun {
  readonly kind: 'begun';
  readonly nonce: string;
  readonly salt: Uint8Array;
  readonly iterations: number;
}

export class ScramLogin {
  readonly #parts: ScramLoginParts;
  readonly #claim: Claim;
  readonly #login: Login | null;
  readonly #secret: ScramSecret;
  readonly #isDecoy: boolean;
  #isProved = false;

  private constructor(parts: ScramLoginParts, claim: Claim, found: Found) {
    this.#parts = parts;
    this.#claim = claim;
    this.#login = found.login;
    this.#secret = found.secret;
    this.#isDecoy = found.isDecoy;
  }

  /** Rejects with a StoreError. */
  static async begin(
    parts: ScramLoginParts,
    claim: Claim,
    hash: ScramHash,
  ): Promise<{ run: ScramLogin; begun: ScramBegun } | Refused> {
    if (!(await parts.admittance.wait(claim))) return refused('throttled');
    const { names } = claim;
    const login = names === null ? null : await parts.store.findLogin(names.actor, names.maildrop);
    const found = find(parts, claim, { login, hash });
    const { salt, iterations } = found.secret;
    const nonce = randomBytes(scramNonceOctets).toString('base64');
    return {
      run: new ScramLogin(parts, claim, found),
      begun: { kind: 'begun', nonce, salt, iterations },
    };
  }

  prove(
    authMessage: Uint8Array,
    proof: Uint8Array,
  ): { readonly kind: 'proved'; readonly signature: Uint8Array } | Refused {
    const signature = verifyScramProof({ secret: this.#secret, authMessage, proof });
    if (signature !== null && !this.#isDecoy && this.#login !== null) {
      this.#isProved = true;
      return { kind: 'proved', signature };
    }
    const failure = this.#failure();
    this.#parts.admittance.note(this.#claim, null, failure);
    return failure;
  }

  /** Rejects with a StoreError. */
  async open(): Promise<LoginResult> {
    const login = this.#login;
    const { names } = this.#claim;
    if (!this.#isProved || login === null || names === null) return refused('unknown-name');
    // One proof opens one maildrop, once.
    this.#isProved = false;
    if (!login.enabled) return refused('suspended', login.address);
    const result = await this.#parts.opener.open(login, names, this.#claim.claimant.address);
    if (result === 'stale') return refused('credentials-changing', login.address);
    this.#parts.admittance.note(this.#claim, null, result);
    return result;
  }

  #failure(): Refused {
    if (this.#login === null) return refused('unknown-name');
    return refused(this.#isDecoy ? 'no-such-credential' : 'wrong-secret', this.#login.address);
  }
}

interface Found {
  readonly login: Login | null;
  readonly secret: ScramSecret;
  readonly isDecoy: boolean;
}

function find(
  parts: ScramLoginParts,
  { account }: Claim,
  asked: { readonly login: Login | null; readonly hash: ScramHash },
): Found {
  const { login, hash } = asked;
  const kind = hash === 'sha1' ? 'scram-sha-1' : 'scram-sha-256';
  const credentials = login?.credentials ?? [];
  // The password itself may be stored in this form: that is how other servers keep it.
  for (const wanted of [kind, 'password']) {
    const stored = credentials.find((credential) => credential.kind === wanted);
    const secret = stored === undefined ? null : parseScramSecret(stored.secret);
    if (secret !== null && secret.hash === hash) return { login, secret, isDecoy: false };
  }
  const decoy = decoyScramSecret({ hash, name: account, key: parts.decoyKey });
  return { login, secret: decoy, isDecoy: true };
}
