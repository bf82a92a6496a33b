/**
 * The configuration of logging in, as the login desk wants it.
 *
 * Never: settings under which a stranger could log in; a secret in an error.
 */

import { readFile } from 'node:fs/promises';
import { type OAuthSettings, oauthFaultOf } from '@poplar/identity';
import type { Config } from '@poplar/runtime';
import type { LoginSettings } from './desk.ts';

type OAuthConfig = NonNullable<Config['auth']['oauth']>;

/** Rejects with one line for the operator. */
export async function loginSettings(config: Config, decoyKey: Uint8Array): Promise<LoginSettings> {
  const { scram, apop, argon2, oauth } = config.auth;
  const { pop3Proxy, pop3sProxy } = config.listeners;
  return {
    hostname: config.hostname,
    scram,
    apop,
    argon2,
    certificates: config.tls.clientCaFile !== null || pop3Proxy !== null || pop3sProxy !== null,
    oauth: oauth === null ? null : await oauthSettings(oauth),
    oauthChallenge: {
      scope: oauth?.scope ?? null,
      openidConfiguration: oauth?.openidConfiguration ?? null,
    },
    decoyKey,
  };
}

async function oauthSettings(config: OAuthConfig): Promise<OAuthSettings> {
  const { introspectionUrl, clientId, clientSecretFile } = config;
  const isIntrospecting =
    introspectionUrl !== null && clientId !== null && clientSecretFile !== null;
  const settings: OAuthSettings = {
    issuer: config.issuer,
    audiences: config.audiences,
    mailboxClaim: config.mailboxClaim,
    scope: config.scope,
    algorithms: config.algorithms,
    keysUrl: config.keysUrl === null ? null : urlOf('keysUrl', config.keysUrl),
    introspection: isIntrospecting
      ? {
          url: urlOf('introspectionUrl', introspectionUrl),
          clientId,
          clientSecret: await readSecret(clientSecretFile),
        }
      : null,
  };
  const fault = oauthFaultOf(settings);
  if (fault !== null) throw new Error(`auth.oauth: ${fault}`);
  return settings;
}

function urlOf(key: string, text: string): URL {
  if (!URL.canParse(text)) throw new Error(`auth.oauth.${key} is not a URL`);
  return new URL(text);
}

async function readSecret(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch {
    throw new Error(`auth.oauth.clientSecretFile: ${file} cannot be read`);
  }
}
