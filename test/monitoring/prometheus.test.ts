/**
 * Debian's Prometheus against two nodes under a little load: every rule is evaluated, every recording and
 * every query of every dashboard has data, and an alert notices a node that is gone.
 */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { LmtpClient } from '../support/lmtp-client.ts';
import { maildropNamed } from '../support/maildrops.ts';
import { lines } from '../support/messages.ts';
import { eventually } from '../support/node-inspection.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { type Prometheus, promtool, startPrometheus } from '../support/prometheus.ts';
import { type RunningNode, startNode } from '../support/start-node.ts';
import {
  openTestDatabase,
  type TestDatabase,
  type TestMailbox,
  testSecret,
} from '../support/test-database.ts';
import { dashboards } from './dashboards/all.ts';

const content = lines('Subject: hello', '', 'Hello.');
/** What only a cluster with a standby has. */
const needsStandby = /poplar_cluster_replication_lag_/;

let database: TestDatabase;
let prometheus: Prometheus;
let load: { stop(): Promise<void> };
const nodes: RunningNode[] = [];
const toStop = new AsyncDisposableStack();

before(async () => {
  database = await openTestDatabase();
  toStop.defer(() => database.drop());
  for (const name of ['pop1', 'pop2']) {
    const environment = { POPLAR_NODE_NAME: name, POPLAR_LOCK_WAIT_MS: '100' };
    const node = await startNode({ databaseUrl: database.url, environment });
    nodes.push(node);
    toStop.defer(async () => {
      if (nodes.includes(node)) await node.stop();
    });
  }
  prometheus = await startPrometheus(nodes.map(({ ops }) => `127.0.0.1:${ops}`));
  toStop.defer(() => prometheus.stop());
  load = await startLoad();
  toStop.defer(() => load.stop());
});
after(() => toStop.disposeAsync());

/** A little of everything on each node, about once a second, until it is stopped. */
async function startLoad(): Promise<{ stop(): Promise<void> }> {
  const boxes = await Promise.all(
    nodes.map((_, index) =>
      database.addMailbox(`reader${index}@example.org`, maildropNamed('two-messages')),
    ),
  );
  const ending = new AbortController();
  const rounds = nodes.map(async (node, index) => {
    const box = boxes[index];
    if (box === undefined) return;
    while (!ending.signal.aborted) {
      await round(node, box);
      await sleep(500, undefined, { signal: ending.signal }).catch(() => {});
    }
  });
  const all = Promise.all(rounds);
  // A round that fails is reported by `stop`, not as an unhandled rejection.
  all.catch(() => {});
  return {
    stop: async () => {
      ending.abort();
      await all;
    },
  };
}

async function round(node: RunningNode, { address }: TestMailbox): Promise<void> {
  const lmtp = await LmtpClient.connect({ port: node.lmtp });
  await lmtp.delivered({ from: 'a@example.net', to: [address], content });
  await lmtp.quit();
  const reader = await Pop3Client.connect({ port: node.pop3s, ca: node.ca });
  await reader.login(address, testSecret);
  const listed = await reader.listing('UIDL');
  await reader.content(`RETR ${listed.length}`);
  const late = await Pop3Client.connect({ port: node.pop3 });
  await late.ok(`USER ${address}`);
  assert.equal((await late.command(`PASS ${testSecret}`)).code, 'IN-USE');
  await late.ok(`USER ${address}`);
  assert.equal((await late.command('PASS wrong')).code, 'AUTH');
  await late.quit();
  await reader.ok(`DELE ${listed.length}`);
  await reader.quit();
}

async function hasData(expr: string): Promise<boolean> {
  return (await prometheus.query(expr)).some((value) => Number.isFinite(value));
}

/** Those that have none, looked at again until they have or time is up. */
async function withoutData(exprs: readonly string[]): Promise<string[]> {
  let missing = [...exprs];
  await eventually(
    async () => {
      const still: string[] = [];
      for (const expr of missing) if (!(await hasData(expr))) still.push(expr);
      missing = still;
      assert.deepEqual(missing, []);
    },
    60_000,
    1_000,
  ).catch(() => {});
  return missing;
}

/** The metrics and recordings that a query looks at. */
function metricsIn(query: string): string[] {
  const words = query.replace(/"[^"]*"/g, '').match(/[a-z][a-z0-9_:]*/g) ?? [];
  return words.filter((word) => word === 'up' || /^(?:poplar|process)_|:/.test(word));
}

/** As Grafana would ask, of all nodes. */
function asked(expr: string): string {
  return expr.replaceAll('$instance', '.*').replaceAll('$__rate_interval', '20s');
}

describe('Prometheus', () => {
  test('promtool has nothing against the metrics of a node and of the cluster', async () => {
    for (const path of ['/metrics', '/metrics/cluster']) {
      const answer = await fetch(`http://127.0.0.1:${nodes[0]?.ops}${path}`);
      assert.equal(promtool(['check', 'metrics'], await answer.text()), null, path);
    }
  });

  test('every query of every dashboard has data', async () => {
    const panels = dashboards.flatMap(({ rows }) => rows.flatMap((row) => row.panels));
    const exprs = panels
      .filter(({ needs }) => needs === undefined)
      .flatMap(({ queries }) => queries.map(({ expr }) => asked(expr)));
    assert.ok(exprs.length > 90, `${exprs.length} queries`);
    assert.deepEqual(await withoutData(exprs), []);
    const others = panels.filter(({ needs }) => needs !== undefined);
    for (const { queries } of others) {
      for (const { expr } of queries) assert.match(expr, needsStandby);
    }
  });

  test('every rule is evaluated, every recording has data, every alert looks at something', async () => {
    const rules = await eventually(async () => {
      const all = await prometheus.rules();
      const unwell = all.filter(({ health, lastError }) => health !== 'ok' || lastError !== '');
      assert.deepEqual(unwell, []);
      return all;
    }, 30_000);
    assert.ok(rules.length > 40, `${rules.length} rules`);
    const recordings = rules.filter(({ type }) => type === 'recording');
    assert.deepEqual(await withoutData(recordings.map(({ name }) => name)), []);
    const alerts = rules.filter(({ type }) => type === 'alerting');
    const names = new Set(alerts.flatMap(({ query }) => metricsIn(query)));
    assert.ok(names.size > 20, `${names.size} metrics in alerts`);
    const missing = await withoutData(
      [...names].filter((name) => !needsStandby.test(name)).map((name) => `count(${name})`),
    );
    assert.deepEqual(missing, []);
  });

  test('two nodes that serve raise no alarm; one that is gone does', async () => {
    const alarmed = async (): Promise<string[]> =>
      (await prometheus.rules())
        .filter(({ state }) => state === 'pending' || state === 'firing')
        .map(({ name }) => name);
    const expected = ['PoplarQuitSlow', 'PoplarDeliveriesSlow', 'PoplarLoginsSlow'];
    const slow = new Set([
      ...expected,
      'PoplarEventLoopSlow',
      'PoplarWorkerSlow',
      'PoplarPurgeLate',
    ]);
    // How fast a busy machine is does not matter here.
    assert.deepEqual(
      (await alarmed()).filter((name) => !slow.has(name)),
      [],
    );
    await load.stop();
    await nodes.pop()?.stop();
    await eventually(async () => {
      assert.ok((await alarmed()).includes('PoplarNodeDown'));
    }, 15_000);
  });
});
