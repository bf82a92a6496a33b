/**
 * Starting, being asked how one is, and ending: one clear line and exit code 1 for what an operator
 * can mend, exit code 0 and nothing left behind for a signal.
 */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { eventually, scrape } from '../support/node-inspection.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { startNode } from '../support/start-node.ts';
import { openTestDatabase, type TestDatabase, testSecret } from '../support/test-database.ts';

const main = fileURLToPath(new URL('../../services/node/src/main.ts', import.meta.url));

interface Ended {
  readonly code: number | null;
  readonly out: string;
  /** Lines on standard error that are not the log's. */
  readonly complaints: readonly string[];
}

describe('a node', () => {
  let database: TestDatabase;
  let folder: string;
  before(async () => {
    database = await openTestDatabase();
    folder = mkdtempSync(join(tmpdir(), 'poplar-lifecycle-'));
  });
  after(async () => {
    rmSync(folder, { recursive: true });
    await database.drop();
  });

  const start = async (environment: Readonly<Record<string, string>>): Promise<Ended> => {
    const child = spawn(process.execPath, [main, 'serve'], {
      cwd: folder,
      timeout: 20_000,
      env: {
        PATH: process.env.PATH ?? '',
        DATABASE_URL: database.url,
        POPLAR_DATA_DIR: join(folder, 'data'),
        POPLAR_LISTEN_POP3: '127.0.0.1:0',
        POPLAR_LISTEN_POP3S: '',
        POPLAR_LISTEN_LMTP: '',
        POPLAR_LISTEN_OPS: '',
        POPLAR_LISTEN_ADMIN: '',
        ...environment,
      },
    });
    const said = { out: '', error: '' };
    child.stdout.on('data', (text: Buffer) => {
      said.out += text.toString();
    });
    child.stderr.on('data', (text: Buffer) => {
      said.error += text.toString();
    });
    const [code] = await once(child, 'close');
    const lines = said.error.split('\n').filter((line) => line !== '' && !line.startsWith('{'));
    return { code, out: said.out, complaints: lines };
  };

  const failsWith = async (
    environment: Readonly<Record<string, string>>,
    complaint: RegExp,
  ): Promise<void> => {
    const { code, out, complaints } = await start(environment);
    assert.deepEqual([code, out, complaints.length], [1, '', 1], complaints.join('\n'));
    assert.match(complaints[0] ?? '', complaint);
  };

  test('a port that is taken is one line and 1', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const address = taken.address();
    assert.ok(address !== null && typeof address === 'object');
    const listen = `127.0.0.1:${address.port}`;
    await failsWith({ POPLAR_LISTEN_POP3: listen }, new RegExp(`^poplar: .*${listen}.*in use`));
    taken.close();
  });

  test('a data directory that is not ours is one line and 1', async () => {
    const dataDir = join(folder, 'theirs');
    mkdirSync(dataDir);
    writeFileSync(join(dataDir, 'letter.txt'), 'dear ann');
    await failsWith({ POPLAR_DATA_DIR: dataDir }, /^poplar: .*theirs/);
  });

  test('a broken configuration is one line and 1', async () => {
    await failsWith({ POPLAR_WORKERS: 'many' }, /^poplar: POPLAR_WORKERS/);
    const file = join(folder, 'broken.toml');
    writeFileSync(file, '[limits]\nidleTimeoutMs = "soon"\n');
    await failsWith({ POPLAR_CONFIG: file }, /^poplar: .*idleTimeoutMs/);
    writeFileSync(file, 'unknownKey = 1\n');
    await failsWith({ POPLAR_CONFIG: file }, /^poplar: .*unknownKey/);
  });

  test('a database that cannot be reached is one line and 1, without its password', async () => {
    const url = 'postgresql://me:sesame@127.0.0.1:1/none';
    const { code, complaints } = await start({ DATABASE_URL: url });
    assert.equal(code, 1);
    assert.equal(complaints.length, 1);
    assert.match(complaints[0] ?? '', /^poplar: database .*cannot be reached/);
    assert.doesNotMatch(complaints[0] ?? '', /sesame/);
  });

  test('it says whether it is alive and ready, and what it counts', async () => {
    const node = await startNode({ databaseUrl: database.url });
    for (const path of ['livez', 'readyz']) {
      assert.equal((await fetch(`http://127.0.0.1:${node.ops}/${path}`)).status, 200, path);
    }
    assert.match(await scrape(node), /^poplar_build_info\{.*\} 1$/m);
    await node.stop();
  });

  test('SIGTERM ends sessions with [SYS/TEMP], frees their locks and removes nothing', async () => {
    const mailbox = await database.addMailbox('drain@example.org', [
      { content: 'a: b\r\n\r\nc\r\n' },
    ]);
    const node = await startNode({ databaseUrl: database.url });
    const client = await Pop3Client.connect({ port: node.pop3 });
    await client.login(mailbox.address, testSecret);
    await client.ok('DELE 1');
    const stranger = await Pop3Client.connect({ port: node.pop3 });
    const stopped = node.stop();
    for (const told of [client, stranger]) {
      const reply = await told.reply();
      assert.deepEqual([reply.ok, reply.code], [false, 'SYS/TEMP']);
      await told.wire.closed();
      told.destroy();
    }
    await stopped;
    const rows = await database.query(
      'select token from maildrop_lock where mailbox_id = $1 and token is not null',
      [mailbox.mailboxId],
    );
    assert.deepEqual([rows, (await database.visible(mailbox)).length], [[], 1]);
    assert.deepEqual(await database.query('select owner_id from owner'), []);
  });

  test('two SIGINTs at once, as npm sends them, still end in good order', async () => {
    const node = await startNode({ databaseUrl: database.url });
    node.signal('SIGINT');
    node.signal('SIGINT');
    await eventually(() => assert.throws(() => process.kill(node.pid, 0)));
    // It has ended already: this looks at its exit code and at what it left.
    await node.stop();
    assert.deepEqual(await database.query('select owner_id from owner'), []);
  });
});
