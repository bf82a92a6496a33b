/**
 * What happens in a second on each node, out of answers of the overview. Nodes count since they were started
 * and say so every few seconds: a rate is the difference of two reports of one node over the time between them,
 * by the database's clock.
 *
 * Never: a rate of a node that says nothing any more, or that counts anew; a rate over sums of nodes that come
 * and go.
 */

import { dateOf, type Fields, itemsOf, textOf } from '../api/client.ts';
import { nodeSilentMs } from '../limits.ts';

/** Figures of the overview that count, in the order in which they are shown. */
export const rateNames = [
  ...['loginsOpened', 'loginsCredentials', 'loginsInUse', 'loginsTemporary'],
  ...['loginsDisabled', 'loginsLoginDelay', 'messagesRetrieved', 'messagesFlagged'],
  ...['messagesDelivered', 'sentOctets', 'deliveredOctets'],
] as const;

/** In a second, by the name of the figure. */
export type NodeRates = Readonly<Record<string, number>>;

export interface NodeNow {
  readonly node: string;
  readonly reportedAt: Date | null;
  /** How long a node that runs has said nothing; null of one that does, or is gone. */
  readonly silentSeconds: number | null;
  /** Null until it has said something twice, and of one that is silent or gone. */
  readonly rates: NodeRates | null;
}

interface Report {
  readonly atMs: number;
  readonly figures: Fields;
}

export class RateReader {
  #reports: ReadonlyMap<string, Report> = new Map();
  #rates: ReadonlyMap<string, NodeRates> = new Map();

  /** An answer of the overview; those before it are remembered as far as it needs them. */
  read(overview: Fields): NodeNow[] {
    const at = dateOf(overview.at)?.getTime() ?? 0;
    const reports = new Map<string, Report>();
    const rates = new Map<string, NodeRates>();
    const nodes = itemsOf({ items: overview.nodes }).map((row): NodeNow => {
      const node = textOf(row.node);
      const reportedAt = dateOf(row.reportedAt);
      const silentSeconds = row.state === 'gone' ? null : silenceOf(at, reportedAt);
      if (reportedAt === null || row.figures === null || silentSeconds !== null)
        return { node, reportedAt, silentSeconds, rates: null };
      const report = { atMs: reportedAt.getTime(), figures: Object(row.figures) };
      const former = this.#reports.get(node);
      // What it says twice is what it said: the rate that was stands.
      const rate = report.atMs === former?.atMs ? this.#rates.get(node) : rateOf(former, report);
      reports.set(node, report);
      if (rate !== undefined) rates.set(node, rate);
      return { node, reportedAt, silentSeconds, rates: rate ?? null };
    });
    this.#reports = reports;
    this.#rates = rates;
    return nodes;
  }
}

/** The sums over all nodes with rates; null where none has any. */
export function sumOf(nodes: readonly NodeNow[]): NodeRates | null {
  const all = nodes.flatMap(({ rates }) => (rates === null ? [] : [rates]));
  if (all.length === 0) return null;
  const sum = (name: string): number => all.reduce((sum, rates) => sum + (rates[name] ?? 0), 0);
  return Object.fromEntries(rateNames.map((name) => [name, sum(name)]));
}

/** A node that has not said anything yet has just begun: nobody knows since when it is silent. */
function silenceOf(atMs: number, reportedAt: Date | null): number | null {
  if (reportedAt === null) return null;
  const silentMs = atMs - reportedAt.getTime();
  return silentMs < nodeSilentMs ? null : Math.floor(silentMs / 1_000);
}

function rateOf(former: Report | undefined, now: Report): NodeRates | undefined {
  if (former === undefined || now.atMs <= former.atMs) return undefined;
  const seconds = (now.atMs - former.atMs) / 1_000;
  const more = rateNames.map((name) => Number(now.figures[name]) - Number(former.figures[name]));
  if (more.some((difference) => difference < 0)) return undefined;
  const rounded = more.map((difference) => Math.round((difference / seconds) * 1_000) / 1_000);
  return Object.fromEntries(rateNames.map((name, at) => [name, rounded[at] ?? 0]));
}
