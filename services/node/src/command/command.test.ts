/**
 * The commands as they are run: the real program in a process of its own on a real database. Each
 * test looks at the exit code, at what was printed, and at what the database holds.
 */

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Verifier } from '@poplar/identity';
import { openStore } from '@poplar/store';
import type { TemporaryDatabase } from '@poplar/store/testing';
import { CommandScene } from './testing/command-scene.ts';

const from = 'From a@b Tue Nov 24 03:08:09 2026\n';

let database: TemporaryDatabase;
let folder: string;

let scene: CommandScene;

const start: CommandScene['start'] = (...asked) => scene.start(...asked);
const finish: CommandScene['finish'] = (child) => scene.finish(child);
const poplar: CommandScene['poplar'] = (...asked) => scene.poplar(...asked);
const json: CommandScene['json'] = (...asked) => scene.json(...asked);
const failure: CommandScene['failure'] = (...asked) => scene.failure(...asked);

async function messagesOf(address: string): Promise<Record<string, unknown>[]> {
  return database.query(
    `select m.uidl, m.octets::int, m.received_at, convert_from(b.body, 'UTF8') as body
     from message m join message_body b using (mailbox_id, message_id)
     join mailbox x using (mailbox_id) where x.address = $1 order by message_id`,
    [address],
  );
}

before(async () => {
  scene = await CommandScene.open();
  ({ database, folder } = scene);
});
after(() => scene.end());

describe('domains and mailboxes', () => {
  test('a domain is added once, canonical', async () => {
    assert.deepEqual(await json('domain add Example.ORG'), { domain: 'example.org' });
    assert.match(await failure('domain add example.org'), /domain example\.org exists already/);
    assert.match(await failure('domain add exa_mple', '', 2), /must be a domain/);
    assert.deepEqual(await json('domain list'), [
      {
        domain: 'example.org',
        undeleteWindowSeconds: 0,
        pop3Enabled: true,
        loginDelaySeconds: 0,
        mailboxes: 0,
        quotaOctets: null,
      },
    ]);
    const audit = await database.query('select actor, action, subject from audit');
    assert.deepEqual(audit, [{ actor: 'command', action: 'domain.add', subject: 'example.org' }]);
  });

  test('a mailbox gets its password from standard input and from nowhere else', async () => {
    const secretOf = async () => {
      const rows = await database.query('select secret from credential');
      assert.equal(rows.length, 1);
      return String(rows[0]?.secret);
    };
    const verifier = new Verifier();
    const verdictOf = async (text: string) => {
      const secret = new TextEncoder().encode(text);
      return (await verifier.verify(secret, [await secretOf()], 'test')).verdict;
    };
    const added = await poplar('mailbox add Ann@example.org --password-stdin', ' open sesame \n');
    assert.deepEqual(added, { code: 0, out: 'mailbox ann@example.org added\n', err: '' });
    assert.equal(await verdictOf(' open sesame '), 'match');
    const set = await poplar('mailbox passwd ann@example.org --password-stdin', 'sesame 2');
    assert.deepEqual(set, { code: 0, out: 'password of ann@example.org set\n', err: '' });
    assert.equal(await verdictOf('sesame 2'), 'match');
    assert.equal(await verdictOf(' open sesame '), 'no-match');
    await poplar('mailbox passwd ann@example.org --password-stdin', 'se\u0301same\u00a03');
    assert.equal(await verdictOf('s\u00e9same 3'), 'match');
    const versions = await database.query('select credential_version::int as v from mailbox');
    assert.deepEqual(versions, [{ v: 3 }]);
  });

  test('what cannot be added is refused, and nothing is stored', async () => {
    const add = (address: string) => `mailbox add ${address} --password-stdin`;
    const refused: [line: string, input: string, message: RegExp, code?: number][] = [
      [add('ann@example.org'), 'x', /exists already/],
      [add('bob@example.net'), 'x', /poplar domain add example\.net/],
      [add('bob@example.org'), '\n', /password is empty/],
      [add('bob@example.org'), 'x'.repeat(1025), /more than 1024 octets/],
      [add('bob@example.org'), 'sesame\nopen', /line end or NUL/],
      [add('bob@example.org'), 'sesame\topen', /control character/],
      [add('bob@example.org'), '\ufb2c'.repeat(341), /more than 1024 octets/],
      ['mailbox add bob@example.org', 'x', /--password-stdin/, 2],
      [add('bob'), 'x', /must be an address/, 2],
      ['mailbox passwd no@example.org --password-stdin', 'x', /no mailbox/],
      ['mailbox show no@example.org', '', /there is no mailbox/],
    ];
    for (const [line, input, message, code] of refused) {
      assert.match(await failure(line, input, code), message);
    }
    assert.equal((await database.query('select from mailbox')).length, 1);
    await json(add('bob@example.org'), 'x'.repeat(1024));
  });

  test('list in pages, show, and no password in any of it', async () => {
    const rows = (await json('mailbox list --domain example.org')) as { address: string }[];
    assert.deepEqual(
      rows.map(({ address }) => address),
      ['ann@example.org', 'bob@example.org'],
    );
    assert.equal(((await json('mailbox list --limit 1')) as unknown[]).length, 1);
    assert.equal(((await json('mailbox list --after ann@example.org')) as unknown[]).length, 1);
    const nowhere = await poplar('mailbox list --domain example.net');
    assert.equal(nowhere.code, 1);
    assert.match(nowhere.err, /^poplar: there is no such domain: example\.net\n$/);
    const table = await poplar('mailbox list');
    assert.match(table.out, /^ADDRESS .*\nann@example\.org +active +0 +0\n/);
    const shown = await poplar('mailbox show ann@example.org');
    assert.match(shown.out, /status +active\n.*\n?octets +0/);
    assert.doesNotMatch(JSON.stringify([rows, table, shown]), /sesame|argon2/);
  });
});

