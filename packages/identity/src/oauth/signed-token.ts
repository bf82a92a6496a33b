/**
 * Verifies a signed token (RFC 7519, RFC 9068) without asking anyone, but for the keys.
 *
 * Never: `none` or a symmetric algorithm, whatever the configuration or the token says: with a
 * public key as the secret of an HMAC anybody could sign; a token without expiry, issuer or audience.
 */

import { decodeProtectedHeader, errors, jwtVerify } from 'jose';
import { type ClaimRules, invalid, judge, type TokenVerdict } from './claims.ts';
import type { KeySet } from './key-set.ts';
import { clockSkewSeconds, keyIdCharactersMax } from './limits.ts';
import { ProviderError } from './provider.ts';

/** What a configuration may choose from. */
export const signatureAlgorithms = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
] as const;

const jwtForm = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*$/;

/** Whether a token has the shape of a signed one; an opaque one has no such dots. */
export function looksSigned(token: string): boolean {
  return jwtForm.test(token);
}

export interface SignedTokenParts {
  readonly keys: KeySet;
  readonly algorithms: readonly string[];
  readonly rules: ClaimRules;
}

export async function verifySignedToken(
  token: string,
  { keys, algorithms, rules }: SignedTokenParts,
  nowMs: number,
): Promise<TokenVerdict> {
  try {
    const { kid } = decodeProtectedHeader(token);
    if (kid !== undefined && (typeof kid !== 'string' || kid.length > keyIdCharactersMax)) {
      return invalid('key id');
    }
    const { payload } = await jwtVerify(token, keys.find, {
      algorithms: [...algorithms],
      issuer: rules.issuer,
      audience: [...rules.audiences],
      requiredClaims: ['exp', 'iss', 'aud'],
      clockTolerance: clockSkewSeconds,
      currentDate: new Date(nowMs),
    });
    return judge(payload, rules, nowMs);
  } catch (error) {
    if (error instanceof ProviderError) return { kind: 'unavailable', reason: error.message };
    // The library's codes are constants of its own; its texts quote the token's claims.
    return invalid(error instanceof errors.JOSEError ? error.code : 'malformed');
  }
}
