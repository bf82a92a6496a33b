/**
 * Commands of operators on a real node: a message put in from a file or a pipe, lists that are searched, a domain
 * shown, a job followed to its end, and failures that are told to programs.
 */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { lines } from '../support/messages.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { poplar, runPoplar } from '../support/poplar-command.ts';
import { type RunningNode, startNode } from '../support/start-node.ts';
import { openTestDatabase, type TestDatabase, testSecret } from '../support/test-database.ts';

let database: TestDatabase;
let node: RunningNode;
let folder: string;

before(async () => {
  database = await openTestDatabase();
  node = await startNode({
    databaseUrl: database.url,
    workers: 1,
    environment: {
      POPLAR_ROLES: 'pop3,maildrop,admin',
      POPLAR_LISTEN_ADMIN: '127.0.0.1:0',
      POPLAR_NODE_NAME: 'first',
    },
  });
  folder = mkdtempSync(join(tmpdir(), 'poplar-commands-'));
});
after(async () => {
  rmSync(folder, { recursive: true });
  await node.stop();
  await database.drop();
});

/** To the node that runs, over a connection. */
function overWire(argv: readonly string[], input = '') {
  const environment = {
    POPLAR_ADMIN_URL: `http://127.0.0.1:${node.admin}`,
    POPLAR_ADMIN_TOKEN: readFileSync(join(node.dataDir, 'admin-token'), 'utf8').trim(),
  };
  return runPoplar('postgresql://127.0.0.1:1/nowhere', argv, { input, environment });
}

test('a message of a file and one of a pipe are what a client fetches', async () => {
  const mailbox = await database.addMailbox('ann@example.org');
  const content = lines('Subject: from a file', '', '.a line with a dot', 'end');
  const file = join(folder, 'one.eml');
  writeFileSync(file, content);
  const argv = ['message', 'inject', mailbox.address];
  const put = await overWire([...argv, file, '--uidl', 'kept-1', '--json']);
  assert.deepEqual([put.code, put.err], [0, '']);
  assert.partialDeepStrictEqual(JSON.parse(put.out), {
    address: mailbox.address,
    octets: content.length,
  });
  const piped = lines('Subject: from a pipe', '', 'x');
  const { code, out } = await runPoplar(database.url, [...argv, '-'], { input: piped });
  assert.deepEqual(
    [code, out],
    [0, `a message of ${piped.length} B put into ${mailbox.address}\n`],
  );
  const client = await Pop3Client.connect({ port: node.pop3 });
  await client.login(mailbox.address, testSecret);
  assert.match((await client.ok('UIDL 1')).text, /kept-1/);
  assert.equal(await client.content('RETR 1'), content);
  assert.equal(await client.content('RETR 2'), piped);
  await client.quit();
  assert.equal((await database.visible(mailbox)).length, 2);
});

test('what is no message is refused in a line, and nothing is stored', async () => {
  const mailbox = await database.addMailbox('ben@example.org');
  const large = join(folder, 'large.eml');
  writeFileSync(large, lines('Subject: large', ''));
  truncateSync(large, 33 * 1024 * 1024);
  const refused: [file: string, to: string, why: RegExp][] = [
    [large, mailbox.address, /^poplar: the message has more than 33\.6 MB: import it/],
    [join(folder, 'none'), mailbox.address, /^poplar: .*none cannot be read \(ENOENT\)\n$/],
    ['-', mailbox.address, /^poplar: there is no message in it\n$/],
    [join(folder, 'one.eml'), 'no@example.org', /^poplar: there is no mailbox no@example\.org\n$/],
  ];
  for (const [file, to, why] of refused) {
    const { code, out, err } = await overWire(['message', 'inject', to, file]);
    assert.deepEqual([code, out], [1, ''], file);
    assert.match(err, why);
  }
  assert.deepEqual(await database.visible(mailbox), []);
});

