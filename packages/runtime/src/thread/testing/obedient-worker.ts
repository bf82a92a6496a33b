/**
 * A role for the supervisor's tests: it listens on nothing and does what the name of its node says,
 * so that each fault can be had on purpose.
 */

import { runWorker } from '../worker.ts';

runWorker(async (context) => {
  const [order = '', detail = ''] = context.config.nodeName.split(' ');
  const { metrics, worker, shared, keys } = context;
  const board = new Int32Array(shared.board ?? new SharedArrayBuffer(8));
  const [a = 0, b = 0] = keys.test ?? [];
  Atomics.add(board, 0, 1);
  Atomics.add(board, 1, a + b);
  metrics.inc('poplar_connections_opened_total', 'pop3');
  metrics.set('poplar_sessions', 1);
  if (!context.isAdmitting) metrics.set('poplar_connections', 99, 'lmtp');
  if (order === 'refuse' && worker === 1) throw new Error(`cannot start: ${detail}\nsecond line`);
  if (order === 'hang-at-start' && worker === 1) {
    await new Promise((resolve) => setTimeout(resolve, 60_000));
  }
  const isFirstLife = context.ownerId.endsWith('-1');
  if (order === 'throw' && isFirstLife && worker === 0) {
    setTimeout(() => {
      throw new Error('on purpose');
    }, 100);
  }
  if (order === 'block' && isFirstLife && worker === 0) {
    setTimeout(() => {
      while (true);
    }, 100);
  }
  const heard: string[] = [];
  return {
    get listeners() {
      return [`test ${worker} ${context.ownerId}`];
    },
    drain: async () => {
      if (order === 'never-drain') await new Promise((resolve) => setTimeout(resolve, 60_000));
      metrics.add('poplar_messages_flagged_total', 10);
    },
    reload: ({ certificates, config }) => {
      heard.push(certificates.default.cert);
      metrics.set('poplar_sessions', config.limits.idleTimeoutMs);
      metrics.set('poplar_connections', heard.length, 'pop3s');
    },
    ownerChanged: () => metrics.inc('poplar_messages_purged_total'),
    leaseLapsed: () => metrics.inc('poplar_messages_flagged_total'),
    admit: async (isAdmitting, deadlineMs) => {
      metrics.set('poplar_connections', isAdmitting ? 1 : deadlineMs, 'lmtp');
    },
    cutOff: () => metrics.set('poplar_sessions', 0),
  };
});
