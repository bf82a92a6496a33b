import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { constants, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import os from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { logFlushTimeoutMs, logPendingCharactersMax, logRetryDelayMs } from '../limits.ts';
import { LogOutput } from './log-output.ts';

let directory: string;
before(() => {
  directory = mkdtempSync(join(os.tmpdir(), 'poplar-output-'));
});
after(() => rmSync(directory, { recursive: true }));

function open(fd: number) {
  const recovered: number[] = [];
  const output = new LogOutput(fd, (lost) => {
    recovered.push(lost);
    output.write(`lost ${lost}\n`);
  });
  return { output, recovered };
}

/** A named pipe with both ends in this process; neither end blocks. */
function pipe() {
  const path = join(directory, `pipe${Math.random()}`);
  assert.equal(spawnSync('mkfifo', [path]).status, 0);
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writer = openSync(path, constants.O_WRONLY);
  return { reader, writer };
}

async function until(what: string, holds: () => boolean): Promise<void> {
  for (let tries = 0; tries < 400; tries += 1) {
    if (holds()) return;
    await sleep(5);
  }
  assert.fail(`not within 2 s: ${what}`);
}

const full = 'x'.repeat(1_000);

describe('log output', () => {
  test('lines go out whole, in order, without being asked for', async () => {
    const file = join(directory, 'file');
    const { output } = open(openSync(file, 'w'));
    const lines = Array.from({ length: 1_000 }, (_, number) => `${number} ${'é'.repeat(20)}\n`);
    for (const line of lines.slice(0, 500)) output.write(line);
    await until('half is there', () => readFileSync(file, 'utf8') === lines.slice(0, 500).join(''));
    for (const line of lines.slice(500)) output.write(line);
    output.flush();
    assert.equal(readFileSync(file, 'utf8'), lines.join(''));
    assert.equal(output.lost, 0);
  });

  test('a full device costs lines, which are counted, and no error', async () => {
    const { output } = open(openSync('/dev/full', 'w'));
    for (let count = 0; count < 100; count += 1) output.write(`${full}\n`);
    await until('all are lost', () => output.lost === 100);
    output.write('last words\n');
    const since = performance.now();
    output.flush();
    assert.ok(performance.now() - since < logFlushTimeoutMs);
    assert.equal(output.lost, 101);
  });

  test('when it can be written again it says first how much was lost', async () => {
    const { reader, writer } = pipe();
    const { output, recovered } = open(writer);
    const lines = Math.ceil((2 * logPendingCharactersMax) / 1_001);
    for (let count = 0; count < lines; count += 1) {
      // The pipe takes some; what comes behind that has to wait.
      if (count === 100) await sleep(2 * logRetryDelayMs);
      output.write(`${full}\n`);
    }
    assert.ok(output.lost > 0, 'what waits has a bound');
    const lost = output.lost;
    await sleep(2 * logRetryDelayMs);
    assert.equal(output.lost, lost, 'a pipe that is full is waited for');
    let read = '';
    const socket = new Socket({ fd: reader, readable: true, writable: false });
    socket.on('data', (octets) => {
      read += octets.toString();
    });
    await until('all is there', () => read.split('\n').length - 1 === lines - lost + 1);
    assert.deepEqual(recovered, [lost]);
    assert.match(read, new RegExp(`^(?:${full}\\n)+lost ${lost}\\n(?:${full}\\n)*$`));
    socket.destroy();
  });

  test('a pipe that nobody reads holds up neither the flush nor the thread pool', async () => {
    const { writer } = pipe();
    const outputs = Array.from({ length: 8 }, () => open(writer).output);
    for (const output of outputs) {
      for (let count = 0; count < 100; count += 1) output.write(`${full}\n`);
    }
    await sleep(2 * logRetryDelayMs);
    // One thread of the pool must be left for this.
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('the pool is held')), 2_000);
      void import('node:fs/promises').then(async ({ stat }) => {
        await stat(directory);
        clearTimeout(timer);
        resolve();
      });
    });
    const since = performance.now();
    outputs[0]?.flush();
    assert.ok(performance.now() - since < 4 * logFlushTimeoutMs);
    assert.ok((outputs[0]?.lost ?? 0) > 0);
  });

  test('a process whose log cannot be written ends when it wants to', async () => {
    const module = new URL('./log.ts', import.meta.url).href;
    const script = join(directory, 'script.mjs');
    writeFileSync(
      script,
      `import { createLog } from ${JSON.stringify(module)};
       const log = createLog({ level: 'info', base: { node: 'n', role: 'main' } });
       process.on('exit', () => log.flush());
       for (let turn = 0; turn < 20; turn += 1) {
         for (let line = 0; line < 50; line += 1) log.info({ line }, 'x');
         await new Promise((resolve) => setTimeout(resolve, 5));
       }
       process.exit(7);`,
    );
    const child = spawn(process.execPath, [script], {
      stdio: ['ignore', 'inherit', openSync('/dev/full', 'w')],
      timeout: 10_000,
      killSignal: 'SIGKILL',
    });
    const code = await new Promise((resolve) => child.once('exit', resolve));
    assert.equal(code, 7);
  });
});
