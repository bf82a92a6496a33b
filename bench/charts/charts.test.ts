/**
 * What is drawn is what was measured: lengths on the axis, whiskers, ratios, and no text that a page could run.
 */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { chartOf } from '../chart.ts';
import type { Measured, Results } from '../measured.ts';
import { median } from '../report.ts';
import { brief, microseconds, powersAxis, stepsAxis } from './axis.ts';
import { plot } from './plot.ts';

const percentiles = { count: 1, p50: 1, p95: 1, p99: 1, max: 1 };

function run(server: string, round: number, cpu: number, workload = 'poll'): Measured {
  return {
    ...{ server, workload, operation: 'a <poll> & more', round, operations: 1e6, octets: 0 },
    ...{ connections: 0, seconds: 1, cpuSeconds: { node: cpu }, settleCpuSeconds: 0 },
    ...{ generatorCpuSeconds: 0, generatorProcesses: 1, latencyMs: percentiles, latencyMsOf: {} },
    ...{ operationsOf: {}, held: 0, tls: '', memory: null, goal: null },
  };
}

const results: Results = {
  format: 1,
  circumstances: {
    date: '2026-11-02',
    commit: 'abc1234',
    command: 'npm run bench',
    machine: 'a machine',
    loadBefore: 0,
  },
  servers: { poplar: 'Poplar', other: 'Another' },
  runs: [
    ...[90, 100, 120].map((cpu, round) => run('poplar', round, cpu)),
    ...[750, 800, 900].map((cpu, round) => run('other', round, cpu)),
    run('poplar', 0, 5, 'alone'),
  ],
};

describe('bars', () => {
  const svg = chartOf(results);

  test('the median of an even number of rounds lies between the two in the middle', () => {
    assert.equal(median([4, 1]), 2.5);
    assert.equal(median([9, 1, 4]), 4);
    assert.ok(Number.isNaN(median([])));
  });

  test('medians and the ratio between them are said', () => {
    assert.match(svg, />100 us</);
    assert.match(svg, />800 us, 8\.0 times</);
    assert.match(svg, />5 us</, 'also where the other server has none');
  });

  test('when, where and at which commit', () => {
    assert.match(svg, /2026-11-02 at commit abc1234/);
    assert.match(svg, /a machine/);
  });

  test('text is escaped, and nothing comes from elsewhere', () => {
    assert.match(svg, /a &lt;poll> &amp; more/);
    assert.doesNotMatch(svg, /href|url\(|@import|<script/);
  });

  test('bars and whiskers are as long as their values', () => {
    const { at } = powersAxis([5, 900], { from: 160, to: 620 });
    const widths = [...svg.matchAll(/width="([\d.]+)" height="11"/g)].map(([, w]) => Number(w));
    assert.ok(Math.abs((widths[0] ?? 0) - (at(100) - 160)) < 0.1, `${widths}`);
    assert.ok(Math.abs((widths[1] ?? 0) - (at(800) - 160)) < 0.1, `${widths}`);
    const tips = [...svg.matchAll(/<line x1="([\d.]+)"[^>]*class="whisker"/g)].map(([, x]) =>
      Number(x),
    );
    for (const value of [90, 120, 750, 900]) {
      assert.ok(
        tips.some((x) => Math.abs(x - at(value)) < 0.1),
        `${value} is where it should be`,
      );
    }
  });
});

test('axes of powers and of steps', () => {
  assert.deepEqual(powersAxis([1e3, 1e6], { from: 0, to: 300 }).ticks, [1e3, 1e4, 1e5, 1e6]);
  assert.equal(powersAxis([1e3, 1e6], { from: 0, to: 300 }).at(1e4), 100);
  assert.deepEqual(stepsAxis([0, 9], { from: 0, to: 1 }).ticks, [0, 2, 4, 6, 8, 10]);
  assert.equal(brief(1_230_000), '1.23M');
  assert.equal(microseconds(1_500), '1.5 ms');
});

test('a plot has its points and its names', () => {
  const series = [
    { name: 'flat', points: [[1e2, 10] as const, [1e4, 10] as const] },
    { name: 'grows', points: [[1e2, 10] as const, [1e4, 1e3] as const] },
  ];
  const axis = { title: 'messages', text: brief };
  const svg = plot({ title: 't', subtitle: [], across: axis, up: axis, isLog: true, series });
  const [flat, grows] = [...svg.matchAll(/points="([^"]+)"/g)].map(([, points = '']) =>
    points.split(' ').map((point) => Number(point.split(',')[1])),
  );
  assert.equal(flat?.[0], flat?.[1]);
  assert.ok((grows?.[1] ?? 0) < (grows?.[0] ?? 0), 'up is less');
  assert.match(svg, />grows</);
});
