/**
 * Logging in with a password: USER and PASS, SASL PLAIN and LOGIN.
 *
 * Theory of operation. A client that polls shows the same password each time. If the login is known
 * and the verification cache has seen this secret match the version that is known, the maildrop is
 * opened at once: one round trip, no hash. `open` compares the version, so what has changed since,
 * on whatever node, sends the attempt the long way, which is: look the name up, look into the cache
 * again, wait if the address has failed much, hash, open. Credentials that change in between are read
 * and verified again, so that an old password never opens anything.
 *
 * An unknown name, a name that can be nobody's, a wrong password and one for a mailbox without a
 * password take the same way, to the same answer.
 *
 * Never: a lock before the secret was verified; a verdict remembered that was not `match`.
 */

import { addressPrefixes, type VerificationCache, type Verifier } from '@poplar/identity';
import type { Credential, KnownLogin, Login, Store } from '@poplar/store';
import { staleCredentialTriesMax } from '../limits.ts';
import type { Admittance } from './admittance.ts';
import type { Aftermath } from './aftermath.ts';
import { type Claim, type LoginNames, type LoginResult, refused } from './contract.ts';
import type { MaildropOpener } from './maildrop-opener.ts';

export interface PasswordLoginParts {
  readonly store: Store;
  readonly verifier: Verifier;
  readonly cache: VerificationCache;
  readonly admittance: Admittance;
  readonly opener: MaildropOpener;
  readonly aftermath: Aftermath;
  /** Told how long each verification took, its wait for a place included. */
  readonly hashed: (ms: number) => void;
}

/** What a password is compared with; a SCRAM secret serves where there is no hash. */
const comparable: ReadonlySet<Credential['kind']> = new Set([
  'password',
  'app-password',
  'scram-sha-1',
  'scram-sha-256',
]);

export class PasswordLogin {
  /** Attempts that needed no hash, and those that did. */
  cacheHits = 0;
  cacheMisses = 0;

  readonly #parts: PasswordLoginParts;

  constructor(parts: PasswordLoginParts) {
    this.#parts = parts;
  }

  /** Rejects with a StoreError. */
  async logIn(claim: Claim, secret: Uint8Array): Promise<LoginResult> {
    const { names } = claim;
    const known = names === null ? null : await this.#openKnown(claim, names, secret);
    if (known !== null) return known;
    const login = await this.#find(names);
    if (login !== null && this.#isCached(login, secret)) {
      this.cacheHits += 1;
      return this.#openVerified(claim, login, secret);
    }
    return this.#parts.admittance.pass(claim, secret, async () => {
      const failure = await this.#verify(claim, login, secret);
      if (failure !== null || login === null) return failure ?? refused('unknown-name');
      return this.#openVerified(claim, login, secret);
    });
  }

  /** Null when the long way has to be taken. */
  async #openKnown(
    { claimant }: Claim,
    names: LoginNames,
    secret: Uint8Array,
  ): Promise<LoginResult | null> {
    const { store, cache, opener } = this.#parts;
    const { actor, maildrop } = names;
    const known = store.knownLogin(actor, maildrop);
    if (known === null) return null;
    if (!cache.matched(known.mailboxId, stateOf(known), secret)) return null;
    if (maildrop !== null && known.target === null) return null;
    const result = await opener.open(known, names, claimant);
    if (result !== 'stale' && (result.kind === 'opened' || result.reason !== 'suspended')) {
      this.cacheHits += 1;
      return result;
    }
    store.forgetLogin(actor, maildrop);
    return null;
  }

  async #openVerified(claim: Claim, verified: Login, secret: Uint8Array): Promise<LoginResult> {
    const { opener } = this.#parts;
    const { names } = claim;
    let login: Login | null = verified;
    for (let tries = 0; tries < staleCredentialTriesMax; tries += 1) {
      if (login === null || names === null) return refused('unknown-name');
      if (!login.enabled) return refused('suspended', login.address);
      const result = await opener.open(login, names, claim.claimant);
      if (result !== 'stale') return result;
      login = await this.#find(names);
      const failure = await this.#verify(claim, login, secret);
      if (failure !== null) return failure;
    }
    return refused('credentials-changing');
  }

  async #find(names: LoginNames | null): Promise<Login | null> {
    return names === null ? null : this.#parts.store.findLogin(names.actor, names.maildrop);
  }

  #isCached(login: Login, secret: Uint8Array): boolean {
    return this.#parts.cache.matched(login.mailboxId, stateOf(login), secret);
  }

  /** Null when the secret is right. */
  async #verify(
    claim: Claim,
    login: Login | null,
    secret: Uint8Array,
  ): Promise<LoginResult | null> {
    const { verifier, cache, aftermath, hashed } = this.#parts;
    if (login !== null && this.#isCached(login, secret)) {
      this.cacheHits += 1;
      return null;
    }
    this.cacheMisses += 1;
    const credentials = login?.credentials.filter(({ kind }) => comparable.has(kind)) ?? [];
    const stored = credentials.map((credential) => credential.secret);
    const startedAtMs = performance.now();
    const { verdict, index, rehash } = await verifier.verify(
      secret,
      stored,
      addressPrefixes(claim.claimant.address).host,
    );
    hashed(performance.now() - startedAtMs);
    const address = login?.address ?? null;
    switch (verdict) {
      case 'overloaded':
        return refused('overloaded', address);
      case 'unusable':
        return refused('unusable-record', address);
      case 'no-match':
        if (login === null) return refused('unknown-name');
        return refused(stored.length === 0 ? 'no-such-credential' : 'wrong-secret', address);
      case 'match':
        break;
    }
    const credential = credentials[index];
    if (login === null || credential === undefined) return refused('unknown-name');
    cache.remember({
      mailboxId: login.mailboxId,
      version: stateOf(login),
      secret,
      ...(credential.expiresInSeconds === null ? {} : { secondsMax: credential.expiresInSeconds }),
    });
    aftermath.matched({ login, credential, secret, rehash });
    return null;
  }
}

/** What a verification is a fact about: the version, and what that version stood for. */
function stateOf({ credentialVersion, credentialsDigest }: KnownLogin): string {
  return `${credentialVersion} ${credentialsDigest}`;
}