describe('sessions and nodes', () => {
  test('the maildrop that a live worker has open is shown with its node', async () => {
    assert.deepEqual([await json('node list'), await json('session list')], [[], []]);
    const store = openStore({ databaseUrl: database.url });
    const ownerId = '11111111-1111-4111-8111-111111111111';
    await store.registerOwner({ ownerId, nodeName: 'n1', bootId: ownerId, worker: 3 });
    const login = await store.findLogin('ann@example.org');
    assert.ok(login);
    const { mailboxId, credentialVersion } = login;
    const actorId = mailboxId;
    const request = { mailboxId, actorId, credentialVersion, ownerId, token: ownerId };
    const opened = await store.open(request);
    assert.equal(opened.kind, 'opened');
    const [session] = (await json('session list')) as Record<string, unknown>[];
    assert.deepEqual(
      [session?.address, session?.nodeName, session?.worker],
      ['ann@example.org', 'n1', 3],
    );
    const [node] = (await json('node list')) as Record<string, unknown>[];
    assert.deepEqual([node?.nodeName, node?.state], ['n1', 'up']);
    assert.match((await poplar('mailbox show ann@example.org')).out, /open in +node n1, worker 3/);
    await database.query(`update owner set lease_until = now() - interval '1 s'`);
    assert.deepEqual(await json('session list'), [], 'a lock without a lease is free');
    await database.query('update owner set sessions = 1');
    assert.match((await poplar('node list')).out, /^n1 +gone +1 +- /m);
    assert.match((await poplar('top --once')).out, /^n1 +gone +- /m);
    await store.end();
  });
});

