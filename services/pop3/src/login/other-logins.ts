/**
 * Logging in without showing a password: APOP, tokens of an OAuth provider, client certificates.
 *
 * None of them needs a hash that costs, so none is cached here (token-verifier.ts remembers verdicts),
 * but each names its mailbox and opens it under the version of the credentials that were read.
 *
 * Never: a lock before the proof was verified; a token or certificate without a name of its own.
 */

import { type TokenVerifier, verifyApop } from '@poplar/identity';
import type { Login, Store } from '@poplar/store';
import { staleCredentialTriesMax } from '../limits.ts';
import type { Admittance } from './admittance.ts';
import { type Claim, type LoginResult, type Refused, refused } from './contract.ts';
import type { MaildropOpener } from './maildrop-opener.ts';

export interface OtherLoginsParts {
  readonly store: Store;
  readonly admittance: Admittance;
  readonly opener: MaildropOpener;
  /** Null when no provider is configured. */
  readonly tokens: TokenVerifier | null;
  /** Told why a provider could not be asked. */
  readonly reportProvider: (reason: string) => void;
}

/** Null when the login may go on. */
type Check = (login: Login | null) => Refused | null;

export class OtherLogins {
  readonly #parts: OtherLoginsParts;

  constructor(parts: OtherLoginsParts) {
    this.#parts = parts;
  }

  /** RFC 1939 §7. Rejects with a StoreError, as all of them do. */
  apop(claim: Claim, apop: { timestamp: string; digest: Uint8Array }): Promise<LoginResult> {
    const digest = Buffer.from(apop.digest).toString('hex');
    return this.#parts.admittance.pass(claim, apop.digest, () =>
      this.#openIf(claim, (login) => {
        const stored = login?.credentials.find(({ kind }) => kind === 'apop') ?? null;
        const secret = stored === null ? null : Buffer.from(stored.secret, 'utf8');
        if (verifyApop(secret, apop.timestamp, digest)) return null;
        if (login === null) return refused('unknown-name');
        return refused(secret === null ? 'no-such-credential' : 'wrong-secret', login.address);
      }),
    );
  }

  /** `nameIt` makes the claim of the name that the token vouches for. */
  token(claim: Claim, token: string, nameIt: (name: string) => Claim): Promise<LoginResult> {
    const { admittance, tokens, reportProvider } = this.#parts;
    return admittance.pass(claim, Buffer.from(token, 'utf8'), async () => {
      if (tokens === null) return refused('provider-unavailable');
      const verdict = await tokens.verify(token);
      switch (verdict.kind) {
        case 'unavailable':
          reportProvider(verdict.reason);
          return refused('provider-unavailable');
        case 'invalid':
          return refused('bad-token');
        case 'valid':
          return this.#openIf(nameIt(verdict.name), (login) =>
            login === null ? refused('unknown-name') : null,
          );
      }
    });
  }

  /** The mailbox must hold one of the certificate's names as a credential. */
  certificate(claim: Claim): Promise<LoginResult> {
    const presented = claim.claimant.certificateNames;
    return this.#parts.admittance.pass(claim, null, async () => {
      if (presented === null) return refused('bad-certificate');
      return this.#openIf(claim, (login) => {
        if (login === null) return refused('unknown-name');
        const isRegistered = login.credentials.some(
          ({ kind, secret }) => kind === 'certificate' && presented.includes(secret),
        );
        return isRegistered ? null : refused('bad-certificate', login.address);
      });
    });
  }

  async #openIf({ names, claimant }: Claim, check: Check): Promise<LoginResult> {
    const { store, opener } = this.#parts;
    for (let tries = 0; tries < staleCredentialTriesMax; tries += 1) {
      const login = names === null ? null : await store.findLogin(names.actor, names.maildrop);
      const failure = check(login);
      if (failure !== null) return failure;
      if (login === null || names === null) return refused('unknown-name');
      if (!login.enabled) return refused('suspended', login.address);
      const result = await opener.open(login, names, claimant.address);
      if (result !== 'stale') return result;
    }
    return refused('credentials-changing');
  }
}
