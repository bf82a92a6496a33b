/**
 * Whose token is this: checked by its signature if it is signed and keys are configured, else by
 * asking the provider. Verdicts are remembered for a short time by the token's hash, so that a client
 * that polls every minute does not become a request every minute.
 *
 * Never: a token kept or logged; a provider's outage told as a bad token; a verdict that outlives the
 * token; one kind of check tried after the other has refused.
 *
 * Rules: RFC 7628 (OAUTHBEARER), RFC 6750, RFC 9068, RFC 7662.
 */

import { hash } from 'node:crypto';
import { type ClaimRules, invalid, type TokenVerdict } from './claims.ts';
import { Introspection, type IntrospectionSettings } from './introspection.ts';
import { KeySet } from './key-set.ts';
import { badVerdictMs, goodVerdictMs, tokenOctetsMax, verdictsMax } from './limits.ts';
import { isProviderUrl, Provider } from './provider.ts';
import { looksSigned, signatureAlgorithms, verifySignedToken } from './signed-token.ts';

export interface OAuthSettings extends ClaimRules {
  /** Where the provider publishes its keys; null when tokens are opaque. */
  readonly keysUrl: URL | null;
  /** Of `signatureAlgorithms`. */
  readonly algorithms: readonly string[];
  /** Null when tokens are signed. */
  readonly introspection: IntrospectionSettings | null;
}

interface Remembered {
  readonly verdict: TokenVerdict;
  readonly untilMs: number;
}

/** What is wrong with settings, as one line that names the key; null when they can be used. */
export function faultOf(settings: OAuthSettings): string | null {
  const { keysUrl, introspection, algorithms } = settings;
  if (keysUrl === null && introspection === null) return 'keysUrl or introspectionUrl must be set';
  if (settings.issuer === '') return 'issuer must be set';
  if (settings.audiences.length === 0) return 'audience must be set';
  for (const [key, url] of [
    ['keysUrl', keysUrl],
    ['introspectionUrl', introspection?.url ?? null],
  ] as const) {
    if (url !== null && !isProviderUrl(url)) {
      return `${key} must be https (http on this machine alone) and without a password`;
    }
  }
  const known: readonly string[] = signatureAlgorithms;
  const unknown = algorithms.find((name) => !known.includes(name));
  if (unknown !== undefined) return `algorithms must be of ${known.join(', ')}`;
  return algorithms.length === 0 ? 'algorithms must name one' : null;
}

export class TokenVerifier {
  /** Verdicts that were remembered, and those that were not. */
  hits = 0;
  misses = 0;

  readonly #settings: OAuthSettings;
  readonly #provider = new Provider();
  readonly #keys: KeySet | null;
  readonly #introspection: Introspection | null;
  readonly #remembered = new Map<string, Remembered>();
  readonly #nowMs: () => number;

  /** @param nowMs the wall clock, which tokens speak of */
  constructor(settings: OAuthSettings, nowMs: () => number = Date.now) {
    this.#settings = settings;
    this.#nowMs = nowMs;
    const { keysUrl, introspection } = settings;
    this.#keys = keysUrl === null ? null : new KeySet(this.#provider, keysUrl);
    this.#introspection =
      introspection === null ? null : new Introspection(this.#provider, introspection, settings);
  }

  /** Never rejects. */
  async verify(token: string): Promise<TokenVerdict> {
    if (token === '' || Buffer.byteLength(token) > tokenOctetsMax) return invalid('size');
    const key = hash('sha256', token, 'base64');
    const kept = this.#remembered.get(key);
    if (kept !== undefined && kept.untilMs > this.#nowMs()) {
      this.hits += 1;
      return kept.verdict;
    }
    this.misses += 1;
    const verdict = await this.#check(token).catch(
      (): TokenVerdict => ({ kind: 'unavailable', reason: 'the check failed' }),
    );
    this.#remember(key, verdict);
    return verdict;
  }

  end(): Promise<void> {
    return this.#provider.end();
  }

  async #check(token: string): Promise<TokenVerdict> {
    const { algorithms } = this.#settings;
    if (this.#keys !== null && (looksSigned(token) || this.#introspection === null)) {
      const parts = { keys: this.#keys, algorithms, rules: this.#settings };
      return verifySignedToken(token, parts, this.#nowMs());
    }
    if (this.#introspection === null) return invalid('kind');
    return this.#introspection.verify(token, this.#nowMs);
  }

  #remember(key: string, verdict: TokenVerdict): void {
    if (verdict.kind === 'unavailable') return;
    const nowMs = this.#nowMs();
    const untilMs =
      verdict.kind === 'valid'
        ? Math.min(verdict.expiresAtMs, nowMs + goodVerdictMs)
        : nowMs + badVerdictMs;
    this.#remembered.delete(key);
    this.#remembered.set(key, { verdict, untilMs });
    if (this.#remembered.size <= verdictsMax) return;
    const [oldest] = this.#remembered.keys();
    if (oldest !== undefined) this.#remembered.delete(oldest);
  }
}
