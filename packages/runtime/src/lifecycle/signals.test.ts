import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { describe, test } from 'node:test';
import { onSignals } from './signals.ts';

function listen() {
  const source = new EventEmitter();
  const seen: string[] = [];
  let time = 5_000;
  const stop = onSignals(
    {
      drain: (signal) => seen.push(`drain ${signal}`),
      exitNow: () => seen.push('exit'),
      reload: () => seen.push('reload'),
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

  test('SIGHUP only reloads, as often as it comes', () => {
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
