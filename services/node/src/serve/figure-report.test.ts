/** What a node is told of its log when it reports, and when nobody answers any more. */

import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { test } from 'node:test';
import { silentLog } from '@poplar/runtime';
import { FigureReport } from './figure-report.ts';

test('an order stands while it is repeated, and for so long when nobody answers', {
  timeout: 10_000,
}, async () => {
  const keptMs = 400;
  const told = new EventEmitter();
  const heard: (string | null)[] = [];
  let isAway = false;
  let awayAtMs = 0;
  const report = new FigureReport(
    {
      report: async () => {
        if (isAway) throw new Error('the database is away');
        return 'debug';
      },
      heardLogLevel: (level) => {
        heard.push(level);
        told.emit(String(level));
      },
      snapshots: () => [],
      log: silentLog,
    },
    keptMs,
  );
  report.begin(20);
  await once(told, 'debug');
  isAway = true;
  awayAtMs = performance.now();
  await once(told, 'null');
  assert.ok(performance.now() - awayAtMs >= keptMs - 50, 'not at once');
  isAway = false;
  await once(told, 'debug');
  await report.end();
  assert.equal(heard.at(-1), 'debug');
});
