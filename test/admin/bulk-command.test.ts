/**
 * `poplar mailbox add-all`: what the report says was made is in the database, whatever happens on the way.
 */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pop3Client } from '../support/pop3-client.ts';
import { type CommandRun, runPoplar } from '../support/poplar-command.ts';
import { type RunningNode, startNode } from '../support/start-node.ts';
import { openTestDatabase, type TestDatabase, testSecret } from '../support/test-database.ts';

let database: TestDatabase;
let folder: string;

before(async () => {
  database = await openTestDatabase();
  folder = mkdtempSync(join(tmpdir(), 'poplar-bulk-'));
  await database.store.directory.addDomain({ name: 'example.org' });
});
after(async () => {
  rmSync(folder, { recursive: true });
  await database.drop();
});

function nodeOf(): Promise<RunningNode> {
  return startNode({
    databaseUrl: database.url,
    workers: 1,
    environment: { POPLAR_ROLES: 'pop3,maildrop,admin', POPLAR_LISTEN_ADMIN: '127.0.0.1:0' },
  });
}

function fileOf(name: string, lines: readonly string[]): string {
  const path = join(folder, name);
  writeFileSync(path, lines.join('\n'));
  return path;
}

async function countOf(prefix: string): Promise<number> {
  const addresses: string[] = [];
  for (let behind = ''; ; behind = addresses.at(-1) ?? '') {
    const rows = await database.store.directory.listMailboxes({ after: behind, limit: 1_000 });
    addresses.push(...rows.map(({ address }) => address));
    if (rows.length < 1_000)
      return addresses.filter((address) => address.startsWith(prefix)).length;
  }
}

function addAll(path: string, dataDir: string, ...options: readonly string[]): Promise<CommandRun> {
  const environment = { POPLAR_DATA_DIR: dataDir };
  return runPoplar('', ['mailbox', 'add-all', path, ...options], { environment });
}

test('each line is answered for, in several requests, and the passwords open the mailboxes', async () => {
  const node = await nodeOf();
  try {
    const made = Array.from({ length: 420 }, (_, n) => `a${n}@example.org,`);
    made[300] = `a300@example.org,${testSecret}`;
    const wrong = ['nowhere,x', 'a1@nowhere.example,', 'a,b,c', 'a0@example.org,'];
    const path = fileOf('list.csv', ['address,password', ...made, '', ...wrong]);
    const { code, out, err } = await addAll(path, node.dataDir, '--progress');
    assert.equal(code, 1, err);
    assert.match(out, /^created {2}420 mailboxes in .*\nexist {4}1 mailbox\nrefused {2}3 lines\n/);
    assert.match(
      out,
      / {2}line 423: not an address\n {2}line 424: there is no such domain: [a-z.]+\n/,
    );
    assert.match(out, / {2}line 425: \d fields?, the header names \d[^\n]*\n$/);
    assert.match(err, /100% /);
    assert.doesNotMatch(out + err + node.log(), new RegExp(testSecret));
    assert.equal(await countOf('a'), 420);
    const client = await Pop3Client.connect({ port: node.pop3 });
    await client.login('a300@example.org', testSecret);
    await client.quit();
    const again = await addAll(path, node.dataDir, '--json');
    assert.partialDeepStrictEqual(JSON.parse(again.out), { created: 0, exists: 421, refused: 3 });
  } finally {
    await node.stop();
  }
});

test('a node that dies in the middle: what was reported is there, and the rest comes with the next run', async () => {
  const node = await nodeOf();
  const rows = Array.from({ length: 6_000 }, (_, n) => `{"address":"k${n}@example.org"}`);
  const path = fileOf('list.ndjson', rows);
  const running = addAll(path, node.dataDir, '--json');
  while ((await countOf('k')) < 400) await sleep(20);
  await node.kill();
  const { code, out, err } = await running;
  const report: { end: string; created: number } = JSON.parse(out);
  assert.deepEqual([code, report.end], [1, 'failed']);
  assert.match(err, /^poplar: [^\n]* cannot be reached \(\w+\); [\d,]+ mailboxes made, [^\n]*\n$/);
  const again = await runPoplar(database.url, ['mailbox', 'add-all', path, '--json']);
  assert.equal(again.code, 0, again.err);
  const second: { end: string; created: number; exists: number } = JSON.parse(again.out);
  assert.equal(second.end, 'complete');
  assert.equal(second.created + second.exists, 6_000);
  const told = `${report.created} reported, ${second.exists} there`;
  assert.ok(report.created >= 200 && second.exists >= report.created, told);
  assert.ok(second.exists <= report.created + 200, told);
  assert.equal(await countOf('k'), 6_000);
});

test('a file that is none, or says nothing of what it is, changes nothing', async () => {
  const run = (...argv: readonly string[]) =>
    runPoplar(database.url, ['mailbox', 'add-all', ...argv]);
  const before = await countOf('');
  const absent = await run(join(folder, 'absent.csv'));
  assert.deepEqual([absent.code, absent.out], [1, '']);
  assert.match(absent.err, /absent\.csv cannot be read: ENOENT\n$/);
  const unnamed = await run(fileOf('list', ['n@example.org']));
  assert.deepEqual([unnamed.code, unnamed.out], [2, '']);
  assert.match(unnamed.err, /give --format csv or ndjson/);
  const headless = await run(fileOf('headless.csv', ['n@example.org', 'm@example.org']));
  assert.deepEqual([headless.code, headless.out], [1, '']);
  assert.match(headless.err, /^poplar: the first line of CSV must name the fields[^\n]*\n$/);
  assert.equal(await countOf(''), before);
});
