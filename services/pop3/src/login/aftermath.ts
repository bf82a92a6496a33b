/**
 * What is done after a password matched, beside the login and without holding it up: the day of use
 * is noted, an outdated hash is replaced by a new one, a missing SCRAM secret is made.
 *
 * One hash is made at a time in each worker, and what comes meanwhile is left for that client's next
 * login: nothing waits here.
 *
 * Never: a change of the credential version (nothing that lets anybody in has changed); a failure
 * that reaches the client; a secret kept beyond the making of its hash.
 */

import { type Argon2Costs, hashPassword, makeScramSecret } from '@poplar/identity';
import type { Credential, Login, Store } from '@poplar/store';
import { lastUseIntervalMs, lastUsesMax } from '../limits.ts';

export interface Matched {
  readonly login: Login;
  readonly credential: Credential;
  readonly secret: Uint8Array;
  /** The stored hash costs less than a new one would. */
  readonly rehash: boolean;
}

export interface AftermathParts {
  readonly store: Store;
  readonly argon2: Argon2Costs;
  /** Whether SCRAM is offered, so that its secrets are wanted. */
  readonly scram: boolean;
  readonly report: (error: unknown) => void;
}

type Used = Parameters<Store['credentials']['touch']>[0][number];

export class Aftermath {
  readonly #parts: AftermathParts;
  readonly #used = new Map<string, Used>();
  readonly #timer: NodeJS.Timeout;
  #hashing = false;

  constructor(parts: AftermathParts) {
    this.#parts = parts;
    this.#timer = setInterval(() => void this.flush(), lastUseIntervalMs);
    this.#timer.unref();
  }

  matched(matched: Matched): void {
    const { login, credential } = matched;
    if (this.#used.size < lastUsesMax) {
      const { mailboxId } = login;
      this.#used.set(credential.id, { mailboxId, credentialId: credential.id });
    }
    if (this.#hashing) return;
    const work = this.#workFor(matched);
    if (work === null) return;
    this.#hashing = true;
    void work()
      .catch((error: unknown) => this.#parts.report(error))
      .finally(() => {
        this.#hashing = false;
      });
  }

  /** Writes the days of use down. Never rejects. */
  async flush(): Promise<void> {
    const used = [...this.#used.values()];
    this.#used.clear();
    try {
      await this.#parts.store.credentials.touch(used);
    } catch (error) {
      // What is lost is a day in a column that people look at.
      this.#parts.report(error);
    }
  }

  async end(): Promise<void> {
    clearInterval(this.#timer);
    await this.flush();
  }

  /** Both at once where both are wanted: the next login may be one that is remembered. */
  #workFor({ login, credential, secret, rehash }: Matched): (() => Promise<unknown>) | null {
    if (credential.kind !== 'password') return null;
    const hasScram = login.credentials.some(({ kind }) => kind === 'scram-sha-256');
    const works = [
      ...(rehash ? [() => this.#rehash(login, credential, secret)] : []),
      ...(this.#parts.scram && !hasScram ? [() => this.#addScram(login, secret)] : []),
    ];
    if (works.length === 0) return null;
    return async () => {
      for (const work of works) await work();
    };
  }

  async #rehash(login: Login, credential: Credential, secret: Uint8Array): Promise<void> {
    const { store, argon2 } = this.#parts;
    const { mailboxId } = login;
    const { id: credentialId, secret: oldSecret } = credential;
    const newSecret = await hashPassword(secret, argon2);
    await store.credentials.rehash({ mailboxId, credentialId, oldSecret, newSecret });
  }

  async #addScram({ mailboxId, credentialVersion }: Login, secret: Uint8Array): Promise<void> {
    const [scramSha1, scramSha256] = await Promise.all([
      makeScramSecret({ hash: 'sha1', password: secret }),
      makeScramSecret({ hash: 'sha256', password: secret }),
    ]);
    const { credentials } = this.#parts.store;
    await credentials.addScramSecrets({ mailboxId, credentialVersion, scramSha1, scramSha256 });
  }
}
