/** The lock of a data directory, taken by several processes at the same moment. */

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { takeNodeLock } from './node-lock.ts';

let folder: string;
let file: string;
const children: ChildProcess[] = [];
before(() => {
  folder = mkdtempSync(join(os.tmpdir(), 'poplar-lock-'));
  file = join(folder, 'postgres.lock');
});
after(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

/** A process that takes the lock or lets go of it, a line for a line. */
class Contender {
  readonly child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor() {
    const module = new URL('./node-lock.ts', import.meta.url).href;
    const script = `
      const { createInterface } = await import('node:readline');
      const { takeNodeLock } = await import(${JSON.stringify(module)});
      let lock;
      console.log('up');
      for await (const line of createInterface({ input: process.stdin })) {
        if (line === 'take') console.log((lock = await takeNodeLock(${JSON.stringify(file)})).kind);
        else console.log(await lock.release?.() ?? 'free');
      }`;
    this.child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    children.push(this.child);
    const { stdout } = this.child;
    assert.ok(stdout);
    this.#lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
  }

  async answer(): Promise<string> {
    return String((await this.#lines.next()).value);
  }

  ask(line: 'take' | 'release'): Promise<string> {
    this.child.stdin?.write(`${line}\n`);
    return this.answer();
  }

  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await once(this.child, 'exit');
  }
}

async function contenders(count: number): Promise<Contender[]> {
  const all = Array.from({ length: count }, () => new Contender());
  for (const contender of all) assert.equal(await contender.answer(), 'up');
  return all;
}

test('is held by one that lives, and its file is gone afterwards', async () => {
  // What a node that was killed leaves, even if its id is that of a process that lives.
  writeFileSync(file, `${process.ppid}\n`);
  const first = await takeNodeLock(file);
  assert.ok(first.kind === 'taken');
  assert.equal(readFileSync(file, 'utf8'), `${process.pid}\n`);
  assert.deepEqual(await takeNodeLock(file), { kind: 'held', pid: process.pid });
  await first.release();
  assert.equal(existsSync(file), false);
  const second = await takeNodeLock(file);
  assert.ok(second.kind === 'taken');
  await first.release();
  assert.ok(existsSync(file), 'the file of the second holder was removed by the first');
  assert.equal((await takeNodeLock(file)).kind, 'held');
  await second.release();
});

test('of four processes that find a stale lock at the same moment one gets it', async () => {
  const all = await contenders(4);
  for (let round = 0; round < 60; round += 1) {
    writeFileSync(file, '4194303 1\n');
    const taken = await Promise.all(all.map((contender) => contender.ask('take')));
    assert.deepEqual(taken.sort(), ['held', 'held', 'held', 'taken'], `round ${round}`);
    await Promise.all(all.map((contender) => contender.ask('release')));
    assert.equal(existsSync(file), false);
  }
  for (const contender of all) await contender.kill();
});

test('is void the moment its holder is killed', async () => {
  const [holder, ...others] = await contenders(4);
  assert.ok(holder);
  assert.equal(await holder.ask('take'), 'taken');
  assert.deepEqual(await takeNodeLock(file), { kind: 'held', pid: holder.child.pid });
  await holder.kill();
  const taken = await Promise.all(others.map((contender) => contender.ask('take')));
  assert.deepEqual(taken.sort(), ['held', 'held', 'taken']);
  for (const contender of others) await contender.kill();
});
