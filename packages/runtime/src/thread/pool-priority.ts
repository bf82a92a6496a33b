/**
 * Lets the threads of libuv's pool, which compute password hashes, give way to the event loops: a
 * storm of wrong passwords then takes what the sessions leave of the processors, and no more. Linux
 * gives every thread a priority of its own.
 *
 * Never: a failure (on another system, or where /proc is not, all stays as it is); a priority raised.
 *
 * Rules: setpriority(2), "C library/kernel differences": PRIO_PROCESS is about one thread.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';

/** By how much they are nicer than the others: they get a tenth of a processor that both want. */
export const poolNiceness = 10;

const lowestPriority = 19;

/** To be called once, when the pool has been used: its threads begin together. Answers how many. */
export function lowerPoolPriority(): number {
  let lowered = 0;
  for (const thread of poolThreads()) {
    try {
      setPriority(thread, Math.min(lowestPriority, getPriority(thread) + poolNiceness));
      lowered += 1;
    } catch {
      // Not for us to change: it goes on as it did.
    }
  }
  return lowered;
}

function poolThreads(): number[] {
  try {
    return readdirSync('/proc/self/task')
      .filter((id) => readFileSync(`/proc/self/task/${id}/comm`, 'utf8').startsWith('libuv-worker'))
      .map(Number);
  } catch {
    return [];
  }
}
