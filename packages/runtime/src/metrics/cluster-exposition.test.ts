import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createClusterExposition } from './cluster-exposition.ts';
import { type ClusterFigures, clusterMetrics } from './tables/cluster-metrics.ts';

const report = {
  at: new Date(),
  figures: {
    loginsOpened: 5,
    loginsInUse: 1,
    sentOctets: 900,
    eventLoopDelaySeconds: 0.025,
    next: 1,
  },
};
const node = { nodeName: 'n1', alive: true, draining: false, workers: 2, sessions: 7, report };
const figures: ClusterFigures = {
  nodes: [
    node,
    { ...node, nodeName: 'n2', draining: true, sessions: 1, report: null },
    { ...node, nodeName: 'n3', alive: false, workers: 0, sessions: 0 },
  ],
  database: {
    ...{ mailboxes: 1, receipts: 2, flaggedMessages: 3, purgeLagSeconds: 4, databaseOctets: 5 },
    ...{ connections: 6, connectionsMax: 100, commits: 8, rollbacks: 9, deadlocks: 10 },
    ...{ blocksRead: 11, blocksHit: 12, transactionSeconds: 13, standbys: 1 },
    ...{ webhookPending: 14, webhookDead: 15, webhookPendingSeconds: 16 },
    ...{ synchronousStandbys: 1, replicationLagMs: 1_500, replicationLagOctets: null },
  },
};

test('every figure is there under its name, and what is not known is not', async () => {
  const text = await createClusterExposition(async () => figures).print();
  for (const line of [
    'poplar_cluster_up 1',
    'poplar_cluster_nodes{state="up"} 1',
    'poplar_cluster_nodes{state="draining"} 1',
    'poplar_cluster_nodes{state="gone"} 1',
    'poplar_cluster_sessions{node="n1"} 7',
    'poplar_cluster_logins_total{node="n1",outcome="opened"} 5',
    'poplar_cluster_logins_total{node="n1",outcome="in-use"} 1',
    'poplar_cluster_logins_total{node="n1",outcome="temporary"} 0',
    'poplar_cluster_sent_bytes_total{node="n1"} 900',
    'poplar_cluster_event_loop_delay_seconds{node="n1"} 0.025',
    'poplar_cluster_purge_lag_seconds 4',
    'poplar_cluster_webhook_dead 15',
    'poplar_cluster_replication_lag_seconds 1.5',
    'poplar_cluster_postgresql_commits_total 8',
  ]) {
    assert.ok(text.split('\n').includes(line), line);
  }
  assert.doesNotMatch(text, /replication_lag_bytes/);
  // Neither of a node that has said nothing, nor of one that is gone.
  assert.doesNotMatch(text, /logins_total\{node="n[23]"/);
  const printed = new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name));
  const missing = [...clusterMetrics.keys()].filter((name) => !printed.has(name));
  assert.deepEqual(missing, ['poplar_cluster_replication_lag_bytes']);
});

test('a crowd of scrapes is one reading, and the next one comes when it is old', async () => {
  let readings = 0;
  const read = async (): Promise<ClusterFigures> => {
    readings += 1;
    return figures;
  };
  const kept = createClusterExposition(read, 60_000);
  await Promise.all([kept.print(), kept.print(), kept.print()]);
  await kept.print();
  assert.equal(readings, 1);
  const fleeting = createClusterExposition(read, 0);
  await fleeting.print();
  await fleeting.print();
  assert.equal(readings, 3);
});

test('while a reading is under way there is no other, however old the last one is', async () => {
  const { promise, resolve } = Promise.withResolvers<ClusterFigures>();
  let readings = 0;
  const slow = createClusterExposition(() => {
    readings += 1;
    return promise;
  }, 0);
  const scrapes = [slow.print(), slow.print()];
  resolve(figures);
  assert.equal(new Set(await Promise.all(scrapes)).size, 1);
  assert.equal(readings, 1);
});

test('a database that is away is a figure, not a failure', async () => {
  const away = createClusterExposition(async () => {
    throw new Error('away');
  });
  const text = await away.print();
  assert.match(text, /^poplar_cluster_up 0$/m);
  assert.doesNotMatch(text, /mailboxes/);
});
