/**
 * The settings of `[auth.oauth]`: whose tokens are taken. There are none without an issuer.
 *
 * Never: the client's secret itself, which stays in its file; a judgement of what is safe, which
 * whoever checks the tokens makes before a client is served.
 */

import { ConfigError } from './config-error.ts';
import * as value from './parse-value.ts';
import type { Settings } from './settings.ts';

export interface OAuthConfig {
  readonly issuer: string;
  readonly audiences: readonly string[];
  /** Where the provider publishes its keys; null when tokens are opaque. */
  readonly keysUrl: string | null;
  readonly algorithms: readonly string[];
  readonly introspectionUrl: string | null;
  readonly clientId: string | null;
  readonly clientSecretFile: string | null;
  /** The claim that names the mailbox. */
  readonly mailboxClaim: string;
  readonly scope: string | null;
  /** Told to clients whose token was refused. */
  readonly openidConfiguration: string | null;
}

export function takeOAuth(settings: Settings): OAuthConfig | null {
  const text = (key: string, variable: string, fallback: string | null = null): string | null =>
    settings.take<string | null>({
      key: `auth.oauth.${key}`,
      variable: `POPLAR_OAUTH_${variable}`,
      parse: value.optional(value.text),
      fallback,
    });
  const texts = (key: string, variable: string, fallback: readonly string[]) =>
    settings.take<readonly string[]>({
      key: `auth.oauth.${key}`,
      variable: `POPLAR_OAUTH_${variable}`,
      parse: value.list(value.text),
      fallback,
    });
  const issuer = text('issuer', 'ISSUER');
  const config = {
    issuer: issuer ?? '',
    audiences: texts('audiences', 'AUDIENCES', []),
    keysUrl: text('keysUrl', 'KEYS_URL'),
    algorithms: texts('algorithms', 'ALGORITHMS', ['RS256', 'ES256', 'EdDSA']),
    introspectionUrl: text('introspectionUrl', 'INTROSPECTION_URL'),
    clientId: text('clientId', 'CLIENT_ID'),
    clientSecretFile: text('clientSecretFile', 'CLIENT_SECRET_FILE'),
    mailboxClaim: text('mailboxClaim', 'MAILBOX_CLAIM', 'email') ?? 'email',
    scope: text('scope', 'SCOPE'),
    openidConfiguration: text('openidConfiguration', 'OPENID_CONFIGURATION'),
  };
  if (issuer === null) {
    if (config.keysUrl !== null || config.introspectionUrl !== null) {
      throw new ConfigError('auth.oauth.issuer (POPLAR_OAUTH_ISSUER) must be set for OAuth');
    }
    return null;
  }
  const isIntrospecting = config.introspectionUrl !== null;
  if (isIntrospecting && (config.clientId === null || config.clientSecretFile === null)) {
    throw new ConfigError(
      'auth.oauth.clientId and auth.oauth.clientSecretFile must be set with introspectionUrl',
    );
  }
  return config;
}
