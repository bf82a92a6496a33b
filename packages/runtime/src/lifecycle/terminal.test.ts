import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { test } from 'node:test';

const module = new URL('./terminal.ts', import.meta.url).href;
const script = `
  const { hasTerminal, say } = await import(${JSON.stringify(module)});
  for (let line = 0; line < 20; line += 1) {
    say('line ' + line);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  process.exit(hasTerminal() ? 8 : 7);`;

function start(stdout: number | 'pipe') {
  const argv = ['--input-type=module', '-e', script];
  const child = spawn(process.execPath, argv, { stdio: ['ignore', stdout, 'inherit'] });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  return { stdout: child.stdout, ended };
}

test('what cannot be said is not said, and nothing else comes of it', async () => {
  assert.equal(await start(openSync('/dev/full', 'w')).ended, 7);
  const child = start('pipe');
  child.stdout?.once('data', () => child.stdout?.destroy());
  assert.equal(await child.ended, 7);
});
