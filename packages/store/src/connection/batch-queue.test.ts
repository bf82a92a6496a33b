import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StoreError } from '../errors.ts';
import { batchMax, batchQueueMax } from '../limits.ts';
import { BatchQueue } from './batch-queue.ts';

/** Batches that are answered when the test says so. */
function heldBatches() {
  const batches: { requests: readonly number[]; answer: () => void; fail: () => void }[] = [];
  const send = (requests: readonly number[]) =>
    new Promise<readonly number[]>((resolve, reject) => {
      batches.push({
        requests,
        answer: () => resolve(requests.map((request) => request * 10)),
        fail: () => reject(new StoreError('STORE_TIMEOUT', 'x')),
      });
    });
  return { batches, send };
}

const turn = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

test('what queues up while a batch is in flight goes out as one', async () => {
  const { batches, send } = heldBatches();
  const queue = new BatchQueue<number, number>({ send });
  const answers = [queue.submit(1)];
  await turn();
  for (let request = 2; request <= 5; request += 1) answers.push(queue.submit(request));
  await turn();
  assert.deepEqual(
    batches.map((batch) => batch.requests),
    [[1]],
  );
  batches[0]?.answer();
  await turn();
  assert.deepEqual(batches[1]?.requests, [2, 3, 4, 5]);
  batches[1]?.answer();
  assert.deepEqual(await Promise.all(answers), [10, 20, 30, 40, 50]);
});

test('a batch has at most its bound, and no key twice', async () => {
  const { batches, send } = heldBatches();
  const queue = new BatchQueue<number, number>({ send, key: (request) => String(request % 1_000) });
  const answers = Array.from({ length: batchMax + 10 }, (_, index) => queue.submit(index));
  answers.push(queue.submit(1_000), queue.submit(0));
  await turn();
  assert.equal(batches[0]?.requests.length, batchMax);
  batches[0]?.answer();
  await turn();
  // 0 and 1000 share a key with the 0 of the first batch and with one another.
  assert.equal(batches[1]?.requests.length, 11);
  batches[1]?.answer();
  await turn();
  assert.deepEqual(batches[2]?.requests, [0]);
  batches[2]?.answer();
  await Promise.all(answers);
});

test('weights bound a batch, and a heavy request goes alone', async () => {
  const { batches, send } = heldBatches();
  const queue = new BatchQueue<number, number>({
    send,
    weight: (request) => request,
    inFlightMax: 2,
  });
  const answers = [queue.submit(batchMax - 1), queue.submit(2), queue.submit(batchMax * 3)];
  await turn();
  batches[0]?.answer();
  await turn();
  batches[1]?.answer();
  await turn();
  batches[2]?.answer();
  await Promise.all(answers);
  assert.deepEqual(
    batches.map((batch) => batch.requests),
    [[batchMax - 1], [2], [batchMax * 3]],
  );
});

test('a failed batch fails its own requests alone', async () => {
  const { batches, send } = heldBatches();
  const queue = new BatchQueue<number, number>({ send });
  const first = queue.submit(1);
  await turn();
  const second = queue.submit(2);
  batches[0]?.fail();
  await assert.rejects(first, { code: 'STORE_TIMEOUT' });
  await turn();
  batches[1]?.answer();
  assert.equal(await second, 20);
});

test('a full queue refuses', async () => {
  const { batches, send } = heldBatches();
  const queue = new BatchQueue<number, number>({ send });
  const answers = Array.from({ length: batchQueueMax }, (_, index) => queue.submit(index));
  await assert.rejects(queue.submit(0), { code: 'STORE_UNAVAILABLE' });
  for (let batch = 0; batch * batchMax < batchQueueMax; batch += 1) {
    await turn();
    batches[batch]?.answer();
  }
  await Promise.all(answers);
});
