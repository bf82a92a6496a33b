import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Config } from './config.ts';
import { loadConfig } from './load-config.ts';
import { reloadConfig, reloadedLimits } from './reload-config.ts';

const asked = (environment: Record<string, string>): Config =>
  loadConfig(environment, { file: null });

/** As `serve` has it: ports are known by then. */
function running(config: Config): Config {
  return { ...config, listeners: { ...config.listeners, ops: { host: '127.0.0.1', port: 4_711 } } };
}

describe('settings that are read again', () => {
  test('deadlines and shares are taken over, and named', () => {
    const former = asked({ POPLAR_LISTEN_OPS: '127.0.0.1:0' });
    const { config, changed, waiting } = reloadConfig({
      running: running(former),
      former,
      asked: asked({
        POPLAR_LISTEN_OPS: '127.0.0.1:0',
        POPLAR_IDLE_TIMEOUT_MS: '700000',
        POPLAR_CLEARTEXT: 'never',
        POPLAR_LOG_LEVEL: 'debug',
      }),
    });
    assert.equal(config.limits.idleTimeoutMs, 700_000);
    assert.equal(config.cleartext, 'never');
    assert.equal(config.logLevel, 'debug');
    assert.deepEqual(changed.toSorted(), ['cleartext', 'limits.idleTimeoutMs', 'logLevel']);
    assert.deepEqual(waiting, []);
    assert.equal(config.listeners.ops?.port, 4_711, 'a resolved port is no change');
  });

  test('each limit that may change does, and no other', () => {
    const former = asked({});
    const others = Object.keys(former.limits).filter(
      (key) => !reloadedLimits.some((k) => k === key),
    );
    assert.ok(others.length > 0);
    const limits = Object.fromEntries(
      Object.entries(former.limits).map(([key, n]) => [key, n + 1]),
    );
    const all: Config = { ...former, limits: { ...former.limits, ...limits } };
    const { config, changed, waiting } = reloadConfig({ running: former, former, asked: all });
    for (const key of reloadedLimits) assert.equal(config.limits[key], former.limits[key] + 1);
    assert.deepEqual(changed.toSorted(), reloadedLimits.map((key) => `limits.${key}`).toSorted());
    assert.deepEqual(waiting.toSorted(), others.map((key) => `limits.${key}`).toSorted());
  });

  test('what waits for the next start is named each time it changes, and runs as before', () => {
    const former = asked({});
    const { config, changed, waiting } = reloadConfig({
      running: former,
      former,
      asked: asked({ POPLAR_LISTEN_POP3: '127.0.0.1:1', POPLAR_TAKEOVER: 'never' }),
    });
    assert.deepEqual(config.listeners, former.listeners);
    assert.deepEqual(config.locks, former.locks);
    assert.deepEqual(changed, []);
    assert.deepEqual(waiting.toSorted(), ['listeners.pop3', 'locks.takeover']);
  });

  test('what changes in the file below a variable is named once, with the variable', () => {
    const folder = mkdtempSync(join(tmpdir(), 'poplar-reload-'));
    try {
      const file = join(folder, 'poplar.toml');
      const read = (text: string): Config => {
        writeFileSync(file, text);
        return loadConfig({ POPLAR_LOG_LEVEL: 'warn' }, { file });
      };
      const former = read('logLevel = "info"');
      const asked = read('logLevel = "debug"\nnodeName = "pop1"');
      const first = reloadConfig({ running: former, former, asked });
      assert.equal(first.config.logLevel, 'warn');
      assert.deepEqual(first.changed, []);
      assert.deepEqual(first.hidden, ['logLevel (POPLAR_LOG_LEVEL)']);
      assert.deepEqual(reloadConfig({ running: former, former: asked, asked }).hidden, []);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
