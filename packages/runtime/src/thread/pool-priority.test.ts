/** The pool's threads give way, and no other thread does. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { poolNiceness } from './pool-priority.ts';

const module = fileURLToPath(new URL('./pool-priority.ts', import.meta.url));

/** In a process of its own: this one's pool is not to be touched. */
const script = `
  import { readdirSync, readFileSync } from 'node:fs';
  import { stat } from 'node:fs/promises';
  import { getPriority } from 'node:os';
  import { lowerPoolPriority } from ${JSON.stringify(module)};
  await stat('/');
  const lowered = lowerPoolPriority();
  const threads = readdirSync('/proc/self/task').map((id) => ({
    name: readFileSync('/proc/self/task/' + id + '/comm', 'utf8').trim(),
    nice: getPriority(Number(id)),
  }));
  console.log(JSON.stringify({ lowered, threads }));
`;

test('the threads of the pool are lowered, all of them and no other', () => {
  // Elsewhere threads have no priority of their own.
  if (process.platform !== 'linux') return;
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['--input-type=module-typescript', '--eval', script],
    { encoding: 'utf8', env: { ...process.env, UV_THREADPOOL_SIZE: '3' } },
  );
  assert.equal(stderr, '');
  const said: { lowered: number; threads: { name: string; nice: number }[] } = JSON.parse(stdout);
  assert.equal(said.lowered, 3);
  const [usual] = said.threads;
  assert.ok(usual !== undefined);
  for (const { name, nice } of said.threads) {
    const expected: number = usual.nice + (name === 'libuv-worker' ? poolNiceness : 0);
    assert.equal(nice, Math.min(19, expected), name);
  }
});
