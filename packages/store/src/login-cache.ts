/**
 * What a worker remembers of names that logged in, so that a poll needs no look-up: who it is, under
 * which credential version, and what it may open. No secrets.
 *
 * Nothing here is trusted: `open` looks at version, status and switches itself, and locks nothing for
 * what is not current. So an entry may be old, but it must be one that `open` can tell to be old. That
 * is why only some logins are kept:
 *
 * - enabled ones: nobody would ask `open` about another, and a domain that gets POP3 back bumps nothing;
 * - no maildrop of another without its grant: likewise;
 * - a maildrop of another only under its address, which names it for ever. An alias of it can move
 *   to another mailbox without a change of the actor. An alias of the actor itself can as well, but
 *   to take it away bumps the actor's version.
 *
 * The least recently used go first, and each after a while.
 *
 * Never: a secret; a name that is not there, which strangers could fill it with.
 */

import type { KnownLogin } from './contract.ts';
import type { LoginRequest } from './statements/find-logins.ts';

export interface LoginCacheBounds {
  readonly entriesMax: number;
  readonly ttlMs: number;
  /** Milliseconds that only grow. */
  readonly now?: () => number;
}

interface Kept {
  readonly login: KnownLogin;
  readonly until: number;
}

/** Injective, so that no name can be read as two: the length says where the first one ends. */
function keyOf({ name, maildropName }: LoginRequest): string {
  return maildropName === null ? `=${name}` : `${name.length}=${name}${maildropName}`;
}

function isLasting(login: KnownLogin, maildropName: string | null): boolean {
  if (!login.enabled) return false;
  return maildropName === null || login.target?.address === maildropName;
}

export class LoginCache {
  hits = 0;
  misses = 0;
  /** Changes with `clear`. */
  generation = 0;

  readonly #entriesMax: number;
  readonly #ttlMs: number;
  readonly #now: () => number;
  readonly #kept = new Map<string, Kept>();

  constructor(bounds: LoginCacheBounds) {
    this.#entriesMax = bounds.entriesMax;
    this.#ttlMs = bounds.ttlMs;
    this.#now = bounds.now ?? (() => performance.now());
  }

  get size(): number {
    return this.#kept.size;
  }

  get(request: LoginRequest): KnownLogin | null {
    const key = keyOf(request);
    const found = this.#kept.get(key);
    if (found !== undefined) this.#kept.delete(key);
    if (found === undefined || found.until <= this.#now()) {
      this.misses += 1;
      return null;
    }
    this.hits += 1;
    this.#kept.set(key, found);
    return found.login;
  }

  /** Keeps what may be kept of it; what was kept under these names before is gone either way. */
  put(request: LoginRequest, login: KnownLogin | null): void {
    const key = keyOf(request);
    this.#kept.delete(key);
    if (login === null || !isLasting(login, request.maildropName)) return;
    const { mailboxId, address, credentialVersion, credentialsDigest, enabled, target } = login;
    const state = { credentialVersion, credentialsDigest, enabled };
    this.#kept.set(key, {
      login: { mailboxId, address, ...state, target },
      until: this.#now() + this.#ttlMs,
    });
    if (this.#kept.size <= this.#entriesMax) return;
    for (const oldest of this.#kept.keys()) {
      this.#kept.delete(oldest);
      return;
    }
  }

  forget(request: LoginRequest): void {
    this.#kept.delete(keyOf(request));
  }

  /** For a database that may have lost its last commits: their versions can come again. */
  clear(): void {
    this.generation += 1;
    this.#kept.clear();
  }
}
