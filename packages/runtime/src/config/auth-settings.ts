/**
 * The settings of `[auth]`: what is believed about those who log in, and for how long. Every one has
 * its default here.
 *
 * Never: a secret that could be printed.
 */

import { type OAuthConfig, takeOAuth } from './oauth-settings.ts';
import * as value from './parse-value.ts';
import { type Settings, ValueError } from './settings.ts';

export interface AuthSettings {
  /** How long a secret that matched is not hashed again; 0 hashes always. */
  readonly cacheSeconds: number;
  /** Memory for what matched lately, shared by the workers of the node: 24 octets a login. */
  readonly cacheOctets: number;
  /** Exempt from delays after failures and from `limits.connectionsPerAddressMax`. */
  readonly trustedNetworks: readonly string[];
  /** Of a login name without one; null: such a name is looked up as it is. */
  readonly defaultDomain: string | null;
  /** Between user and master in a login name; null: nobody logs on as a master. */
  readonly masterSeparator: string | null;
  /** Whether SCRAM is offered, and its secrets are made of the passwords that log in. */
  readonly scram: boolean;
  /** Whether APOP is offered to those who have a secret for it. */
  readonly apop: boolean;
  /** What the hash of a password costs; a cheaper one is replaced at the next login. */
  readonly argon2: {
    readonly memoryKib: number;
    readonly passes: number;
    readonly lanes: number;
  };
  /** Null: tokens are not taken. */
  readonly oauth: OAuthConfig | null;
}

interface Bounds {
  readonly min: number;
  readonly max: number;
  readonly fallback: number;
}

const daySeconds = 86_400;

export function takeAuthSettings(settings: Settings): AuthSettings {
  return {
    cacheSeconds: settings.take({
      key: 'auth.cacheSeconds',
      variable: 'POPLAR_AUTH_CACHE_SECONDS',
      parse: value.integer(0, daySeconds),
      fallback: 3_600,
    }),
    cacheOctets: settings.take({
      key: 'auth.cacheOctets',
      variable: 'POPLAR_AUTH_CACHE_OCTETS',
      parse: value.integer(0, 2 ** 32),
      fallback: 32 * 1024 * 1024,
    }),
    trustedNetworks: settings.take<readonly string[]>({
      key: 'auth.trustedNetworks',
      variable: 'POPLAR_AUTH_TRUSTED_NETWORKS',
      parse: value.list(value.network),
      // Web mail and proxies of this host log in for everybody.
      fallback: ['127.0.0.0/8', '::1/128'],
    }),
    defaultDomain: settings.take<string | null>({
      key: 'auth.defaultDomain',
      variable: 'POPLAR_AUTH_DEFAULT_DOMAIN',
      parse: value.optional(value.text),
      fallback: null,
    }),
    masterSeparator: settings.take<string | null>({
      key: 'auth.masterSeparator',
      variable: 'POPLAR_AUTH_MASTER_SEPARATOR',
      parse: value.optional(separator),
      fallback: '*',
    }),
    scram: settings.take({
      key: 'auth.scram',
      variable: 'POPLAR_AUTH_SCRAM',
      parse: value.flag,
      fallback: false,
    }),
    apop: settings.take({
      key: 'auth.apop',
      variable: 'POPLAR_AUTH_APOP',
      parse: value.flag,
      fallback: false,
    }),
    argon2: takeArgon2(settings),
    oauth: takeOAuth(settings),
  };
}

function takeArgon2(settings: Settings): AuthSettings['argon2'] {
  const cost = (key: string, variable: string, bounds: Bounds): number =>
    settings.take({
      key: `auth.argon2.${key}`,
      variable: `POPLAR_AUTH_ARGON2_${variable}`,
      parse: value.integer(bounds.min, bounds.max),
      fallback: bounds.fallback,
    });
  return {
    memoryKib: cost('memoryKib', 'MEMORY_KIB', { min: 8_192, max: 262_144, fallback: 19_456 }),
    passes: cost('passes', 'PASSES', { min: 1, max: 10, fallback: 2 }),
    lanes: cost('lanes', 'LANES', { min: 1, max: 8, fallback: 1 }),
  };
}

/** One character that no name needs and no other form uses. */
function separator(given: unknown): string {
  const text = value.text(given);
  if (text.length !== 1 || !/^[!#$%&*+=?^|~]$/.test(text)) {
    throw new ValueError('must be one of ! # $ % & * + = ? ^ | ~, or empty');
  }
  return text;
}
