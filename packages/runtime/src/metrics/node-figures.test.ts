import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MetricSet } from './metric-set.ts';
import { NodeFigureReader } from './node-figures.ts';

test('figures are sums over all threads and labels, and the delay is that since the last ones', () => {
  const [here, there] = [new MetricSet(), new MetricSet()];
  const reader = new NodeFigureReader();
  const read = () => reader.read([here.snapshot(), there.snapshot()]);
  assert.equal(read().eventLoopDelaySeconds, 0, 'no timer yet');
  here.inc('poplar_logins_total', 'opened', 'USER');
  there.inc('poplar_logins_total', 'opened', 'SCRAM-SHA-256');
  there.inc('poplar_logins_total', 'in-use', 'USER');
  here.add('poplar_sent_bytes_total', 70, 'pop3');
  there.add('poplar_sent_bytes_total', 7, 'pop3s');
  there.inc('poplar_commands_total', 'STAT', 'ok');
  here.inc('poplar_commands_total', 'invalid', 'err');
  here.inc('poplar_deliveries_total', 'delivered');
  here.inc('poplar_deliveries_total', 'no-mailbox');
  for (let times = 0; times < 99; times += 1) {
    here.observe('poplar_event_loop_delay_seconds', 0.002);
  }
  here.observe('poplar_event_loop_delay_seconds', 3);
  const first = read();
  assert.partialDeepStrictEqual(first, {
    ...{ loginsOpened: 2, loginsInUse: 1, loginsCredentials: 0, sentOctets: 77, commands: 2 },
    ...{ messagesDelivered: 1, eventLoopDelaySeconds: 0.0025 },
  });
  there.observe('poplar_event_loop_delay_seconds', 0.2);
  assert.equal(read().eventLoopDelaySeconds, 0.25, 'of the one timer since');
  there.observe('poplar_event_loop_delay_seconds', 60);
  assert.equal(read().eventLoopDelaySeconds, 10, 'the largest bound at most');
  const third = read();
  assert.deepEqual([third.eventLoopDelaySeconds, third.loginsOpened], [0, 2]);
});
