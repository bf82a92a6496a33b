/** Listeners that close and open again, one of which does not always want to. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { silentLog } from '@poplar/runtime';
import { type Door, Doors } from './doors.ts';

interface TestDoor extends Door {
  isOpen: boolean;
  failures: number;
}

function door(failures = 0): TestDoor {
  const it: TestDoor = {
    printable: 'a door',
    isOpen: false,
    failures,
    start: async () => {
      await sleep(5);
      if (it.failures > 0) {
        it.failures -= 1;
        throw new Error('taken');
      }
      assert.equal(it.isOpen, false, 'it was opened twice');
      it.isOpen = true;
    },
    stop: async () => {
      it.isOpen = false;
      await sleep(5);
    },
  };
  return it;
}

const areOpen = (doors: readonly TestDoor[]): boolean[] => doors.map(({ isOpen }) => isOpen);
const ofTwo = (listeners: readonly TestDoor[], isAdmitting = true): Doors =>
  new Doors({ listeners, isAdmitting, log: silentLog });

test('the last word holds, however fast they come', async () => {
  const two = [door(), door()];
  const doors = ofTwo(two);
  await doors.start();
  assert.deepEqual(areOpen(two), [true, true]);
  for (const isWanted of [false, true, false, true]) void doors.admit(isWanted);
  await doors.admit(false);
  assert.deepEqual(areOpen(two), [false, false]);
  void doors.admit(false);
  await doors.admit(true);
  assert.deepEqual(areOpen(two), [true, true]);
  await doors.close();
  await doors.admit(true);
  assert.deepEqual(areOpen(two), [false, false], 'closed for good');
});

test('a port that is taken fails the start, and is tried again later', async () => {
  const two = [door(), door(1)];
  await assert.rejects(ofTwo(two).start(), { message: 'taken' });
  const again = [door(), door(1)];
  const doors = ofTwo(again, false);
  await doors.start();
  assert.deepEqual(areOpen(again), [false, false], 'a node that takes no clients opens nothing');
  const settled = doors.admit(true);
  await sleep(200);
  assert.deepEqual(areOpen(again), [true, false]);
  await settled;
  assert.deepEqual(areOpen(again), [true, true]);
  await doors.close();
  assert.deepEqual(areOpen(again), [false, false]);
});

test('what waits to be tried again ends with the worker', async () => {
  const stuck = [door(1_000)];
  const doors = ofTwo(stuck, false);
  void doors.admit(true);
  await sleep(50);
  const sinceMs = performance.now();
  await doors.close();
  assert.ok(performance.now() - sinceMs < 500);
});
