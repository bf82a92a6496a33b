/**
 * Asks the provider about a token (RFC 7662).
 *
 * Never: more requests at once than allowed, or a queue without a bound; a token in a URL.
 */

import {
  type ClaimRules,
  type Claims,
  invalid,
  isClaims,
  judge,
  namesAudience,
  type TokenVerdict,
} from './claims.ts';
import { clockSkewSeconds, introspectionQueueMax, introspectionsMax } from './limits.ts';
import { type Provider, ProviderError } from './provider.ts';

export interface IntrospectionSettings {
  readonly url: URL;
  readonly clientId: string;
  readonly clientSecret: string;
}

/** RFC 6749 §2.3.1: id and secret are form-encoded before they are joined. */
function basic({ clientId, clientSecret }: IntrospectionSettings): string {
  const encode = (text: string): string => new URLSearchParams([['', text]]).toString().slice(1);
  const pair = `${encode(clientId)}:${encode(clientSecret)}`;
  return `Basic ${Buffer.from(pair, 'latin1').toString('base64')}`;
}

/** Good for getting other tokens, not for mail; providers tell it in one of these. */
function isRefreshToken(answer: Claims): boolean {
  return ['token_use', 'token_type', 'typ'].some((name) => /^refresh/i.test(String(answer[name])));
}

export class Introspection {
  readonly #provider: Provider;
  readonly #settings: IntrospectionSettings;
  readonly #rules: ClaimRules;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(provider: Provider, settings: IntrospectionSettings, rules: ClaimRules) {
    this.#provider = provider;
    this.#settings = settings;
    this.#rules = rules;
  }

  async verify(token: string, nowMs: () => number): Promise<TokenVerdict> {
    if (this.#running < introspectionsMax) {
      this.#running += 1;
    } else if (this.#waiting.length < introspectionQueueMax) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else {
      return { kind: 'unavailable', reason: 'too many introspections wait' };
    }
    try {
      return this.#judge(await this.#ask(token), nowMs());
    } catch (error) {
      if (error instanceof ProviderError) return { kind: 'unavailable', reason: error.message };
      throw error;
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }

  #ask(token: string): Promise<unknown> {
    return this.#provider.fetchJson({
      url: this.#settings.url,
      form: new URLSearchParams({ token, token_type_hint: 'access_token' }),
      authorization: basic(this.#settings),
    });
  }

  #judge(answer: unknown, nowMs: number): TokenVerdict {
    const { origin } = this.#settings.url;
    if (!isClaims(answer) || typeof answer.active !== 'boolean') {
      return { kind: 'unavailable', reason: `${origin} answered with no introspection` };
    }
    if (!answer.active) return invalid('inactive');
    // RFC 7662 §2.2 makes them optional. What is there must be right, and the token must be for us: by
    // its audience or, where the provider names none, by the client it was given to.
    const { iss, aud, client_id: clientId, nbf } = answer;
    if (iss !== undefined && iss !== this.#rules.issuer) return invalid('issuer');
    if (!namesAudience(aud ?? clientId, this.#rules.audiences)) return invalid('audience');
    if (
      nbf !== undefined &&
      !(typeof nbf === 'number' && nbf - clockSkewSeconds <= nowMs / 1_000)
    ) {
      return invalid('not yet');
    }
    if (isRefreshToken(answer)) return invalid('refresh token');
    return judge(answer, this.#rules, nowMs);
  }
}
