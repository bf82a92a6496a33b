import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { describe, test } from 'node:test';
import { onSignals } from './signals.ts';

function listen({ hasTerminal = false } = {}) {
  const source = new EventEmitter();
  const seen: string[] = [];
  let time = 5_000;
  const stop = onSignals(
    {
      drain: (signal) => seen.push(`drain ${signal}`),
      exitNow: () => seen.push('exit'),
      reload: hasTerminal ? null : () => seen.push('reload'),
    },
    source,
    () => time,
  );
  const send = (signal: string, afterMs = 0): void => {
    time += afterMs;
    source.emit(signal);
  };
  return { source, seen, send, stop };
}

describe('signals', () => {
  test('a Ctrl-C that npm forwards is one Ctrl-C', () => {
    const { seen, send } = listen();
    send('SIGINT');
    send('SIGINT', 20);
    send('SIGINT', 900);
    assert.deepEqual(seen, ['drain SIGINT']);
  });

  test('a second one that is meant ends at once', () => {
    const { seen, send } = listen();
    send('SIGINT');
    send('SIGINT', 1_001);
    assert.deepEqual(seen, ['drain SIGINT', 'exit']);
  });

  test('another signal to end is never taken for a repetition', () => {
    const { seen, send } = listen();
    send('SIGTERM');
    send('SIGINT', 1);
    assert.deepEqual(seen, ['drain SIGTERM', 'exit']);
  });

  test('a terminal that is closed ends in good order, however often that is said', () => {
    const { seen, send } = listen({ hasTerminal: true });
    send('SIGHUP');
    send('SIGHUP', 20);
    send('SIGHUP', 5_000);
    assert.deepEqual(seen, ['drain SIGHUP']);
    send('SIGTERM', 1);
    assert.deepEqual(seen, ['drain SIGHUP', 'exit']);
  });

  test('a terminal that is closed while it ends does not hurry it', () => {
    const { seen, send } = listen({ hasTerminal: true });
    send('SIGTERM');
    send('SIGHUP', 5_000);
    assert.deepEqual(seen, ['drain SIGTERM']);
  });

  test('without a terminal SIGHUP only reloads, as often as it comes', () => {
    const { seen, send } = listen();
    send('SIGHUP');
    send('SIGHUP');
    assert.deepEqual(seen, ['reload', 'reload']);
  });

  test('nothing is left behind', () => {
    const { source, stop } = listen();
    stop();
    assert.deepEqual(source.eventNames(), []);
  });
});
