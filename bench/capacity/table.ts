/**
 * The model's answers as Markdown.
 *
 * Never: a row of a site that cannot be told from the inputs above it.
 */

import type { MeasuredCosts } from './costs.ts';
import type { Capacity } from './model.ts';
import type { Site } from './site.ts';

const balances: Readonly<Record<Site['balance'], string>> = {
  node: 'any node for any connection',
  source: 'a client comes to the same node each time',
};

export function capacityTable(
  site: Site,
  rows: readonly Capacity[],
  { circumstances }: MeasuredCosts,
): string {
  const { settings, balance, ...rest } = site;
  const inputs = { ...rest, ...settings };
  const [first] = rows;
  return [
    `## ${site.mailboxes.toLocaleString('en')} mailboxes, ${balances[balance]}`,
    '',
    Object.entries(inputs)
      .map(([name, value]) => `${name} ${value}`)
      .join(', '),
    '',
    `Costs measured on ${circumstances.date} at commit ${circumstances.commit} on ${circumstances.machine}.`,
    '',
    `At the peak: ${whole(first?.polls)} polls/s, ${whole(first?.deliveries)} deliveries/s, ` +
      `${whole(first?.sessions)} maildrops open (locks held), ${whole(first?.lockWrites)} lock rows written/s.`,
    '',
    `| ${columns.map(([name]) => name).join(' | ')} |`,
    `|${columns.map(() => '---').join('|')}|`,
    ...rows.map((row) => `| ${columns.map(([, of]) => of(row, site)).join(' | ')} |`),
    '',
  ].join('\n');
}

type Column = readonly [name: string, of: (row: Capacity, site: Site) => string];

const columns: readonly Column[] = [
  ['nodes', ({ nodes }) => String(nodes)],
  ['polls/s of a worker', ({ pollsOfWorker }) => whole(pollsOfWorker)],
  ['not remembered: hash / name / list', ({ misses }) => misses3(misses)],
  ['hashes/s', ({ hashes }) => whole(hashes)],
  ['node CPU, cores in all', ({ nodeProcessors }) => nodeProcessors.toFixed(1)],
  [
    'of a node',
    ({ nodeUtilisation }, { utilisation }) =>
      `${percent(nodeUtilisation)}${nodeUtilisation > utilisation ? ' **(too few)**' : ''}`,
  ],
  ['PostgreSQL CPU, cores', ({ postgresProcessors }) => postgresProcessors.toFixed(1)],
  ['PostgreSQL connections, at most', ({ connections }) => whole(connections)],
  ['their memory, GB', ({ memoryOfConnections }) => giga(memoryOfConnections)],
  ['WAL, MB/s (full pages)', (row) => `${mega(row.walOctets)} (${mega(row.walFullPages)})`],
  ['lease rows/s', ({ leaseWrites }) => leaseWrites.toFixed(1)],
  ['statements/s of idle nodes', ({ nodeStatements }) => nodeStatements.toFixed(1)],
  ['sessions of a node', ({ sessionsOfNode }) => whole(sessionsOfNode)],
  ['memory of a node, GB', ({ memoryOfNode }) => giga(memoryOfNode)],
];

function misses3({ hash, login, list }: Capacity['misses']): string {
  return [hash, login, list].map(percent).join(' / ');
}

function whole(value = 0): string {
  return Math.round(value).toLocaleString('en');
}

function percent(part: number): string {
  return `${Math.round(part * 100)}%`;
}

function mega(octets: number): string {
  return (octets / 1e6).toFixed(1);
}

function giga(octets: number): string {
  return (octets / 1e9).toFixed(1);
}
