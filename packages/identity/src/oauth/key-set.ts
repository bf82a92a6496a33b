/**
 * The signing keys of a provider (RFC 7517), fetched when needed and kept.
 *
 * Theory of operation. The set is absent, fresh, or old. A token's key is looked for in what is
 * there; the provider is asked when there is nothing, when it is old, and when the key is not in
 * it, but the latter only once in `keySetCooldownMs`, since a key id is a stranger's word. Whoever
 * comes while it is being asked waits for that answer. If the provider is away an old set goes on
 * for `keySetStaleMs`.
 *
 * Never: a key named by a URL or given by the token itself (`jku`, `jwk`, `x5u`); two requests at
 * once.
 */

import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import { keySetCooldownMs, keySetFreshMs, keySetStaleMs, keysMax } from './limits.ts';
import { type Provider, ProviderError } from './provider.ts';

type Lookup = ReturnType<typeof createLocalJWKSet>;

interface Fetched {
  readonly lookup: Lookup;
  readonly atMs: number;
}

export class KeySet {
  readonly #provider: Provider;
  readonly #url: URL;
  readonly #nowMs: () => number;
  #fetched: Fetched | null = null;
  #fetching: Promise<Fetched> | null = null;
  #triedAtMs = Number.NEGATIVE_INFINITY;

  /** @param nowMs a monotonic clock */
  constructor(provider: Provider, url: URL, nowMs: () => number = () => performance.now()) {
    this.#provider = provider;
    this.#url = url;
    this.#nowMs = nowMs;
  }

  /** For `jwtVerify`: rejects with JWKSNoMatchingKey, or a ProviderError. */
  readonly find: JWTVerifyGetKey = async (header, token) => {
    const { lookup } = await this.#current();
    try {
      return await lookup(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      if (this.#nowMs() - this.#triedAtMs < keySetCooldownMs) throw error;
      return (await this.#fetch()).lookup(header, token);
    }
  };

  async #current(): Promise<Fetched> {
    const kept = this.#fetched;
    if (kept === null) return this.#fetch();
    const ageMs = this.#nowMs() - kept.atMs;
    if (ageMs < keySetFreshMs) return kept;
    if (ageMs < keySetStaleMs && this.#nowMs() - this.#triedAtMs < keySetCooldownMs) return kept;
    try {
      return await this.#fetch();
    } catch (error) {
      if (ageMs < keySetStaleMs) return kept;
      throw error;
    }
  }

  #fetch(): Promise<Fetched> {
    this.#fetching ??= this.#ask().finally(() => {
      this.#fetching = null;
    });
    return this.#fetching;
  }

  async #ask(): Promise<Fetched> {
    this.#triedAtMs = this.#nowMs();
    const answer = await this.#provider.fetchJson({ url: this.#url });
    if (!isKeySet(answer)) throw new ProviderError(`${this.#url.origin} answered with no key set`);
    this.#fetched = { lookup: createLocalJWKSet(answer), atMs: this.#nowMs() };
    return this.#fetched;
  }
}

function isKeySet(answer: unknown): answer is JSONWebKeySet {
  if (typeof answer !== 'object' || answer === null || !('keys' in answer)) return false;
  const { keys } = answer;
  return (
    Array.isArray(keys) &&
    keys.length <= keysMax &&
    keys.every((key: unknown) => typeof key === 'object' && key !== null && 'kty' in key)
  );
}
