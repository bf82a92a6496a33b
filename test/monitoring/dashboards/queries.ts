/**
 * Forms of queries that all dashboards have in common: of the chosen nodes, over Grafana's interval.
 *
 * Never: a range that Grafana does not choose, or rates come out empty at some zoom.
 */

import type { Panel, Query, Unit } from './dashboard.ts';

type Labels = Readonly<Record<string, string>>;

/** A selector of the chosen nodes. A value that begins with `~` or `!` says how it is compared. */
export function of(metric: string, labels: Labels = {}): string {
  const matchers = Object.entries(labels).map(([name, value]) => {
    const [, operator = '=', text = value] = /^(!~|=~|!=)(.*)$/.exec(value) ?? [];
    return `${name}${operator}"${text}"`;
  });
  return `${metric}{${['instance=~"$instance"', ...matchers].join(', ')}}`;
}

/** The sum of rates, by labels or of all. */
export function rate(metric: string, by: readonly string[] = [], labels: Labels = {}): Query {
  return { expr: sum(`rate(${of(metric, labels)}[$__rate_interval])`, by), legend: legendOf(by) };
}

/** The sum of gauges, by labels or of all. */
export function total(metric: string, by: readonly string[] = [], labels: Labels = {}): Query {
  return { expr: sum(of(metric, labels), by), legend: legendOf(by) };
}

/** A figure of the cluster: the same on all nodes. */
export function cluster(metric: string, legend: string = ''): Query {
  return { expr: `max(${metric})`, legend };
}

/** Its rate; of counters that the same database keeps for all who ask. */
export function clusterRate(metric: string, legend: string): Query {
  return { expr: `max(rate(${metric}[$__rate_interval]))`, legend };
}

/** The rate of what nodes say of themselves, which all nodes that are asked repeat. */
export function saidRate(metric: string, by: readonly string[] = []): Query {
  const once = `max by (${['node', ...by].join(', ')}) (rate(${metric}[$__rate_interval]))`;
  return { expr: sum(once, by), legend: legendOf(by) };
}

/** The median and the slowest hundredth of a histogram. */
export function quantiles(
  metric: string,
  by: readonly string[] = [],
  labels: Labels = {},
): Query[] {
  return [0.5, 0.99].map((quantile) => {
    const buckets = `rate(${of(`${metric}_bucket`, labels)}[$__rate_interval])`;
    const name = quantile === 0.5 ? 'median' : 'p99';
    return {
      expr: `histogram_quantile(${quantile}, ${sum(buckets, [...by, 'le'])})`,
      legend: by.length === 0 ? name : `${name} ${legendOf(by)}`,
    };
  });
}

/** Hits of all look-ups. */
export function hitRatio(hits: string, misses: string, legend: string): Query {
  const [found, not] = [rate(hits).expr, rate(misses).expr];
  return { expr: `${found} / (${found} + ${not})`, legend };
}

export function graph(
  title: string,
  unit: Unit,
  what: Omit<Panel, 'title' | 'unit' | 'kind'>,
): Panel {
  return { title, unit, kind: 'timeseries', ...what };
}

export function number(
  title: string,
  unit: Unit,
  what: Omit<Panel, 'title' | 'unit' | 'kind'>,
): Panel {
  return { title, unit, kind: 'stat', ...what };
}

function sum(expr: string, by: readonly string[]): string {
  return by.length === 0 ? `sum(${expr})` : `sum by (${by.join(', ')}) (${expr})`;
}

function legendOf(by: readonly string[]): string {
  return by.map((label) => `{{${label}}}`).join(' ');
}
