/**
 * What the server says it can do, as a function of the phase and of TLS (RFC 2449 §5 and §6).
 *
 * Never: announce what would be refused, or keep quiet after login about what was announced before
 * it (RFC 2449 §3: capabilities of AUTHORIZATION are announced in both states), but STLS, which is
 * announced only where it is permitted (RFC 2595 §4).
 */

import { mechanisms } from '../sasl/mechanism.ts';
import type { CommandPhase } from './states.ts';

/** What decides how a client may log in on this connection. */
export interface LoginPolicy {
  /** The connection is encrypted. */
  readonly tls: boolean;
  /** STLS may be used. */
  readonly stlsOffered: boolean;
  /** Passwords may be sent in the clear (RFC 8314 §3 says they should not). */
  readonly cleartextAllowed: boolean;
}

/** Whether something that sends the password itself may be used. */
export function plaintextPermitted(policy: LoginPolicy): boolean {
  return policy.tls || policy.cleartextAllowed;
}

/** The names of the SASL mechanisms that may be used. */
export function permittedMechanisms(policy: LoginPolicy): string[] {
  const permitted: string[] = [];
  for (const mechanism of mechanisms.values()) {
    if (!mechanism.plaintext || plaintextPermitted(policy)) permitted.push(mechanism.name);
  }
  return permitted;
}

/** The lines of the CAPA reply between `+OK` and the dot. */
export function capabilities(
  phase: CommandPhase,
  policy: LoginPolicy,
  implementation: string,
): string[] {
  // RFC 2449 §6.7: no message is ever removed but by a client's own QUIT.
  const lines = ['TOP', 'UIDL', 'RESP-CODES', 'AUTH-RESP-CODE', 'PIPELINING', 'EXPIRE NEVER'];
  if (plaintextPermitted(policy)) lines.push('USER');
  const names = permittedMechanisms(policy);
  // RFC 5034 §3: announced after AUTH, too, so that a client can detect a tampered first list.
  if (names.length > 0) lines.push(`SASL ${names.join(' ')}`);
  if (policy.stlsOffered && !policy.tls && phase === 'authorization') lines.push('STLS');
  lines.push(`IMPLEMENTATION ${implementation}`);
  return lines;
}
