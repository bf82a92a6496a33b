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

const positions: ReadonlyMap<TalliedVerb, number> = new Map(
  talliedVerbs.map((verb, nth) => [verb, 2 * nth]),
);

export class CommandTally {
  /** Two for each verb: `+OK`, then `-ERR`. */
  readonly #times = new Uint32Array(2 * talliedVerbs.length);
  /** Which of them are not 0: the first so many. A command makes nothing for the garbage collector. */
  readonly #noted = new Uint8Array(2 * talliedVerbs.length);
  #notedCount = 0;

  get isEmpty(): boolean {
    return this.#notedCount === 0;
  }

  note(verb: TalliedVerb, isOk: boolean): void {
    const position = (positions.get(verb) ?? 0) + (isOk ? 0 : 1);
    const times = this.#times[position] ?? 0;
    if (times === 0) {
      this.#noted[this.#notedCount] = position;
      this.#notedCount += 1;
    }
    this.#times[position] = times + 1;
  }

  /** Tells what was noted since the last time, and forgets it. */
  empty(visit: Visit): void {
    for (let nth = 0; nth < this.#notedCount; nth += 1) {
      const position = this.#noted[nth] ?? 0;
      const times = this.#times[position] ?? 0;
      this.#times[position] = 0;
      visit(talliedVerbs[position >> 1] ?? 'invalid', position % 2 === 0, times);
    }
    this.#notedCount = 0;
  }
}
