/**
 * The capacity model: prints what nodes and PostgreSQL have to bear, for several numbers of nodes.
 *
 * Usage: node bench/capacity/run.ts [--site FILE.json] [--costs FILE.json] [--nodes 1,2,5,10] [--json]
 * Without --site it is the site of ten million mailboxes of site.ts; a file names what differs from it.
 *
 * Never: a figure without the inputs that it comes from.
 */

import { parseArgs } from 'node:util';
import { readCosts } from './costs.ts';
import { capacityOf } from './model.ts';
import { readSite, siteWith, tenMillion } from './site.ts';
import { capacityTable } from './table.ts';
import { helpIfAsked, readOrEnd } from './usage.ts';

helpIfAsked(
  process.argv.slice(2),
  'node_modules/.bin/node bench/capacity/run.ts [--site FILE.json] [--costs FILE.json] [--nodes 1,2,5,10] [--json]',
);
const { values } = readOrEnd(() =>
  parseArgs({
    options: {
      site: { type: 'string' },
      costs: { type: 'string' },
      nodes: { type: 'string', default: '1,2,5,10,20,50,100' },
      json: { type: 'boolean', default: false },
    },
  }),
);

const kept = new URL('../results/capacity-costs.json', import.meta.url);
const measured = readOrEnd(() => readCosts(values.costs ?? kept));
const { site: siteFile } = values;
const site = siteFile === undefined ? tenMillion : readOrEnd(() => readSite(siteFile));
const nodes = values.nodes.split(',').map(Number);
if (nodes.some((count) => !Number.isInteger(count) || count < 1)) {
  process.stderr.write('--nodes wants whole numbers from 1 on, with commas between them\n');
  process.exit(2);
}
const other = siteWith({ balance: site.balance === 'node' ? 'source' : 'node' }, site);
const tables = [site, other].map((one) => ({
  site: one,
  rows: nodes.map((count) => capacityOf(one, count, measured.costs)),
}));
process.stdout.write(
  values.json
    ? `${JSON.stringify({ circumstances: measured.circumstances, tables }, null, 1)}\n`
    : tables.map(({ site: one, rows }) => capacityTable(one, rows, measured)).join('\n'),
);