test('mailboxes are searched, a domain is shown', async () => {
  for (const address of ['carol@example.org', 'caroline@example.org', 'dan@example.org'])
    await database.addMailbox(address);
  const found = JSON.parse(
    await poplar(database.url, ['mailbox', 'list', '--search', 'CAROL', '--json']),
  );
  assert.deepEqual(
    found.map(({ address }: { address: string }) => address),
    ['carol@example.org', 'caroline@example.org'],
  );
  await poplar(database.url, ['domain', 'set', 'example.org', '--login-delay', '30s']);
  const shown = await poplar(database.url, ['domain', 'show', 'example.org']);
  assert.match(shown, /^domain +example\.org$/m);
  assert.match(shown, /^login delay +30 s$/m);
  await poplar(database.url, ['domain', 'set', 'example.org', '--login-delay', '0']);
  const json = JSON.parse(await poplar(database.url, ['domain', 'show', 'example.org', '--json']));
  assert.equal(json.loginDelaySeconds, 0);
});

test('a job is followed to its end, which is the exit code', async () => {
  const mailbox = await database.addMailbox('erin@example.org');
  const file = join(folder, 'inbox.mbox');
  const message = 'From a@example.net Tue Nov 24 08:00:00 2026\nSubject: x\n\ny\n\n';
  writeFileSync(file, message.repeat(3));
  await poplar(database.url, ['mailbox', 'import', mailbox.address, file]);
  const [done] = await database.store.administration.jobs.list({
    limit: 1,
    address: mailbox.address,
  });
  const complete = await overWire(['job', 'follow', String(done?.jobId)]);
  assert.equal(complete.code, 0);
  assert.match(complete.out, /^job \d+ is complete \(3 messages, \d+ B\)\n$/);

  const { jobs } = database.store.administration;
  const begun = await jobs.begin({
    ...{ address: mailbox.address, kind: 'import', format: 'mbox', requestKey: null },
    ...{ nodeName: 'first', totalMessages: 8, totalOctets: null },
  });
  assert.ok(begun !== null);
  const following = overWire(['job', 'follow', begun.job.jobId, '--json']);
  await sleep(2_500);
  await jobs.end({ ...begun.run, state: 'failed', error: 'the disk is full' });
  const failed = await following;
  assert.equal(failed.code, 1);
  assert.match(failed.err, /^\[\.{30}\] {2}0% {2}0 of 8\n/);
  assert.partialDeepStrictEqual(JSON.parse(failed.out), {
    state: 'failed',
    error: 'the disk is full',
  });
  const none = await overWire(['job', 'follow', '999999']);
  assert.deepEqual([none.code, none.err], [1, 'poplar: there is no job 999999\n']);
});

test('with --json a failure is one JSON object, and the exit code is in it', async () => {
  const failures: [argv: string[], error: RegExp, code: number][] = [
    [['domain', 'show', 'nowhere.example', '--json'], /^there is no domain nowhere\.example$/, 1],
    [['domain', 'show', 'not a name', '--json'], /It must be a domain/, 2],
    [['domain', 'shew', '--json'], /unknown command/, 2],
    [['mailbox', 'list', '--config', join(folder, 'none.toml'), '--json'], /none\.toml/, 1],
  ];
  for (const [argv, error, exitCode] of failures) {
    const { code, out, err } = await runPoplar(database.url, argv);
    assert.deepEqual([code, out], [exitCode, ''], argv.join(' '));
    assert.match(err, /^\{[^\n]*\}\n$/);
    const said = JSON.parse(err);
    assert.equal(said.exitCode, exitCode);
    assert.match(said.error, error);
  }
  const text = await runPoplar(database.url, ['domain', 'show', 'nowhere.example']);
  assert.equal(text.err, 'poplar: there is no domain nowhere.example\n');
});

