/**
 * What all parts of one simulated run share, and the weather: how often small things go wrong by
 * themselves. What goes wrong on purpose is in accidents.ts.
 */

import type { Chance } from './chance.ts';
import type { Schedule } from './schedule.ts';

/** Probabilities; all of them are zero when the storm is over. */
export interface Weather {
  /** A statement lets others go on at a step. */
  step: number;
  /** The connection breaks before the server has a request. */
  loseRequest: number;
  /** The server does the work, and the connection breaks meanwhile or before it can say so. */
  loseAnswer: number;
  /** Nothing passes for a while, in either direction; what was sent arrives afterwards. */
  silence: number;
  /** A server process stops in the middle of a statement and goes on later. */
  hang: number;
  /** The wait for a standby is cancelled: visible, not replicated, answered with a warning. */
  unreplicated: number;
}

export const calm: Weather = {
  step: 0,
  loseRequest: 0,
  loseAnswer: 0,
  silence: 0,
  hang: 0,
  unreplicated: 0,
};

/** Most runs have few kinds of trouble, so that each is seen alone as well. */
export function weatherOf(chance: Chance): Weather {
  const often = (most: number): number => (chance.hit(0.4) ? chance.fraction() * most : 0);
  return {
    step: chance.fraction() * 0.5,
    loseRequest: often(0.02),
    loseAnswer: often(0.03),
    silence: often(0.02),
    hang: often(0.02),
    unreplicated: often(0.2),
  };
}

/** Something goes wrong from now on for so long. */
export function troubleFor(stage: Stage, ms: number): void {
  stage.troubleUntilMs = Math.max(stage.troubleUntilMs, stage.schedule.nowMs + ms);
}

export interface Stage {
  readonly chance: Chance;
  readonly schedule: Schedule;
  weather: Weather;
  /** When the last thing that went wrong is over. */
  troubleUntilMs: number;
  /** Told in words what happens; null unless somebody reads it. */
  readonly trace: ((text: string) => void) | null;
}
