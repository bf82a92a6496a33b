import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadConfig } from '../config/load-config.ts';
import { silentLog } from '../log/log.ts';
import { createExposition } from '../metrics/exposition.ts';
import type { WorkerPlace } from './messages.ts';
import { Supervisor } from './supervisor.ts';

const workerUrl = new URL('./testing/obedient-worker.ts', import.meta.url);
const timing = {
  pingIntervalMs: 50,
  stallTimeoutMs: 300,
  startTimeoutMs: 5_000,
  scrapeTimeoutMs: 100,
};
const exposition = createExposition({ version: '0', node: 'test' });

/** Two workers of a role that does what `order` says; and what became of their owners. */
function supervise(order: string, overrides: Partial<typeof timing> = {}) {
  const lives = new Map<number, number>();
  const removed: string[] = [];
  const board = new SharedArrayBuffer(8);
  const config = {
    ...loadConfig({}, { file: null }),
    nodeName: order,
    logLevel: 'silent' as const,
  };
  const supervisor = new Supervisor({
    config,
    databaseUrl: 'postgresql://nowhere',
    roles: [{ role: 'test', workerUrl, count: 2 }],
    certificates: { default: { cert: 'c0', key: 'k0' }, named: [], clientCa: null },
    ticketKeys: new Uint8Array(48),
    shared: { board },
    keys: { test: new Uint8Array([3, 4]) },
    log: silentLog,
    timing: { ...timing, ...overrides },
    hooks: {
      beforeStart: async ({ worker }: WorkerPlace) => {
        const life = (lives.get(worker) ?? 0) + 1;
        lives.set(worker, life);
        return { ownerId: `owner-${worker}-${life}` };
      },
      afterExit: async (_place, ownerId) => {
        removed.push(ownerId);
      },
    },
  });
  const scrape = async (): Promise<string> =>
    exposition.print({ isReady: true, certificateEnd: null, ...(await supervisor.collect()) });
  return { supervisor, config, removed, scrape, board: new Int32Array(board) };
}

/** Polls until it holds; fails after 5 s. */
async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 250; tries += 1) {
    if (await holds()) return;
    await sleep(20);
  }
  assert.fail(`not within 5 s: ${what}`);
}

const owners = (supervisor: Supervisor): string[] =>
  supervisor.owners.map(({ ownerId }) => ownerId).sort();

describe('supervisor', () => {
  test('starts all, hands out news, sums their numbers and drains them', async () => {
    const { supervisor, config, removed, scrape, board } = supervise('obey');
    await supervisor.start();
    assert.deepEqual([...board], [2, 14], 'both workers wrote on it what the key says');
    assert.deepEqual([...supervisor.listeners].sort(), ['test 0 owner-0-1', 'test 1 owner-1-1']);
    assert.deepEqual(supervisor.rolesNotReady, []);
    supervisor.reload({
      certificates: { default: { cert: 'c1', key: 'k1' }, named: [], clientCa: null },
      config: { ...config, limits: { ...config.limits, idleTimeoutMs: 4_321 } },
    });
    const [former] = supervisor.owners;
    assert.ok(former !== undefined);
    assert.equal(supervisor.changeOwner(former, 'owner-new'), true);
    assert.equal(supervisor.changeOwner(former, 'owner-newer'), false, 'no longer holds it');
    const text = await scrape();
    assert.match(text, /^poplar_connections_opened_total\{listener="pop3"\} 2$/m);
    assert.match(text, /^poplar_connections\{listener="pop3s"\} 2$/m);
    assert.match(text, /^poplar_sessions 8642$/m, 'both have the new limit');
    assert.match(text, /^poplar_messages_purged_total 1$/m);
    assert.match(text, /^poplar_worker_up\{role="test",worker="1"\} 1$/m);
    assert.match(text, /^poplar_worker_scrape_failed\{role="test",worker="0"\} 0$/m);
    await supervisor.drain(1_000);
    assert.deepEqual(removed.sort(), ['owner-1-1', 'owner-new']);
    assert.deepEqual(supervisor.owners, []);
    // What they counted while they drained is not lost.
    assert.match(await scrape(), /^poplar_messages_flagged_total 20$/m);
    assert.match(await scrape(), /^poplar_sessions 0$/m);
  });

  test('one that cannot start takes all down with its one line', async () => {
    const { supervisor, removed } = supervise('refuse address-in-use');
    // A StartError: shown without a stack.
    await assert.rejects(supervisor.start(), /^StartError: cannot start: address-in-use$/);
    assert.deepEqual(removed.sort(), ['owner-0-1', 'owner-1-1']);
    assert.deepEqual(supervisor.owners, []);
  });

  test('one that never becomes ready fails the start in bounded time', async () => {
    const { supervisor } = supervise('hang-at-start', { startTimeoutMs: 700 });
    await assert.rejects(supervisor.start(), { message: 'did not become ready in time' });
  });

  test('one that throws is replaced; the other never notices', async () => {
    const { supervisor, removed, scrape } = supervise('throw');
    await supervisor.start();
    supervisor.admit(false, 7);
    await until('a replacement is up', async () => owners(supervisor)[0] === 'owner-0-2');
    await until('it is ready', () => supervisor.listeners.includes('test 0 owner-0-2'));
    assert.deepEqual(removed, ['owner-0-1'], 'its locks were freed');
    assert.deepEqual(owners(supervisor), ['owner-0-2', 'owner-1-1']);
    const text = await scrape();
    assert.match(text, /^poplar_connections_opened_total\{listener="pop3"\} 3$/m);
    assert.match(text, /^poplar_sessions 2$/m);
    assert.deepEqual(
      supervisor.owners.map(({ sessions }) => sessions),
      [1, 1],
    );
    // It was spawned while the node took no clients; the other one was told.
    assert.match(text, /^poplar_connections\{listener="lmtp"\} 106$/m);
    assert.deepEqual(supervisor.rolesNotReady, ['test']);
    supervisor.admit(true, 0);
    assert.deepEqual(supervisor.rolesNotReady, ['test'], 'not before it says so');
    await until('it says so', () => supervisor.rolesNotReady.length === 0);
    supervisor.cutOff();
    const after = await scrape();
    assert.match(after, /^poplar_connections\{listener="lmtp"\} 2$/m);
    assert.match(after, /^poplar_sessions 0$/m);
    assert.match(text, /^poplar_worker_restarts_total\{role="test",worker="0"\} 1$/m);
    await supervisor.drain(1_000);
  });

  test('one that is stuck delays no scrape and is replaced', async () => {
    const { supervisor, scrape } = supervise('block', { stallTimeoutMs: 1_000 });
    await supervisor.start();
    await sleep(250);
    const askedAt = performance.now();
    const text = await scrape();
    assert.ok(performance.now() - askedAt < 500, 'the scrape waited for it');
    assert.match(text, /^poplar_worker_scrape_failed\{role="test",worker="0"\} 1$/m);
    assert.match(text, /^poplar_worker_scrape_failed\{role="test",worker="1"\} 0$/m);
    assert.match(text, /^poplar_connections_opened_total\{listener="pop3"\} 2$/m);
    await until('a replacement is ready', () => supervisor.listeners.includes('test 0 owner-0-2'));
    await supervisor.drain(1_000);
  });

  test('one that does not drain is ended after the deadline', async () => {
    const { supervisor, removed } = supervise('never-drain');
    await supervisor.start();
    const askedAt = performance.now();
    await supervisor.drain(100);
    const tookMs = performance.now() - askedAt;
    assert.ok(tookMs > 100 && tookMs < 3_000, `took ${tookMs} ms`);
    assert.equal(removed.length, 2);
  });
});
