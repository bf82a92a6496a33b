/**
 * Results of several rounds as one: every number is the median of its rounds.
 *
 * Never: rounds of different shapes.
 */

import { median } from '../report.ts';

type Numbers = number | readonly Numbers[] | { readonly [name: string]: Numbers };

function middle(rounds: readonly Numbers[]): Numbers {
  const [first] = rounds;
  if (typeof first === 'number') {
    return median(rounds.map((round) => (typeof round === 'number' ? round : Number.NaN)));
  }
  if (Array.isArray(first)) {
    return first.map((_, index) =>
      middle(rounds.map((round) => (Array.isArray(round) ? round[index] : Number.NaN))),
    );
  }
  const names = Object.keys(first ?? {});
  return Object.fromEntries(
    names.map((name) => [name, middle(rounds.map((round) => Object(round)[name]))]),
  );
}

/** At least one round. Its shape is kept. */
export function medianOf<T>(rounds: readonly T[]): T {
  return JSON.parse(JSON.stringify(middle(JSON.parse(JSON.stringify(rounds)))));
}
