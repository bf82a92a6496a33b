import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import os from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { prepareDataDirectory } from '../data-directory.ts';
import { StartError } from '../lifecycle/fatal.ts';
import { silentLog } from '../log/log.ts';
import { startEmbeddedPostgres, useEmbeddedPostgres } from './embedded-postgres.ts';
import { isAlive } from './leftover-server.ts';
import { chooseRunAs } from './run-as.ts';

let dataDir: string;
before(() => {
  dataDir = mkdtempSync(join(os.tmpdir(), 'poplar-embedded-'));
  chmodSync(dataDir, 0o711);
});
after(() => rmSync(dataDir, { recursive: true }));

const options = () => ({ dataDir, connectionsMax: 10, log: silentLog, isDurable: false });

const pidFile = (): string => join(dataDir, 'postgres', 'postmaster.pid');
const postmaster = (): number => Number(readFileSync(pidFile(), 'utf8').split('\n')[0]);

/** A server that accepts connections answers an SSLRequest with one octet (protocol 3.0). */
async function answers(url: string): Promise<boolean> {
  const directory = decodeURIComponent(url.slice(url.indexOf('host=') + 'host='.length));
  return new Promise((resolve) => {
    const socket = connect(join(directory, '.s.PGSQL.5432'));
    socket.once('connect', () => socket.write(Buffer.from('0000000804d2162f', 'hex')));
    socket.once('data', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 500; tries += 1) {
    if (await holds()) return;
    await sleep(20);
  }
  assert.fail(`not within 10 s: ${what}`);
}

const refusal =
  (message: RegExp) =>
  (error: unknown): true => {
    assert.ok(error instanceof StartError, String(error));
    assert.match(error.message, message);
    assert.doesNotMatch(error.message, /\n/);
    return true;
  };

describe('embedded PostgreSQL', () => {
  test('is made, used by others, restarted when it dies, and gone after stop', async () => {
    const postgres = await startEmbeddedPostgres(options());
    assert.equal(postgres.isNew, true);
    assert.ok(await answers(postgres.url));

    await assert.rejects(startEmbeddedPostgres(options()), refusal(/in use by another node/));
    const guest = await useEmbeddedPostgres(options());
    assert.deepEqual([guest.url, guest.isNew], [postgres.url, false]);
    await guest.stop();
    assert.ok(await answers(postgres.url), 'a guest stopped it');

    const killed = postmaster();
    process.kill(killed, 'SIGKILL');
    await until('it answers again', async () => postmaster() !== killed && answers(postgres.url));

    const last = postmaster();
    await postgres.stop();
    assert.equal(isAlive(last), false);
    assert.equal(existsSync(join(dataDir, 'postgres.lock')), false);
  });

  test('ends by itself when its node is killed, and starts again at once', async () => {
    const node = await startInProcess();
    node.kill('SIGKILL');
    await once(node, 'exit');
    await until('the server has shut down', () => !existsSync(pidFile()));
    const postgres = await startEmbeddedPostgres(options());
    assert.equal(postgres.isNew, false);
    assert.ok(await answers(postgres.url));
    await postgres.stop();
  });

  test('a process that was given the id of a dead postmaster is left alone', async () => {
    const { prefix } = chooseRunAs('true', join(dataDir, 'postgres'));
    const [command = '', ...argv] = [...prefix, 'sleep', '60'];
    const bystander = spawn(command, argv, { cwd: '/', stdio: 'ignore' });
    await once(bystander, 'spawn');
    writeFileSync(pidFile(), `${bystander.pid}\n`, { mode: 0o600 });
    const postgres = await startEmbeddedPostgres(options());
    assert.ok(await answers(postgres.url));
    await postgres.stop();
    assert.equal(bystander.exitCode ?? bystander.signalCode, null, 'it was ended');
    bystander.kill();
  });

  test('a leftover server is told to end; a stranger is not, even while one ends', async () => {
    const cluster = join(dataDir, 'postgres');
    // A program of that name that works in the directory: what a server looks like from outside.
    const program = join(dataDir, 'postgres-like', 'postgres');
    mkdirSync(join(dataDir, 'postgres-like'));
    copyFileSync('/bin/sleep', program);
    const sleeper = async (command: string, seconds: string, cwd: string) => {
      const child = spawn(command, [seconds], { cwd, stdio: 'ignore' });
      await once(child, 'spawn');
      return child;
    };
    const leftover = await sleeper(program, '60', cluster);
    writeFileSync(pidFile(), `${leftover.pid}\n`, { mode: 0o600 });
    const { uid, gid } = statSync(cluster);
    chownSync(pidFile(), uid, gid);
    await (await startEmbeddedPostgres(options())).stop();
    assert.equal(leftover.signalCode, 'SIGINT');

    const shell = await sleeper('sleep', '60', cluster);
    const bystander = await sleeper('sleep', '60', '/');
    const backend = await sleeper(program, '2', cluster);
    writeFileSync(pidFile(), `${bystander.pid}\n`, { mode: 0o600 });
    await (await startEmbeddedPostgres(options())).stop();
    assert.equal(backend.exitCode, 0, 'it was not waited for');
    assert.equal(bystander.signalCode, null, 'a stranger was ended');
    assert.equal(shell.signalCode, null, 'somebody who looks around was ended');
    bystander.kill();
    shell.kill();
  });

  test('files of another major version are not touched', async () => {
    const file = join(dataDir, 'postgres', 'PG_VERSION');
    const version = readFileSync(file, 'utf8');
    writeFileSync(file, '12\n');
    await assert.rejects(startEmbeddedPostgres(options()), refusal(/was made by PostgreSQL 12, /));
    assert.equal(existsSync(join(dataDir, 'postgres.lock')), false, 'the lock was kept');
    writeFileSync(file, version);
  });
});

/** A node of its own that only runs the server. */
async function startInProcess(): Promise<ChildProcess> {
  const module = new URL('./embedded-postgres.ts', import.meta.url).href;
  const script = `
    const { startEmbeddedPostgres } = await import(${JSON.stringify(module)});
    const log = { debug() {}, info() {}, warn() {}, error() {} };
    await startEmbeddedPostgres({ ...${JSON.stringify({ dataDir, connectionsMax: 10 })}, log });
    process.stdout.write('up');
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise((resolve) => child.stdout?.once('data', resolve));
  return child;
}

describe('data directory', () => {
  test('is made and marked, and one of somebody else is refused', async () => {
    const ours = join(dataDir, 'a', 'b');
    await prepareDataDirectory(ours);
    await prepareDataDirectory(ours);
    const theirs = join(dataDir, 'a');
    await assert.rejects(prepareDataDirectory(theirs), refusal(/is not empty and not a data dir/));
    writeFileSync(join(ours, 'poplar-data'), 'format 2\n');
    await assert.rejects(prepareDataDirectory(ours), refusal(/another version/));
    const file = join(ours, 'poplar-data');
    await assert.rejects(prepareDataDirectory(file), refusal(/cannot be used: it is a file/));
  });
});
