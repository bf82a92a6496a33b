/**
 * How a client may log in on this connection: what the configuration enables, and what of that the
 * connection allows as it is now, in the clear or under TLS, with a certificate or without.
 *
 * Never: let something be used that is not announced, or announce what would be refused.
 */

import { assert } from '../assert.ts';
import { oauthTextCharactersMax, timestampCharactersMax } from '../limits.ts';
import type { Offer } from '../sasl/exchange.ts';
import { type Mechanism, mechanisms } from '../sasl/mechanism.ts';
import type { OAuthChallenge } from '../sasl/oauth.ts';

/** What TLS has brought: known at the start under implicit TLS, told by `upgraded` after STLS. */
export interface Secured {
  /** The client has shown a certificate and it was verified: EXTERNAL may be used. */
  readonly clientCertificate: boolean;
  /** The connection has data for channel binding: SCRAM with -PLUS may be used. */
  readonly channelBinding: boolean;
}

/** RFC 2449 §6.5: time between the beginnings of logins. */
export interface LoginDelay {
  /** The longest one, when it differs by user. */
  readonly seconds: number;
  readonly perUser: boolean;
}

export interface LoginPolicy extends Secured {
  /** The connection is encrypted. */
  readonly tls: boolean;
  /** STLS may be used. */
  readonly stlsOffered: boolean;
  /** Passwords may be sent in the clear (RFC 8314 §3 says they should not). */
  readonly cleartextAllowed: boolean;
  /** Names of the SASL mechanisms that are enabled, in any order. */
  readonly mechanisms: readonly string[];
  /** USER and PASS are enabled. */
  readonly userCommand: boolean;
  /** What the greeting shows to announce APOP, `<...@...>`, never the same; null: no APOP. */
  readonly apopTimestamp: string | null;
  readonly oauthChallenge: OAuthChallenge;
  /** Null: none. */
  readonly loginDelay: LoginDelay | null;
}

/** What a policy is about besides how the connection came: passwords, by USER and by AUTH PLAIN. */
export const passwordLogins: Omit<LoginPolicy, 'tls' | 'stlsOffered' | 'cleartextAllowed'> = {
  mechanisms: ['PLAIN'],
  userCommand: true,
  apopTimestamp: null,
  clientCertificate: false,
  channelBinding: false,
  oauthChallenge: { scope: null, openidConfiguration: null },
  loginDelay: null,
};

/** @throws BrokenInvariant if what is to be said to clients is no text that can be said */
export function assertSayable({ apopTimestamp, oauthChallenge, loginDelay }: LoginPolicy): void {
  if (apopTimestamp !== null) {
    assert(apopTimestamp.length <= timestampCharactersMax, 'a timestamp has a length');
    // RFC 1939 §7: a msg-id of RFC 822.
    assert(/^<[!-;=?A-~]+@[!-;=?A-~]+>$/.test(apopTimestamp), 'a timestamp is a message id');
  }
  for (const text of [oauthChallenge.scope ?? '', oauthChallenge.openidConfiguration ?? '']) {
    assert(text.length <= oauthTextCharactersMax, 'a text of a challenge has a length');
    assert(/^[ -~]*$/.test(text), 'a text of a challenge is printable ASCII');
  }
  const seconds = loginDelay?.seconds ?? 0;
  assert(Number.isSafeInteger(seconds) && seconds >= 0, 'a delay is a number of seconds');
}

/** Whether something that sends the secret itself may be used. */
function plaintextPermitted(policy: LoginPolicy): boolean {
  return policy.tls || policy.cleartextAllowed;
}

/** Whether USER and PASS may be used. */
export function userPermitted(policy: LoginPolicy): boolean {
  return policy.userCommand && plaintextPermitted(policy);
}

/** Whether the connection has what the mechanism needs. */
export function isUsable(mechanism: Mechanism, policy: LoginPolicy): boolean {
  switch (mechanism.needs) {
    case 'nothing':
      return true;
    case 'privacy':
      return plaintextPermitted(policy);
    case 'channel-binding':
      return policy.tls && policy.channelBinding;
    case 'client-certificate':
      return policy.tls && policy.clientCertificate;
  }
}

/** The SASL mechanisms that may be used, the one a client should prefer first. */
export function permittedMechanisms(policy: LoginPolicy): Mechanism[] {
  return [...mechanisms.values()].filter(
    (mechanism) => policy.mechanisms.includes(mechanism.name) && isUsable(mechanism, policy),
  );
}

/** What an exchange must know of all that. */
export function offerOf(policy: LoginPolicy): Offer {
  return {
    bindingOffered: permittedMechanisms(policy).some(({ needs }) => needs === 'channel-binding'),
    oauthChallenge: policy.oauthChallenge,
  };
}
