/**
 * Mail taken out of one mailbox and into another by commands, over a node and without one: what clients fetch is
 * the same, to the octet and to the UIDL, and jobs tell of it.
 */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Pop3Client } from '../support/pop3-client.ts';
import { type CommandRun, runPoplar } from '../support/poplar-command.ts';
import { type RunningNode, startNode } from '../support/start-node.ts';
import { openTestDatabase, type TestDatabase, testSecret } from '../support/test-database.ts';

let database: TestDatabase;
let node: RunningNode;
let folder: string;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'poplar-transfer-'));
  database = await openTestDatabase();
  node = await startNode({
    databaseUrl: database.url,
    workers: 1,
    environment: { POPLAR_ROLES: 'pop3,admin', POPLAR_LISTEN_ADMIN: '127.0.0.1:0' },
  });
});
after(async () => {
  await node.stop();
  await database.drop();
  rmSync(folder, { recursive: true });
});

type Run = (...argv: readonly string[]) => Promise<CommandRun>;

const ways: readonly (readonly [name: string, run: Run])[] = [
  ['node', (...argv) => runPoplar('', argv, { environment: { POPLAR_DATA_DIR: node.dataDir } })],
  [
    'alone',
    (...argv) =>
      runPoplar(database.url, argv, { environment: { POPLAR_DATA_DIR: '/nonexistent/poplar' } }),
  ],
];

const from = 'From ann Tue Nov 24 03:08:00 2026\n';
const letters = [
  'A: 1\n\nFrom one\n>From two\n..\n.\n',
  'X-UIDL: kept\nA: 2\n\n\n\n',
  `A: 3\n\n${`${'z'.repeat(70)}\n`.repeat(4_000)}`,
];
const mbox = letters.map((letter) => `${from}${letter.replace(/^(>*From )/gm, '>$1')}\n`).join('');

interface Fetched {
  readonly uidls: readonly string[];
  readonly bodies: readonly string[];
}

/** As a client of mail sees a maildrop. */
async function fetched(address: string): Promise<Fetched> {
  const client = await Pop3Client.connect({ port: node.pop3 });
  await client.login(address, testSecret);
  const uidls = (await client.listing('UIDL')).map((line) => line.replace(/^\d+ /, ''));
  const bodies: string[] = [];
  for (const [index] of uidls.entries()) {
    bodies.push(await client.content(`RETR ${index + 1}`));
  }
  await client.quit();
  return { uidls, bodies };
}

for (const [way, run] of ways) {
  describe(way, () => {
    const ran = async (...argv: readonly string[]): Promise<string> => {
      const { code, out, err } = await run(...argv);
      assert.equal(code, 0, `poplar ${argv.join(' ')}: ${err}`);
      return out;
    };
    const box = async (name: string) =>
      (await database.addMailbox(`${name}-${way}@example.org`)).address;

    test('in as an mbox, out and in again in both formats', async () => {
      const file = join(folder, `${way}.mbox`);
      writeFileSync(file, mbox);
      const first = await box('first');
      const report: unknown = JSON.parse(await ran('mailbox', 'import', first, file, '--json'));
      const { end, imported, skipped } = Object(report);
      assert.deepEqual([end, imported, skipped], ['complete', 3, {}]);
      const original = await fetched(first);
      const sent = letters.map((letter) => letter.replaceAll('\n', '\r\n'));
      assert.deepEqual(original.bodies, sent);
      assert.equal(original.uidls[1], 'kept');

      writeFileSync(file, await ran('mailbox', 'export', first));
      const second = await box('second');
      await ran('mailbox', 'import', second, file);
      assert.deepEqual((await fetched(second)).bodies, original.bodies);

      const maildir = join(folder, way);
      mkdirSync(maildir);
      const archive = await ran('mailbox', 'export', first, '--format', 'maildir');
      execFileSync('tar', ['-C', maildir, '-xf', '-'], { input: archive });
      const third = await box('third');
      await ran('mailbox', 'import', third, maildir);
      assert.deepEqual(await fetched(third), original);
      // And once more: all of it is known.
      const again: unknown = JSON.parse(await ran('mailbox', 'import', third, maildir, '--json'));
      assert.deepEqual(Object(again).skipped, { 'duplicate-uidl': 3 });
      assert.deepEqual(await fetched(third), original);
    });

    test('jobs are listed and shown; one that is over is not cancelled', async () => {
      const address = `first-${way}@example.org`;
      const jobs: unknown = JSON.parse(await ran('job', 'list', '--address', address, '--json'));
      assert.ok(Array.isArray(jobs));
      const told = jobs.map(({ kind, format, state }) => `${kind} ${format} ${state}`);
      assert.deepEqual(told, [
        'export maildir complete',
        'export mbox complete',
        'import maildir complete',
      ]);
      const id = String(jobs[0]?.jobId);
      assert.match(await ran('job', 'list'), new RegExp(`^ *${id} +export +first-${way}@`, 'm'));
      const shown = await ran('job', 'show', id);
      assert.match(shown, /^done +3 of 3$/m);
      assert.match(shown, /^state +complete$/m);
      const over = await run('job', 'cancel', id);
      assert.deepEqual([over.code, over.out], [1, '']);
      assert.match(over.err, /^poplar: the job is complete: nothing to cancel\n$/);
      const missing = await run('job', 'show', '999999');
      assert.deepEqual([missing.code, missing.out], [1, '']);
      assert.match(missing.err, /^poplar: there is no job 999999\n$/);
    });

    test('a mailbox that is not there is exported to nothing', async () => {
      const { code, out, err } = await run('mailbox', 'export', 'nobody@example.org');
      assert.deepEqual([code, out], [1, '']);
      assert.match(err, /^poplar: there is no mailbox nobody@example\.org\n$/);
    });
  });
}
