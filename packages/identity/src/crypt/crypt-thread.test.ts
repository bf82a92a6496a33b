/** The crypt thread: lazy, bounded, replaced when it is lost. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CryptThread, CryptUnavailable } from './crypt-thread.ts';

const job = {
  algorithm: 'sha256',
  secret: new TextEncoder().encode('correct horse'),
  salt: '7OSQvpwqh4QB/slu',
  rounds: 5000,
} as const;
const digest = 'el2oOGqLmk3f4b9YpUwqs2qDHDjfCcBCdeaj34iYhT/';

/** A thread that does this when a job comes. */
function workerThat(does: string): URL {
  const code = `import { parentPort } from 'node:worker_threads';
    parentPort.on('message', (message) => { ${does} });`;
  return new URL(`data:text/javascript,${encodeURIComponent(code)}`);
}

test('there is no thread before the first job and none after the end', async () => {
  const thread = new CryptThread();
  assert.equal(thread.isRunning, false);
  assert.equal(await thread.compute(job), digest);
  assert.equal(thread.isRunning, true);
  const pending = assert.rejects(thread.compute({ ...job, rounds: 100_000 }), CryptUnavailable);
  await thread.end();
  await pending;
  assert.equal(thread.isRunning, false);
  await assert.rejects(thread.compute(job), CryptUnavailable);
});

test('jobs are answered as what they are, and there is a bound on them', async () => {
  const thread = new CryptThread({ jobsMax: 2 });
  const first = thread.compute({ ...job, rounds: 20_000 });
  const second = thread.compute(job);
  await assert.rejects(thread.compute(job), CryptUnavailable);
  assert.equal(await second, digest);
  assert.notEqual(await first, digest);
  await thread.end();
});

for (const [what, does, reason] of [
  ['ends', 'process.exit(3)', /ended/],
  ['throws', 'throw new Error("x")', /failed/],
  ['is silent', 'for (;;);', /silent/],
] as const) {
  test(`a thread that ${what} fails its jobs, and the next job gets another`, async () => {
    const thread = new CryptThread({ workerUrl: workerThat(does), silenceMs: 300 });
    for (let i = 0; i < 2; i += 1) {
      const jobs = await Promise.allSettled([thread.compute(job), thread.compute(job)]);
      for (const { status, ...result } of jobs) {
        assert.equal(status, 'rejected');
        assert.ok('reason' in result && result.reason instanceof CryptUnavailable);
        assert.match(result.reason.message, reason);
        assert.doesNotMatch(result.reason.message, /horse/);
      }
      assert.equal(thread.isRunning, false);
    }
    await thread.end();
  });
}