describe('import', () => {
  test('all formats at once, in order, with their UIDLs; again, and only what is new', async () => {
    mkdirSync(join(folder, 'Maildir/cur'), { recursive: true });
    writeFileSync(join(folder, 'Maildir/cur/1.h:2,S'), 'A: maildir\n\n');
    writeFileSync(join(folder, 'Maildir/dovecot-uidlist'), '3 V16 N9\n1 :1.h:2,S\n');
    writeFileSync(join(folder, 'one.eml'), 'X-UIDL: e1\nA: eml\n\n.dot\n');
    const second = `${from}X-UIDL: m2\nA: 2\n\n>From me\n\n`;
    writeFileSync(join(folder, 'mbox'), `${from}X-UIDL: m1\nA: 1\n\n`);
    const line = 'mailbox import ann@example.org one.eml mbox Maildir';
    const first = (await json(line)) as Record<string, unknown>;
    assert.deepEqual([first.end, first.imported, first.skipped], ['complete', 3, {}]);
    const body = 'X-UIDL: e1\r\nA: eml\r\n\r\n..dot\r\n';
    const [eml, mbox, maildir] = await messagesOf('ann@example.org');
    assert.deepEqual([eml?.uidl, eml?.body, eml?.octets], ['e1', body, body.length - 1]);
    assert.deepEqual([mbox?.uidl, mbox?.received_at], ['m1', new Date('2026-11-24T03:08:09Z')]);
    assert.deepEqual([maildir?.uidl, maildir?.body], ['0000000100000010', 'A: maildir\r\n\r\n']);
    writeFileSync(join(folder, 'mbox'), second, { flag: 'a' });
    const again = (await json(line)) as Record<string, unknown>;
    assert.deepEqual([again.imported, again.skipped], [1, { 'duplicate-uidl': 3 }]);
    assert.equal(
      (await messagesOf('ann@example.org'))[3]?.body,
      'X-UIDL: m2\r\nA: 2\r\n\r\nFrom me\r\n',
    );
  });

  test('two messages with one UIDL are both imported, once, and the second is named', async () => {
    await json('mailbox add erin@example.org --password-stdin', 'x');
    const write = (status: string, messages: readonly string[]) =>
      writeFileSync(
        join(folder, 'twins'),
        messages
          .map((message) => `${from}X-UIDL: twin\nStatus: ${status}\n${message}\n\n`)
          .join(''),
      );
    const line = 'mailbox import erin@example.org twins';
    write('O', ['A: 1\n\nfirst', 'A: 1\n\nsecond']);
    const run = await poplar(line);
    const text = 'its UIDL belongs to another message: it has a new one';
    assert.deepEqual([run.code, run.err], [0, '']);
    assert.match(run.out, /^imported {2}2 messages /);
    assert.ok(run.out.endsWith(`new UIDL  1 message: ${text}\n  twins: message 2: ${text}\n`));
    const stored = await messagesOf('erin@example.org');
    assert.deepEqual(
      stored.map(({ uidl, body }) => [String(uidl).length, String(body).split('\r\n').at(-2)]),
      [
        [4, 'first'],
        [64, 'second'],
      ],
    );
    // The old server has marked both as read since, and has a third one, of which only the header differs.
    write('RO', ['A: 1\n\nsecond', 'A: 1\n\nfirst', 'A: 2\n\nfirst']);
    const again = (await json(line)) as Record<string, unknown>;
    assert.deepEqual(
      [again.imported, again.skipped, again.newUidls, again.newUidlPlaces],
      [1, { 'duplicate-uidl': 2 }, 1, ['twins: message 3']],
    );
    assert.equal((await messagesOf('erin@example.org')).length, 3);
  });

  test('what is too large is named, the rest is imported, and the exit code is 1', async () => {
    // 100 octets with LF, more with CRLF: the limit is for what LIST would say.
    const nearly = `A: b\n\n${'x\n'.repeat(47)}`;
    writeFileSync(
      join(folder, 'm'),
      [`A: b\n\n${'x'.repeat(200)}\n`, nearly, 'A: ok\n\n']
        .map((message) => `${from}${message}\n`)
        .join(''),
    );
    const environment = { POPLAR_MESSAGE_OCTETS_MAX: '100' };
    const run = await poplar('mailbox import bob@example.org m --progress', '', environment);
    assert.equal(run.code, 1);
    assert.match(run.out, /^imported {2}1 message .*\nskipped {3}2 messages: too large\n/);
    assert.match(run.out, /m: message 1: too large\n {2}m: message 2: too large\n$/);
    assert.match(run.err, /100%/);
    assert.deepEqual(
      (await messagesOf('bob@example.org')).map(({ body }) => body),
      ['A: ok\r\n\r\n'],
    );
  });

  test('nothing is imported when a path or the mailbox is wrong', async () => {
    const count = async () => (await messagesOf('bob@example.org')).length;
    const had = await count();
    assert.match(
      await failure('mailbox import bob@example.org one.eml absent'),
      /absent cannot be/,
    );
    assert.match(await failure('mailbox import no@example.org one.eml'), /there is no mailbox/);
    assert.match(
      await failure('mailbox import bob@example.org', '', 2),
      /missing required argument/,
    );
    await database.query(
      `update mailbox set status = 'suspended' where address = 'bob@example.org'`,
    );
    assert.match(await failure('mailbox import bob@example.org one.eml'), /is suspended/);
    await database.query(`update mailbox set status = 'active' where address = 'bob@example.org'`);
    assert.equal(await count(), had);
  });

  test('Ctrl-C stops between two messages and says how far it came', async () => {
    await json('mailbox add carol@example.org --password-stdin', 'x');
    const messages = Array.from({ length: 20_000 }, (_, at) => `${from}X-UIDL: c${at}\n\nx\n\n`);
    writeFileSync(join(folder, 'many'), messages.join(''));
    const child = start(['mailbox', 'import', 'carol@example.org', 'many', '--json']);
    const run = finish(child);
    while ((await messagesOf('carol@example.org')).length < 50) assert.equal(child.exitCode, null);
    // Twice, as under npm.
    child.kill('SIGINT');
    child.kill('SIGINT');
    const { code, out, err } = await run;
    const { end, imported } = JSON.parse(out);
    assert.deepEqual([code, end], [1, 'stopped'], err);
    assert.match(err, /^poplar: stopped; [\d,]+ messages imported, all of them kept\n$/);
    assert.equal((await messagesOf('carol@example.org')).length, imported);
    assert.ok(imported < 20_000);
  });
});

