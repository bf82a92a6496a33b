import assert from 'node:assert/strict';
import { test } from 'node:test';
import { realWorld, type World } from '../world.ts';
import { BatchPulse } from './batch-pulse.ts';

/** A world whose clock stands still until it is told. */
function stillWorld() {
  let nowMs = 0;
  let due: { atMs: number; work: () => void }[] = [];
  const later = (ms: number, work: () => void) => {
    due.push({ atMs: nowMs + ms, work });
    return { cancel: () => {} };
  };
  const world: World = {
    ...realWorld,
    nowMs: () => nowMs,
    after: later,
    soon: (work) => void later(0, work),
  };
  const passes = (ms: number) => {
    nowMs += ms;
    const ripe = due.filter(({ atMs }) => atMs <= nowMs);
    due = due.filter(({ atMs }) => atMs > nowMs);
    for (const { work } of ripe) work();
  };
  return { world, passes };
}

test('one request alone goes at once, again and again', () => {
  const { world, passes } = stillWorld();
  const pulse = new BatchPulse(4, world);
  const sent: number[] = [];
  for (let nth = 0; nth < 3; nth += 1) {
    pulse.join(() => {
      sent.push(nth);
      return 1;
    });
    passes(0);
  }
  assert.deepEqual(sent, [0, 1, 2]);
});

test('behind a beat with several, the next one comes at its distance, for all that joined', () => {
  const { world, passes } = stillWorld();
  const pulse = new BatchPulse(4, world);
  const sent: string[] = [];
  const send = (name: string, requests: number) => () => {
    sent.push(name);
    return requests;
  };
  pulse.join(send('opens', 2));
  pulse.join(send('closes', 1));
  passes(0);
  assert.deepEqual(sent, ['opens', 'closes'], 'the first beat is at once');
  pulse.join(send('later opens', 1));
  passes(1);
  pulse.join(send('later closes', 0));
  passes(2);
  assert.equal(sent.length, 2, 'nothing goes before its beat');
  passes(1);
  assert.deepEqual(sent.slice(2), ['later opens', 'later closes']);
  pulse.join(send('alone', 1));
  passes(0);
  assert.equal(sent.at(-1), 'alone', 'and behind a beat with one request nobody waits');
});
