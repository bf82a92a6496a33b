/**
 * What a session does when another login wants its maildrop.
 *
 * Theory of operation. A lock is never taken from a session by anyone but itself. A login that finds
 * the maildrop in use has the session's worker told (packages/store/src/lock-questions.ts), and the
 * session looks at its client once:
 *
 *   its socket is closed       it is ending anyway
 *   it has marked messages     kept, whatever else: what its user has done is not thrown away
 *   the client takes nothing   of what waits for it, for longer than a slow line explains, or its
 *                              host does not answer the kernel's repetitions: gone
 *   it is in a command         kept
 *   it has been silent         for `idleTakeoverMs`, and the rule is `idle`: told so, and ended
 *   else                       its TCP is asked (a probe) and kept; if nothing answers within two
 *                              seconds the kernel ends the connection as it would have in a minute
 *
 * However it ends, it ends as on any other day: the lock is released, nothing is removed, and the other
 * login, which has kept trying meanwhile, has it. The probe ends by itself: after a few seconds keepalive
 * is what it was, so that a client that was asked once is not asked every second for the rest.
 *
 * Never: a session ended that has marks; a look at a client that is not wanted by another.
 */

import type { TakeoverRule } from '@poplar/runtime';
import {
  keepAliveInitialDelayMs,
  keepAliveIntervalMs,
  keepAliveProbesMax,
  takeoverHalfClosedStallMs,
  takeoverProbeDelayMs,
  takeoverProbeIntervalMs,
  takeoverProbeMs,
  takeoverProbesMax,
  takeoverStallMs,
  takeoverUnansweredMs,
} from '../limits.ts';

/** How a session and its client are at this moment. */
export interface ClientState {
  readonly isClosed: boolean;
  /** The client will say no more. */
  readonly isHalfClosed: boolean;
  readonly marked: number;
  /** For how long it has taken nothing of what waits for it; 0 when nothing waits. */
  readonly stalledMs: number;
  /** For how long its host has not answered the kernel's repetitions. */
  readonly unansweredMs: number;
  /** In a command, or something waits for the client. */
  readonly isBusy: boolean;
  readonly idleMs: number;
}

export interface TakeoverRules {
  readonly takeover: TakeoverRule;
  readonly idleTakeoverMs: number;
}

/** `gone`: destroy; `idle`: tell and end; `probe`: keep and ask its TCP. */
export function takeoverOf(
  client: ClientState,
  { takeover, idleTakeoverMs }: TakeoverRules,
): 'gone' | 'idle' | 'probe' | 'keep' {
  if (takeover === 'never') return 'keep';
  if (client.isClosed) return 'gone';
  if (client.marked > 0) return 'keep';
  const stallMs = client.isHalfClosed ? takeoverHalfClosedStallMs : takeoverStallMs;
  if (client.stalledMs > stallMs || client.unansweredMs > takeoverUnansweredMs) return 'gone';
  if (client.isBusy) return 'keep';
  return takeover === 'idle' && client.idleMs >= idleTakeoverMs ? 'idle' : 'probe';
}

/** Of a socket, what a probe needs. */
export interface KeepAlive {
  setKeepAlive(isOn: boolean, delayMs: number, intervalMs: number, probesMax: number): unknown;
}

/**
 * Keepalive of a client's TCP: a client that vanished without a word frees its maildrop within a minute. By
 * questions that come at once it is asked, when somebody wants to know, whether it is there.
 *
 * A connection that is over before its first sweep, as nearly every poll is, never has it set: that is four
 * system calls.
 */
export class ClientProbe {
  #state: 'unset' | 'usual' | 'probing' = 'unset';
  #untilMs = 0;

  begin(socket: KeepAlive, nowMs: number): void {
    if (this.#state !== 'probing') {
      socket.setKeepAlive(true, takeoverProbeDelayMs, takeoverProbeIntervalMs, takeoverProbesMax);
    }
    this.#state = 'probing';
    this.#untilMs = nowMs + takeoverProbeMs;
  }

  /** Sets what is usual: at the first sweep, and again when the time for an answer is over. */
  sweep(socket: KeepAlive, nowMs: number): void {
    if (this.#state === 'usual') return;
    if (this.#state === 'probing' && nowMs < this.#untilMs) return;
    this.#state = 'usual';
    socket.setKeepAlive(true, keepAliveInitialDelayMs, keepAliveIntervalMs, keepAliveProbesMax);
  }
}