describe('import without a database', () => {
  /** As if an administrator ended them: the connections of commands. */
  const endConnections = () =>
    database.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and application_name ~ '^poplar command'`,
    );
  const storedIn = async (address: string) => (await messagesOf(address)).length;

  test('connections that are lost in the middle, now and then: it goes on, and nothing comes twice', async () => {
    await json('mailbox add fred@example.org --password-stdin', 'x');
    const messages = Array.from({ length: 5_000 }, (_, at) => `${from}A: ${at}\n\nx\n\n`);
    writeFileSync(join(folder, 'unnamed'), messages.join(''));
    const child = start(['mailbox', 'import', 'fred@example.org', 'unnamed', '--json']);
    const run = finish(child);
    for (const some of [50, 1_000, 3_000]) {
      while (child.exitCode === null && (await storedIn('fred@example.org')) < some);
      await endConnections();
    }
    const { code, out, err } = await run;
    assert.deepEqual([code, err], [0, '']);
    const { end, imported } = JSON.parse(out);
    assert.deepEqual([end, imported], ['complete', 5_000]);
    const bodies = (await messagesOf('fred@example.org')).map(({ body }) => body);
    assert.deepEqual(
      bodies,
      messages.map((_, at) => `A: ${at}\r\n\r\nx\r\n`),
    );
  });

  test('connections that are lost again and again: one line, and an honest count', async () => {
    await json('mailbox add dave@example.org --password-stdin', 'x');
    const child = start(['mailbox', 'import', 'dave@example.org', 'many', '--json']);
    const run = finish(child);
    while ((await storedIn('dave@example.org')) < 50) assert.equal(child.exitCode, null);
    // Again and again: between two messages a lost connection is replaced, and nobody notices.
    while (child.exitCode === null) await endConnections();
    const { code, out, err } = await run;
    const { end, imported } = JSON.parse(out);
    assert.deepEqual([code, end], [1, 'failed'], err);
    assert.match(err, /^poplar: the database [^\n]*imported, all of them kept\n$/);
    const stored = await storedIn('dave@example.org');
    if (err.includes('at least'))
      assert.ok(stored >= imported, `${stored} stored, ${imported} told`);
    else assert.equal(stored, imported);
  });
});
