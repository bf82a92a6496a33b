/**
 * How commands were answered: what a session writes down for whoever counts and times them, because it
 * has no clock itself. One tally may serve all sessions of a thread, if it is emptied before
 * another session is given its turn.
 *
 * Never: grow with what a client sends (there is one number for each verb and result).
 */

import type { Verb } from './command.ts';

/** Every verb, and `invalid` for a line that is no command. */
export const talliedVerbs = [
  ...['APOP', 'AUTH', 'CAPA', 'DELE', 'LIST', 'NOOP', 'PASS', 'QUIT'],
  ...['RETR', 'RSET', 'STAT', 'STLS', 'TOP', 'UIDL', 'USER', 'invalid'],
] as const satisfies readonly (Verb | 'invalid')[];

export type TalliedVerb = Verb | 'invalid';

/** `times` commands of this verb were answered with `+OK`, or with `-ERR`. */
export type Visit = (verb: string, isOk: boolean, times: number) => void;

export class CommandTally {
  readonly #accepted = new Map<TalliedVerb, number>();
  readonly #refused = new Map<TalliedVerb, number>();

  get isEmpty(): boolean {
    return this.#accepted.size === 0 && this.#refused.size === 0;
  }

  note(verb: TalliedVerb, isOk: boolean): void {
    const times = isOk ? this.#accepted : this.#refused;
    times.set(verb, (times.get(verb) ?? 0) + 1);
  }

  /** Tells what was noted since the last time, and forgets it. */
  empty(visit: Visit): void {
    for (const [verb, times] of this.#accepted) visit(verb, true, times);
    for (const [verb, times] of this.#refused) visit(verb, false, times);
    this.#accepted.clear();
    this.#refused.clear();
  }
}
