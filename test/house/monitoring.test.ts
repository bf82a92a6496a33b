/**
 * What is said of metrics, events, alerts and dashboards: it is what there is, all of it, and nothing
 * more.
 */

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { clusterMetrics, metricDefinitions } from '@poplar/runtime';
import { dashboards, dashboardsPath } from '../monitoring/dashboards/all.ts';
import { dashboardJson } from '../monitoring/dashboards/dashboard.ts';
import { monitoringPage, monitoringPagePath } from '../support/monitoring-page.ts';
import { fileAt, root, sourceFiles } from '../support/source-tree.ts';

const rules = fileAt('docs/operations/prometheus/poplar.rules.yml').text;

/** Names of our metrics in a text, a histogram's by its own name. */
function metricNames(text: string): Set<string> {
  const names = text.match(/\bpoplar_[a-z0-9_]+/g) ?? [];
  return new Set(names.map((name) => name.replace(/_(?:bucket|sum|count)$/, '')));
}

describe('monitoring', () => {
  test('docs/operations/monitoring.md lists every metric (test/support/monitoring-page.ts)', async () => {
    assert.equal(fileAt(monitoringPagePath).text, await monitoringPage());
    const page = fileAt(monitoringPagePath).text;
    const all = [...metricDefinitions.keys(), ...clusterMetrics.keys(), 'poplar_ready'];
    const missing = all.filter((name) => !page.includes(`| \`${name}\` |`));
    assert.deepEqual(missing, []);
  });

  test('every alert is explained there, and no other', () => {
    const alerts = [...rules.matchAll(/- alert: (\w+)/g)].map(([, name]) => name);
    const page = fileAt(monitoringPagePath).text;
    const explained = [...page.matchAll(/^\| <a id="\w+"><\/a>`(Poplar\w+)` \|/gm)].map(
      ([, name]) => name,
    );
    assert.deepEqual(explained, alerts);
  });

  test('the dashboards are those of test/monitoring/dashboards (all.ts writes them)', () => {
    const files = readdirSync(join(root, dashboardsPath)).sort();
    assert.deepEqual(files, dashboards.map(({ uid }) => `${uid}.json`).sort());
    for (const dashboard of dashboards) {
      const { text } = fileAt(`${dashboardsPath}/${dashboard.uid}.json`);
      assert.equal(text, dashboardJson(dashboard), dashboard.uid);
    }
  });

  test('every metric is on a dashboard or in a rule', () => {
    const used = metricNames(`${rules}${dashboards.map(dashboardJson).join('')}`);
    const all = [...metricDefinitions.keys(), ...clusterMetrics.keys()];
    const unused = all.filter((name) => !used.has(name));
    assert.deepEqual(unused, []);
  });

  test('every event of the log has its row in docs/operations/logs.md, and no other', () => {
    const events = new Set(
      sourceFiles()
        .filter(({ path }) => /^(?:packages|services)\/.*(?<!\.test)\.ts$/.test(path))
        .flatMap(({ text }) => [...text.matchAll(/\bevent: '([\w-]+)'/g)].map(([, name]) => name)),
    );
    const page = fileAt('docs/operations/logs.md').text;
    const listed = [...page.matchAll(/^## `([\w-]+)`/gm)].map(([, name]) => name);
    assert.deepEqual(listed.sort(), [...events].sort());
  });
});
