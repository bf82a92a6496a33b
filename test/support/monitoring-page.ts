/**
 * Makes the tables of docs/operations/monitoring.md: every metric that a scrape of a node answers, and
 * every metric of the cluster. `node_modules/.bin/node test/support/monitoring-page.ts` writes them into the page.
 *
 * Never: a word about a metric that is not in its help text.
 */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { clusterMetrics, createExposition, MetricSet, metricDefinitions } from '@poplar/runtime';
import { fileAt, root } from './source-tree.ts';

export const monitoringPagePath = 'docs/operations/monitoring.md';

interface Row {
  readonly name: string;
  readonly type: string;
  /** Null where nobody says which there are. */
  readonly labels: readonly string[] | null;
  readonly help: string;
}

/** A scrape of a node with one worker that has counted nothing. */
async function nodeRows(): Promise<Row[]> {
  const worker = { role: 'pop3', worker: 0, isReady: true, scrapeFailed: false, restarts: 0 };
  const gauges = { eventLoopUtilization: 0, heapOctets: 0, externalOctets: 0 };
  const text = await createExposition({ version: '', node: '' }).print({
    isReady: true,
    certificateEnd: null,
    workers: [{ ...worker, ...gauges, numbers: null }],
    snapshots: [new MetricSet().snapshot()],
  });
  return [...text.matchAll(/^# HELP (\S+) (.*)\n# TYPE \S+ (\S+)\n(.*)/gm)].map(
    ([, name = '', help = '', type = '', sample = '']) => ({
      ...{ name, help, type },
      labels: labelsOf(name) ?? [...sample.matchAll(/[{,](\w+)="/g)].map(([, label = '']) => label),
    }),
  );
}

/** Of a metric that threads count; the others show theirs in their samples. */
function labelsOf(name: string): readonly string[] | null {
  const definition = metricDefinitions.get(name);
  return definition === undefined || name.startsWith('poplar_worker_')
    ? null
    : (definition.labels ?? []).map((label) => label.name);
}

function clusterRows(): Row[] {
  return [...clusterMetrics].map(([name, { type, help, labels = [] }]) => ({
    ...{ name, type, help, labels },
  }));
}

function table(rows: readonly Row[]): string {
  const head = rows[0]?.labels === null ? ['metric', 'type', 'meaning'] : columns;
  const lines = rows.map(({ name, type, labels, help }) => {
    const names = labels === null ? [] : [labels.map((label) => `\`${label}\``).join(', ')];
    return cells([`\`${name}\``, type, ...names, help]);
  });
  return [cells(head), cells(head.map(() => '---')), ...lines].join('\n');
}

const columns = ['metric', 'type', 'labels', 'meaning'];

function cells(texts: readonly string[]): string {
  return `| ${texts.join(' | ')} |`;
}

/** The page with its tables as they should be. */
export async function monitoringPage(): Promise<string> {
  const rows = await nodeRows();
  const own = (row: Row): boolean => row.name.startsWith('poplar_');
  const tables: Record<string, string> = {
    node: table(rows.filter(own)),
    process: table(rows.filter((row) => !own(row)).map((row) => ({ ...row, labels: null }))),
    cluster: table(clusterRows()),
  };
  return fileAt(monitoringPagePath).text.replace(
    /(<!-- made: (\w+) -->\n)[\s\S]*?(\n<!-- end -->)/g,
    (_, begin: string, name: string, end: string) => `${begin}${tables[name] ?? ''}${end}`,
  );
}

if (import.meta.main) writeFileSync(join(root, monitoringPagePath), await monitoringPage());
