import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';

const uid = 12_345;
/** This process as a user without a name: works for root and for anybody else. */
const nameless = ['-U', `--map-user=${uid}`, `--map-group=${uid}`];

function run(script: string) {
  const argv = [...nameless, '--', process.execPath, '--input-type=module', '-e', script];
  return spawnSync('unshare', argv, {
    encoding: 'utf8',
    timeout: 60_000,
    killSignal: 'SIGKILL',
  });
}

const module = (name: string): string => JSON.stringify(new URL(name, import.meta.url).href);

describe('a user without a name', () => {
  test('has its PostgreSQL in a user namespace', () => {
    assert.doesNotMatch(
      readFileSync('/etc/passwd', 'utf8'),
      new RegExp(`^[^:]*:[^:]*:${uid}:`, 'm'),
    );
    const { stdout, stderr, status } = run(`
      const { startTemporaryPostgres } = await import(${module('./temporary.ts')});
      const postgres = await startTemporaryPostgres();
      process.stdout.write(process.getuid() + ' ' + postgres.isNew);
      await postgres.stop();`);
    assert.equal(stderr, '');
    assert.deepEqual([status, stdout], [0, `${uid} true`]);
  });

  test('is told what to do where there are no namespaces', () => {
    const { stdout, status } = run(`
      process.env.PATH = '/nowhere';
      const { chooseRunAs } = await import(${module('./run-as.ts')});
      try { chooseRunAs('true', '/nowhere') } catch (error) { process.stdout.write(String(error)) }`);
    assert.equal(status, 0);
    assert.match(stdout, /^StartError: user 12345 has no name .*: give it a name or set DATABASE/);
  });
});
