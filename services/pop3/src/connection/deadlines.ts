/**
 * Which deadline of a connection has passed. Looked at about once a second for every connection, so
 * none of them has a timer.
 *
 * Never: a deadline that a client can put off without logging in, or without taking what is sent to it.
 */

import type { EndReason } from './end-reason.ts';

export interface Moments {
  readonly nowMs: number;
  readonly acceptedAtMs: number;
  /** When a session that was told to end is cut off; null when it was not. */
  readonly endByMs: number | null;
  /** For how long it has been the client's turn. */
  readonly idleMs: number;
  /** The client takes what is pending more slowly than it is worth waiting for (client-pace.ts). */
  readonly isTooSlow: boolean;
  /** Our side is closed. */
  readonly isEnding: boolean;
  readonly hasLoggedIn: boolean;
}

export interface Deadlines {
  readonly loginTimeoutMs: number;
  readonly idleTimeoutMs: number;
}

/**
 * `lingered`: the client had its time to close its side; null: none has passed.
 *
 * @param lingerMs that time: less when the node ends
 */
export function deadlinePassed(
  moments: Moments,
  deadlines: Deadlines,
  lingerMs: number,
): EndReason | 'told' | 'lingered' | null {
  const { nowMs, endByMs, idleMs } = moments;
  if (moments.isTooSlow) return 'write-stall';
  if (moments.isEnding) return idleMs > lingerMs ? 'lingered' : null;
  if (endByMs !== null && nowMs > endByMs) return 'told';
  if (!moments.hasLoggedIn) {
    // Counted from accept, not from the last byte: a slow drip buys no time.
    return nowMs - moments.acceptedAtMs > deadlines.loginTimeoutMs ? 'login-timeout' : null;
  }
  // RFC 1939 §3: closed without a response and without entering UPDATE.
  return idleMs > deadlines.idleTimeoutMs ? 'idle-timeout' : null;
}
