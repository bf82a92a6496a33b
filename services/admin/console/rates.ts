/**
 * What happens in a second, out of answers of the overview. Nodes count since they were started: a rate is the
 * difference of two reports of one node over the time between them. A node that begins anew counts from 0,
 * which is no rate at all.
 *
 * Never: a rate over sums of nodes that come and go.
 */

import { dateOf, type Fields, fieldsOf, itemsOf, numberOf, textOf } from './fields.ts';
import { chartPointsMax } from './limits.ts';

export interface Point {
  readonly at: Date;
  /** By the name of the line; a line without a value has a gap. */
  readonly values: ReadonlyMap<string, number>;
}

interface Report {
  readonly atMs: number;
  readonly figures: Fields;
}

export class Rates {
  readonly #names: readonly string[];
  #reports: ReadonlyMap<string, Report> = new Map();
  /** The last rate of each node by figure. */
  #rates = new Map<string, ReadonlyMap<string, number>>();

  /** @param names of the figures that count */
  constructor(names: readonly string[]) {
    this.#names = names;
  }

  /** The sums over all nodes that are there; null while no node has said something twice. */
  add(overview: Fields): ReadonlyMap<string, number> | null {
    const reports = new Map<string, Report>();
    for (const { node, reportedAt, figures } of itemsOf(overview.nodes)) {
      const at = dateOf(reportedAt);
      if (at === null || figures === null) continue;
      reports.set(textOf(node), { atMs: at.getTime(), figures: fieldsOf(figures) });
    }
    const rates = new Map<string, ReadonlyMap<string, number>>();
    for (const [node, report] of reports) {
      const rate = this.#between(this.#reports.get(node), report) ?? this.#rates.get(node);
      if (rate !== undefined) rates.set(node, rate);
    }
    this.#reports = reports;
    this.#rates = rates;
    if (rates.size === 0) return null;
    const sum = (name: string): number =>
      [...rates.values()].reduce((all, rate) => all + (rate.get(name) ?? 0), 0);
    return new Map(this.#names.map((name) => [name, sum(name)]));
  }

  /** Null where there is nothing new to be compared. */
  #between(former: Report | undefined, now: Report): ReadonlyMap<string, number> | null {
    if (former === undefined || now.atMs <= former.atMs) return null;
    const seconds = (now.atMs - former.atMs) / 1_000;
    return new Map(
      this.#names.map((name) => {
        const more = numberOf(now.figures[name]) - numberOf(former.figures[name]);
        return [name, more < 0 ? 0 : more / seconds];
      }),
    );
  }
}

/** The points of a chart, the oldest first, as many as it shows. */
export class History {
  #points: readonly Point[] = [];

  get points(): readonly Point[] {
    return this.#points;
  }

  add(at: Date, values: ReadonlyMap<string, number>): void {
    const last = this.#points.at(-1);
    if (last !== undefined && last.at.getTime() === at.getTime()) return;
    this.#points = [...this.#points, { at, values }].slice(-chartPointsMax);
  }
}
