import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createExposition } from './exposition.ts';
import { MetricSet, snapshotLength, withoutGauges } from './metric-set.ts';
import { metricDefinitions } from './metric-table.ts';

const exposition = createExposition({ version: '1.2.3', node: 'n1' });

async function scrape(...snapshots: Float64Array[]): Promise<string> {
  return exposition.print({ isReady: true, certificateEnd: null, workers: [], snapshots });
}

function numberAt(text: string, line: string): number {
  const found = text.split('\n').find((candidate) => candidate.startsWith(`${line} `));
  assert.ok(found !== undefined, `${line} is not in the scrape`);
  return Number(found.slice(line.length + 1));
}

describe('metrics', () => {
  test('names, units and types follow the rules of Prometheus', () => {
    for (const [name, definition] of metricDefinitions) {
      assert.match(name, /^poplar_[a-z0-9_]+$/);
      assert.equal(name.endsWith('_total'), definition.type === 'counter', name);
      assert.equal(definition.buckets !== undefined, definition.type === 'histogram', name);
      assert.ok((definition.labels ?? []).length <= 2, `${name} has too many labels`);
      assert.match(definition.help, /\.$/, name);
    }
  });

  test('threads are summed, each number where it belongs', async () => {
    const [first, second] = [new MetricSet(), new MetricSet()];
    first.inc('poplar_connections_opened_total', 'pop3');
    first.inc('poplar_connections_closed_total', 'pop3s', 'quit');
    second.inc('poplar_connections_opened_total', 'pop3');
    second.add('poplar_retrieved_bytes_total', 5_000_000_000);
    second.set('poplar_sessions', 3);
    const text = await scrape(first.snapshot(), second.snapshot());
    assert.equal(numberAt(text, 'poplar_connections_opened_total{listener="pop3"}'), 2);
    assert.equal(numberAt(text, 'poplar_connections_opened_total{listener="lmtp"}'), 0);
    const closed = 'poplar_connections_closed_total{listener="pop3s",reason="quit"}';
    assert.equal(numberAt(text, closed), 1);
    assert.equal(numberAt(text, 'poplar_retrieved_bytes_total'), 5_000_000_000);
    assert.equal(numberAt(text, 'poplar_sessions'), 3);
    const sum = first.snapshot().reduce((total, value) => total + value, 0);
    assert.equal(sum, 2, 'a number went somewhere else too');
  });

  test('every label combination has a number of its own', () => {
    const seen = new Set<number>();
    for (const listener of ['pop3', 'pop3s', 'lmtp', 'nonsense']) {
      for (const reason of ['quit', 'error', 'nonsense']) {
        const metrics = new MetricSet();
        metrics.inc('poplar_connections_closed_total', listener, reason);
        const index = metrics.snapshot().indexOf(1);
        assert.ok(index >= 0 && index < snapshotLength);
        seen.add(index);
      }
    }
    assert.equal(seen.size, 12);
  });

  test('a label value that nobody foresaw is counted as other, and shows only then', async () => {
    const metrics = new MetricSet();
    assert.doesNotMatch(await scrape(metrics.snapshot()), /"other"/);
    metrics.inc('poplar_login_reasons_total', 'by-magic');
    assert.equal(
      numberAt(await scrape(metrics.snapshot()), 'poplar_login_reasons_total{reason="other"}'),
      1,
    );
  });

  test('a histogram has cumulative buckets, a sum and a count', async () => {
    const metrics = new MetricSet();
    for (const seconds of [0.0005, 0.02, 100]) {
      metrics.observe('poplar_login_duration_seconds', seconds);
    }
    const text = await scrape(metrics.snapshot());
    const bucket = (le: string) =>
      numberAt(text, `poplar_login_duration_seconds_bucket{le="${le}"}`);
    assert.equal(bucket('0.0005'), 1);
    assert.equal(bucket('0.01'), 1);
    assert.equal(bucket('0.025'), 2);
    assert.equal(bucket('30'), 2);
    assert.equal(bucket('+Inf'), 3);
    assert.equal(numberAt(text, 'poplar_login_duration_seconds_count'), 3);
    assert.equal(numberAt(text, 'poplar_login_duration_seconds_sum'), 100.0205);
  });

  test('of a thread that is gone its counters stay and its gauges do not', async () => {
    const metrics = new MetricSet();
    metrics.set('poplar_connections', 9, 'pop3');
    metrics.inc('poplar_login_reasons_total', 'opened');
    metrics.observe('poplar_update_duration_seconds', 1);
    const text = await scrape(withoutGauges(metrics.snapshot()));
    assert.equal(numberAt(text, 'poplar_connections{listener="pop3"}'), 0);
    assert.equal(numberAt(text, 'poplar_login_reasons_total{reason="opened"}'), 1);
    assert.equal(numberAt(text, 'poplar_update_duration_seconds_count'), 1);
  });

  test('a scrape names the build and no metric twice', async () => {
    const text = await scrape();
    assert.match(text, /^poplar_build_info\{version="1.2.3",node="n1",runtime="v\d+/m);
    const types = text.match(/^# TYPE \S+/gm) ?? [];
    assert.equal(new Set(types).size, types.length);
    assert.doesNotMatch(text, /nodejs_active_\w+_total/);
  });

  test('what is counted elsewhere is as it is when a snapshot is made', async () => {
    const metrics = new MetricSet();
    let waiting = 3;
    metrics.refreshedBy(() => metrics.set('poplar_hashes_waiting', waiting));
    assert.equal(numberAt(await scrape(metrics.snapshot()), 'poplar_hashes_waiting'), 3);
    waiting = 0;
    assert.equal(numberAt(await scrape(metrics.snapshot()), 'poplar_hashes_waiting'), 0);
  });
});
