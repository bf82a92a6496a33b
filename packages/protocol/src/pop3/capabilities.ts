/**
 * What the server says it can do, as a function of the phase and of how one may log in (RFC 2449 §5
 * and §6).
 *
 * Never: announce what would be refused, or keep quiet after login about what was announced before
 * it (RFC 2449 §3: capabilities of AUTHORIZATION are announced in both states), but STLS, which is
 * announced only where it is permitted (RFC 2595 §4).
 */

import { type LoginPolicy, permittedMechanisms, userPermitted } from './login-policy.ts';

/** What CAPA is about besides the policy. */
export interface CapabilityContext {
  readonly implementation: string;
  /** Null before login; then what the maildrop said, which may be nothing. */
  readonly opened: { readonly loginDelaySeconds: number | null } | null;
}

/** The lines of the CAPA reply between `+OK` and the dot. */
export function capabilities(policy: LoginPolicy, context: CapabilityContext): string[] {
  // RFC 2449 §6.7: no message is ever removed but by a client's own QUIT.
  const lines = ['TOP', 'UIDL', 'RESP-CODES', 'AUTH-RESP-CODE', 'PIPELINING', 'EXPIRE NEVER'];
  if (userPermitted(policy)) lines.push('USER');
  const names = permittedMechanisms(policy).map(({ name }) => name);
  // RFC 5034 §3: announced after AUTH, too, so that a client can detect a tampered first list.
  if (names.length > 0) lines.push(`SASL ${names.join(' ')}`);
  if (policy.stlsOffered && !policy.tls && context.opened === null) lines.push('STLS');
  const delay = loginDelay(policy, context);
  if (delay !== null) lines.push(`LOGIN-DELAY ${delay}`);
  lines.push(`IMPLEMENTATION ${context.implementation}`);
  return lines;
}

/** RFC 2449 §6.5: the longest one and `USER` before login, the maildrop's own one after it. */
function loginDelay({ loginDelay }: LoginPolicy, { opened }: CapabilityContext): string | null {
  if (opened !== null && opened.loginDelaySeconds !== null) return String(opened.loginDelaySeconds);
  if (loginDelay === null) return null;
  return loginDelay.perUser && opened === null
    ? `${loginDelay.seconds} USER`
    : String(loginDelay.seconds);
}
