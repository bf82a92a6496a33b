/** What an end says while it is waited for. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogFields } from '../log/log.ts';
import { watchEnd } from './slow-end.ts';

test('an end that takes long says what it waits for, as it is by then, until it is over', async () => {
  const said: LogFields[] = [];
  const end = Promise.withResolvers<string>();
  let connections = 3;
  const info = (fields: LogFields): void => {
    said.push(fields);
    connections -= 1;
    if (said.length === 2) end.resolve('over');
  };
  const waitsFor = () => ({ waitsFor: 'connections', connections });
  assert.equal(await watchEnd({ info }, waitsFor, end.promise), 'over');
  assert.deepEqual(
    said.map((fields) => [fields.waitsFor, fields.connections, typeof fields.waitedMs]),
    [
      ['connections', 3, 'number'],
      ['connections', 2, 'number'],
    ],
  );
});

test('one that is over at once says nothing, and a failure is passed on', async () => {
  const info = (): void => assert.fail('nobody waited');
  assert.equal(await watchEnd({ info }, 'nothing', Promise.resolve(7)), 7);
  await assert.rejects(
    watchEnd({ info }, 'nothing', Promise.reject(new RangeError('x'))),
    RangeError,
  );
});
