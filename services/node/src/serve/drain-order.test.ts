/** The node's answer to an order to drain, step by step. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { silentLog } from '@poplar/runtime';
import { DrainOrder } from './drain-order.ts';

function node(noticeMs: number) {
  const done: string[] = [];
  const order = new DrainOrder({
    admit: (isAdmitting, deadlineMs) => {
      done.push(isAdmitting ? 'open' : `closed, ${deadlineMs} ms`);
    },
    limits: () => ({ drainNoticeMs: noticeMs, drainTimeoutMs: 7 }),
    show: (isDraining) => done.push(isDraining ? 'draining' : 'serving'),
    log: silentLog,
  });
  return { order, done };
}

test('it is not ready first, takes no clients after the notice, and serves again', async () => {
  const { order, done } = node(50);
  order.heard(false);
  assert.deepEqual([order.isOrdered, done], [false, []]);
  order.heard(true);
  order.heard(true);
  assert.deepEqual([order.isOrdered, done], [true, ['draining']]);
  await sleep(100);
  order.heard(true);
  assert.deepEqual(done.splice(0), ['draining', 'draining', 'closed, 7 ms']);
  order.heard(false);
  order.heard(false);
  assert.deepEqual([order.isOrdered, done], [false, ['open', 'serving']]);
});

test('an order that is withdrawn within the notice harms nobody', async () => {
  const { order, done } = node(50);
  order.heard(true);
  order.heard(false);
  await sleep(100);
  assert.deepEqual(done, ['draining', 'serving']);
});

test('a node that finds the order at its start begins with it', () => {
  const { order, done } = node(60_000);
  order.begin(false);
  assert.equal(order.isOrdered, false);
  order.begin(true);
  assert.deepEqual([order.isOrdered, done], [true, ['draining', 'closed, 7 ms']]);
});

test('when the node ends nothing is heard any more, and nobody is given notice twice', async () => {
  const { order, done } = node(50);
  order.heard(true);
  const sinceMs = performance.now();
  await order.endWithNotice();
  assert.ok(performance.now() - sinceMs < 40);
  await sleep(80);
  order.heard(false);
  assert.deepEqual([order.isOrdered, done], [true, ['draining', 'draining']]);

  const serving = node(50);
  const beforeMs = performance.now();
  await serving.order.endWithNotice();
  assert.ok(performance.now() - beforeMs >= 49);
  assert.deepEqual(serving.done, ['draining']);
});
