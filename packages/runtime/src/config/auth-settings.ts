/**
 * The settings of `[auth]`: what is believed about those who log in, and for how long. Every one has
 * its default here.
 *
 * Never: a secret that could be printed.
 */

import * as value from './parse-value.ts';
import type { Settings } from './settings.ts';

export interface AuthSettings {
  /** How long a secret that matched is not hashed again; 0 hashes always. */
  readonly cacheSeconds: number;
  /** Memory for what matched lately, shared by the workers of the node: 24 octets a login. */
  readonly cacheOctets: number;
  /** Exempt from delays after failures and from `limits.connectionsPerAddressMax`. */
  readonly trustedNetworks: readonly string[];
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
  };
}
