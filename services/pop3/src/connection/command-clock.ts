/**
 * How long the commands of one connection took, and that they were answered.
 *
 * The session writes down what it has answered, the clock looks at it when the pump has come to rest:
 * one look at the time for all commands that were answered in one go, since their replies leave together.
 *
 * Never: a look at the time for each command.
 */

import type { CommandTally } from '@poplar/protocol';
import type { Counters } from '../counters.ts';

export interface CommandClockParts {
  /** Where sessions write down how commands were answered. */
  readonly tally: CommandTally;
  readonly counters: Counters;
  nowMs(): number;
}

export class CommandClock {
  readonly #parts: CommandClockParts;
  #sinceMs = 0;

  constructor(parts: CommandClockParts) {
    this.#parts = parts;
  }

  /** From here on commands can be looked at. */
  start(): void {
    this.#sinceMs = this.#parts.nowMs();
  }

  /** What was answered is counted; what comes next is timed from here. */
  lap(): void {
    const { tally, counters } = this.#parts;
    if (tally.isEmpty) return;
    const nowMs = this.#parts.nowMs();
    counters.answered(tally, (nowMs - this.#sinceMs) / 1_000);
    this.#sinceMs = nowMs;
  }
}
