/**
 * What a token says about its bearer, whoever vouched for it: a signature (RFC 7519) or the provider
 * itself (RFC 7662).
 *
 * Never: a claim that is not a plain string taken for a name; an address the provider says it has
 * not verified.
 */

import { clockSkewSeconds } from './limits.ts';

export type Claims = Readonly<Record<string, unknown>>;

export interface ClaimRules {
  /** `iss` of the tokens. */
  readonly issuer: string;
  /** One of these must be in `aud`. */
  readonly audiences: readonly string[];
  /** The claim that names the mailbox, `email` for most providers. */
  readonly mailboxClaim: string;
  /** A scope the token must have; null for none. */
  readonly scope: string | null;
}

export type TokenVerdict =
  /** `name` is as the provider writes it, not canonical. `expiresAtMs` by the wall clock. */
  | { readonly kind: 'valid'; readonly name: string; readonly expiresAtMs: number }
  /** `reason` is for the log. */
  | { readonly kind: 'invalid'; readonly reason: string }
  /** The provider cannot be asked: a temporary failure, not a bad token. */
  | { readonly kind: 'unavailable'; readonly reason: string };

export function invalid(reason: string): TokenVerdict {
  return { kind: 'invalid', reason };
}

export function isClaims(value: unknown): value is Claims {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function has(claims: Claims, name: string): boolean {
  return Object.hasOwn(claims, name);
}

/** Scopes are a text with spaces (RFC 8693 §4.2) or, with some providers, a list under `scp`. */
function hasScope(claims: Claims, scope: string): boolean {
  for (const name of ['scope', 'scp']) {
    const value = has(claims, name) ? claims[name] : undefined;
    if (typeof value === 'string' && value.split(' ').includes(scope)) return true;
    if (Array.isArray(value) && value.includes(scope)) return true;
  }
  return false;
}

/** Checks that hold for signed and introspected tokens alike, and reads the name. */
export function judge(claims: Claims, rules: ClaimRules, nowMs: number): TokenVerdict {
  const { exp } = claims;
  if (typeof exp !== 'number' || !Number.isFinite(exp)) return invalid('no expiry');
  if (exp + clockSkewSeconds <= nowMs / 1_000) return invalid('expired');
  if (rules.scope !== null && !hasScope(claims, rules.scope)) return invalid('scope');
  const name = has(claims, rules.mailboxClaim) ? claims[rules.mailboxClaim] : undefined;
  if (typeof name !== 'string' || name === '') return invalid('no mailbox claim');
  // Some providers write it as a text. It speaks of addresses, whatever the claim they are in.
  const { email_verified: isVerified } = claims;
  if (isVerified !== undefined && isVerified !== true && isVerified !== 'true') {
    return invalid('email not verified');
  }
  return { kind: 'valid', name, expiresAtMs: exp * 1_000 };
}

/** `aud` is a text or a list of texts (RFC 7519 §4.1.3). */
export function namesAudience(aud: unknown, audiences: readonly string[]): boolean {
  const named: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  return named.some((one) => typeof one === 'string' && audiences.includes(one));
}