/** What bash would offer behind these words; the last one is begun. */
function offered(script: string, words: readonly string[]): string[] {
  const line = words.map((word) => `'${word}'`).join(' ');
  const asks = `COMP_WORDS=(${line}); COMP_CWORD=${words.length - 1}; _poplar; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const bash = spawnSync('bash', ['-c', `${script}\n${asks}`], {
    encoding: 'utf8',
    timeout: 20_000,
  });
  assert.equal(bash.stderr, '');
  return bash.stdout.trim().split('\n');
}

test('the completion goes on behind arguments, and offers the words of closed lists', async () => {
  const script = await poplar(database.url, ['completion', 'bash']);
  const offers = (line: string) => offered(script, ['poplar', ...line.split(' ')]);
  assert.ok(offers('token add prom --').includes('--scope'));
  assert.ok(offers('node drain pop2 --').includes('--wait'));
  assert.ok(offers('job show 5 --').includes('--json'));
  assert.ok(offers('mailbox quota ann@example.org --').includes('--json'));
  assert.deepEqual(
    offers('token add list --sc'),
    ['--scope'],
    'an argument that is called as a command',
  );
  assert.deepEqual(offers('token add prom --scope m'), ['mailboxes', 'messages']);
  assert.deepEqual(offers('token add prom --scope read,me'), ['read,messages']);
  assert.deepEqual(offers('token add prom --scope = se'), ['sessions']);
  assert.deepEqual(offers('webhook add https://example.com/ --events quota'), ['quota.near']);
  assert.deepEqual(offers('webhook deliveries 3 --state '), ['pending', 'delivered', 'dead']);
  assert.deepEqual(offers('mailbox export ann@example.org --format '), ['mbox', 'maildir']);
  assert.deepEqual(offers('node log-level pop1 de'), ['debug']);
});

test('a word that is none of a list is wrong usage, said with the help of its command', async () => {
  for (const [line, said, help] of [
    ['token add prom --scope raed', /"raed" is none of read, mailboxes, /, 'token add'],
    [
      'webhook add https://example.com/ --events quota',
      /"quota" is none of message\./,
      'webhook add',
    ],
    ['webhook deliveries 3 --state gone', /"gone" is none of pending, /, 'webhook deliveries'],
    ['mailbox export a@example.org --format zip', /"zip" is none of mbox, /, 'mailbox export'],
    ['node log-level first loud', /"loud" is none of debug, /, 'node log-level'],
    ['mailbox quota a@example.org 2G', /GiB or TiB/, 'mailbox quota'],
  ] as const) {
    const { code, err } = await runPoplar(database.url, line.split(' '));
    assert.equal(code, 2, line);
    assert.match(err, said);
    assert.equal(err.split('\n')[1], `(poplar ${help} --help says more)`);
  }
  const { code, err } = await runPoplar(database.url, ['mailbox', 'quoat']);
  assert.equal(code, 2);
  assert.match(err, /\(poplar mailbox --help lists the commands\)/);
  assert.deepEqual(await database.query('select from api_token'), []);
});

test('lists are as long as asked for, and what is not there is not called unchanged', async () => {
  const mailbox = await database.addMailbox('long@list.example');
  for (const uidl of ['l1', 'l2', 'l3']) await database.deliver(mailbox, { content: '', uidl });
  const listed = ['message', 'list', mailbox.address, '--limit', '2', '--json'];
  assert.equal(JSON.parse(await poplar(database.url, listed)).length, 2);
  await poplar(database.url, ['domain', 'add', 'audited.example']);
  await poplar(database.url, ['domain', 'set', 'audited.example', '--login-delay', '5s']);
  const audit = ['audit', '--domain', 'audited.example', '--json'];
  assert.equal(JSON.parse(await poplar(database.url, audit)).length, 2);
  const [latest, ...others] = JSON.parse(await poplar(database.url, [...audit, '--limit', '1']));
  assert.deepEqual([latest.action, others], ['domain.set', []]);
  for (const [argv, said] of [
    [['--domain', 'nosuch.example'], 'there is no such domain: nosuch.example'],
    [['--mailbox', 'nosuch@audited.example'], 'there is no mailbox nosuch@audited.example'],
  ] as const) {
    const { code, out, err } = await runPoplar(database.url, ['audit', ...argv]);
    assert.deepEqual([code, out, err], [1, '', `poplar: ${said}\n`]);
  }
});

test('the completion knows them', async () => {
  const script = await poplar(database.url, ['completion', 'bash']);
  for (const words of [
    /'message'\) words='[^']*\binject\b/,
    /'domain'\) words='[^']*\bshow\b/,
    /'job'\) words='[^']*\bfollow\b/,
    /'mailbox list'\) words='[^']*--search/,
    /'node'\) words='[^']*\blog-level\b/,
    /'top'\) words='[^']*--interval[^']*--count/,
  ]) {
    assert.match(script, words);
  }
});
