/**
 * The dashboards of docs/operations/grafana. `node_modules/.bin/node test/monitoring/dashboards/all.ts` writes them.
 *
 * Never: a file there that is not made here.
 */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../support/source-tree.ts';
import { auth } from './auth.ts';
import { type Dashboard, dashboardJson } from './dashboard.ts';
import { node } from './node.ts';
import { overview } from './overview.ts';
import { postgresql } from './postgresql.ts';

export const dashboards: readonly Dashboard[] = [overview, node, postgresql, auth];

export const dashboardsPath = 'docs/operations/grafana';

if (import.meta.main) {
  for (const dashboard of dashboards) {
    writeFileSync(join(root, dashboardsPath, `${dashboard.uid}.json`), dashboardJson(dashboard));
  }
}
