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

interface Slot {
  readonly verb: TalliedVerb;
  readonly isOk: boolean;
  times: number;
}

function slotsOf(isOk: boolean): Readonly<Record<TalliedVerb, Slot>> {
  const of = (verb: TalliedVerb): Slot => ({ verb, isOk, times: 0 });
  return {
    ...{ APOP: of('APOP'), AUTH: of('AUTH'), CAPA: of('CAPA'), DELE: of('DELE') },
    ...{ LIST: of('LIST'), NOOP: of('NOOP'), PASS: of('PASS'), QUIT: of('QUIT') },
    ...{ RETR: of('RETR'), RSET: of('RSET'), STAT: of('STAT'), STLS: of('STLS') },
    ...{ TOP: of('TOP'), UIDL: of('UIDL'), USER: of('USER'), invalid: of('invalid') },
  };
}

export class CommandTally {
  // Made once: a command leaves nothing for the garbage collector.
  readonly #accepted = slotsOf(true);
  readonly #refused = slotsOf(false);
  /** Those that are not 0. */
  readonly #noted: Slot[] = [];

  get isEmpty(): boolean {
    return this.#noted.length === 0;
  }

  note(verb: TalliedVerb, isOk: boolean): void {
    const slot = (isOk ? this.#accepted : this.#refused)[verb];
    if (slot.times === 0) this.#noted.push(slot);
    slot.times += 1;
  }

  /** Tells what was noted since the last time, and forgets it. */
  empty(visit: Visit): void {
    for (const slot of this.#noted) {
      visit(slot.verb, slot.isOk, slot.times);
      slot.times = 0;
    }
    this.#noted.length = 0;
  }
}
