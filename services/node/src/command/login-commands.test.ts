/**
 * The commands that decide who logs in, as they are run: the real program in a process of its own on
 * a real database. Each test looks at the exit code, at what was printed, and at what `findLogin` then says.
 */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Verifier } from '@poplar/identity';
import { openStore, type Store } from '@poplar/store';
import { type TemporaryDatabase, temporaryDatabase } from '@poplar/store/testing';

const program = fileURLToPath(new URL('../main.ts', import.meta.url));
const hash =
  '$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$kTdYY1uYEoP/9w1qPHXxdpTd4nMjLc1gwHdJzn2fB8k';

let database: TemporaryDatabase;
let store: Store;
let folder: string;

interface Run {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

async function poplar(argv: readonly string[], input = ''): Promise<Run> {
  const cache = { NODE_COMPILE_CACHE: join(folder, 'compiled') };
  const env = { PATH: process.env.PATH, DATABASE_URL: database.url, ...cache };
  const child = spawn(process.execPath, [program, ...argv], { cwd: folder, env });
  const printed = { out: '', err: '' };
  child.stdout.on('data', (chunk) => {
    printed.out += String(chunk);
  });
  child.stderr.on('data', (chunk) => {
    printed.err += String(chunk);
  });
  child.stdin.end(input);
  const timer = setTimeout(() => child.kill('SIGKILL'), 30_000);
  const [code] = await once(child, 'close');
  clearTimeout(timer);
  return { code, ...printed };
}

/** Runs what must succeed; answers what it printed. */
async function said(line: string, input = ''): Promise<string> {
  const { code, out, err } = await poplar(line.split(' '), input);
  assert.deepEqual([code, err], [0, ''], line);
  return out;
}

async function json(line: string, input = ''): Promise<unknown> {
  return JSON.parse(await said(`${line} --json`, input));
}

/** Runs what must fail; answers the one line. */
async function failure(line: string, code = 1): Promise<string> {
  const run = await poplar(line.split(' '));
  assert.deepEqual([run.code, run.out], [code, ''], run.err);
  assert.match(run.err, /^poplar: [^\n]+\n(\(poplar [a-z -]*--help [^\n]+\n)?$/);
  return run.err;
}

const [ann, bob] = ['ann@example.org', 'bob@example.org'];

before(async () => {
  database = await temporaryDatabase();
  store = openStore({ databaseUrl: database.url });
  folder = mkdtempSync(join(tmpdir(), 'poplar-login-'));
  await store.directory.addDomain({ name: 'example.org' });
  for (const address of [ann, bob]) await store.directory.addMailbox({ address, secret: hash });
});
after(async () => {
  rmSync(folder, { recursive: true });
  await store.end();
  await database.drop();
});

describe('switches', () => {
  test('what is set for a domain', async () => {
    const set = 'domain set example.org --pop3 off --login-delay 90s --undelete-window 7d';
    const seconds = { loginDelaySeconds: 90, undeleteWindowSeconds: 604_800 };
    assert.deepEqual(await json(set), { domain: 'example.org', pop3Enabled: false, ...seconds });
    assert.equal((await store.findLogin(ann))?.enabled, false);
    assert.match(await said('domain list'), /example\.org .* off +90 s +7 d\n/);
    await said('domain set example.org --pop3 on --login-delay 0');
    const [domain] = await store.directory.listDomains({ limit: 1 });
    assert.deepEqual(
      [domain?.pop3Enabled, domain?.loginDelaySeconds, domain?.undeleteWindowSeconds],
      [true, 0, 604_800],
    );
    assert.match(await failure('domain set example.org', 2), /nothing to set/);
    assert.match(await failure('domain set example.org --login-delay 2d'), /at most 1 day/);
    assert.match(await failure('domain set no.example --pop3 on'), /no domain/);
  });

  test('a mailbox is suspended, resumed, and without POP3', async () => {
    const enabled = async () => (await store.findLogin(ann))?.enabled;
    assert.deepEqual(await json(`mailbox suspend ${ann}`), { address: ann, status: 'suspended' });
    assert.equal(await enabled(), false);
    assert.equal(await said(`mailbox resume ${ann}`), `mailbox ${ann} resumed\n`);
    assert.equal(await enabled(), true);
    const off = { address: ann, pop3Enabled: false };
    assert.deepEqual(await json(`mailbox set ${ann} --pop3 off`), off);
    assert.equal(await enabled(), false);
    assert.match(await said(`mailbox show ${ann}`), /POP3 off/);
    assert.equal(await said(`mailbox set ${ann} --pop3 on`), `POP3 of ${ann} is on\n`);
    assert.match(await failure('mailbox suspend no@example.org'), /no mailbox/);
  });
});

describe('names and grants', () => {
  test('an alias logs in until it is removed', async () => {
    assert.match(await said(`mailbox alias add ${ann} Annie`), /logs in as annie, too/);
    assert.equal((await store.findLogin('annie'))?.address, ann);
    assert.deepEqual(await json(`mailbox alias list ${ann}`), [ann, 'annie']);
    assert.match(await failure(`mailbox alias add ${bob} annie`), /somebody logs in as annie/);
    assert.match(await failure(`mailbox alias remove ${ann} ${ann}`), /no alias/);
    await json(`mailbox alias remove ${ann} annie`);
    assert.equal(await store.findLogin('annie'), null);
  });

  test('a grant opens another maildrop until it is removed', async () => {
    const target = async () => (await store.findLogin(bob, ann))?.target?.address;
    assert.match(
      await said(`mailbox grant add ${ann} --to ${bob}`),
      /bob@.* may open that of ann@/,
    );
    assert.equal(await target(), ann);
    assert.match(await failure(`mailbox grant add ${ann} --to ${bob}`), /already/);
    assert.deepEqual(await json(`mailbox grant list ${ann}`), [
      { kind: 'opened-by', name: bob, domain: null },
    ]);
    assert.match(await said(`mailbox grant list ${bob}`), /^GRANT +MAILBOX\nopens +ann@/);
    await json(`mailbox grant remove ${ann} --to ${bob}`);
    assert.equal(await target(), undefined);

    const master = { address: bob, master: true, domain: 'example.org' };
    const ofDomain = `mailbox grant add ${bob} --master --domain example.org`;
    assert.deepEqual(await json(ofDomain), master);
    assert.equal(await target(), ann);
    assert.match(await said(`mailbox grant list ${bob}`), /opens all of example\.org/);
    await said(`mailbox grant remove ${bob} --master --domain example.org`);
    assert.match(await said(`mailbox grant add ${bob} --master`), /may open every maildrop\n/);
    await said(`mailbox grant remove ${bob} --master`);
    assert.equal(await target(), undefined);
    const both = `mailbox grant add ${bob} --to ${ann} --master`;
    assert.match(await failure(both, 2), /either --to or --master/);
    const stray = `mailbox grant add ${bob} --to ${ann} --domain example.org`;
    assert.match(await failure(stray, 2), /--domain goes with --master/);
    assert.match(await failure(`mailbox grant add ${bob} --to ${bob}`), /needs no grant/);
  });
});

describe('secrets', () => {
  test('an app password is printed once, works, and ends', async () => {
    const bytes = (text: string) => new TextEncoder().encode(text);
    const run = await poplar(['mailbox', 'app-password', 'add', ann, '--label', 'old phone']);
    assert.deepEqual([run.code, run.err], [0, '']);
    const password = run.out.trimEnd();
    assert.match(password, /^[!-~]{20,}$/);
    const stored = (await store.findLogin(ann))?.credentials.find(
      ({ kind }) => kind === 'app-password',
    );
    assert.ok(stored);
    const verdict = await new Verifier().verify(bytes(password), [stored.secret], '');
    assert.match(JSON.stringify(verdict), /"match"/);
    const add = `mailbox app-password add ${ann} --label tablet --expires 30`;
    const tablet = (await json(add)) as Record<string, unknown>;
    const rows = (await json(`mailbox app-password list ${ann}`)) as Record<string, unknown>[];
    assert.deepEqual(
      rows.map(({ label, lastUsedOn }) => [label, lastUsedOn]),
      [
        ['old phone', null],
        ['tablet', null],
      ],
    );
    assert.ok(!JSON.stringify(rows).includes(password) && !JSON.stringify(rows).includes('$'));
    assert.match(await said(`mailbox app-password list ${ann}`), /old phone .* never +never\n/);
    await said(`mailbox app-password revoke ${ann} ${tablet.credentialId}`);
    const kinds = (await store.findLogin(ann))?.credentials.map(({ kind }) => kind);
    assert.deepEqual(kinds, ['password', 'app-password']);
    const own = (await store.credentials.list(ann)).find(({ kind }) => kind === 'password');
    const wrong = `mailbox app-password revoke ${ann} ${own?.credentialId}`;
    assert.match(await failure(wrong), /no app password/, 'the password is none');
  });

  test('an APOP secret is set and removed, the name of a certificate as well', async () => {
    const secretOf = async (kind: string) =>
      (await store.findLogin(bob))?.credentials.find((one) => one.kind === kind)?.secret;
    await said(`mailbox apop ${bob} --password-stdin`, 'tanstaaf\n');
    assert.equal(await secretOf('apop'), 'tanstaaf');
    assert.deepEqual(await json(`mailbox apop ${bob} --off`), { address: bob, apop: false });
    assert.equal(await secretOf('apop'), undefined);

    await said(`mailbox certificate add ${bob} CN=Bob`);
    assert.equal(await secretOf('certificate'), 'cn:Bob');
    assert.match(await failure(`mailbox certificate add ${bob} cn:Bob`), /already/);
    assert.match(await said(`mailbox certificate list ${bob}`), /cn:Bob/);
    await json(`mailbox certificate remove ${bob} cn:Bob`);
    assert.deepEqual(await json(`mailbox certificate list ${bob}`), []);
  });
});

describe('credential import', () => {
  const other = hash.replace('c29tZXNhbHRzb21lc2FsdA', 'b3RoZXJzYWx0b3RoZXJzYWx0');
  const lines = [
    '# a comment',
    `${ann}:{ARGON2ID}${other}:1:1::/home/ann::`,
    'clear@example.org:{PLAIN}open sesame',
    `bob:${other}`,
    `new@example.org:${other}`,
    `new@example.org:${hash}`,
    `new@no.example:${other}`,
    'locked@example.org:{WHAT}x',
    `not\u007fa name@example.org:${other}`,
    'x'.repeat(20_000),
    '',
  ];
  const file = () => {
    writeFileSync(join(folder, 'passwd'), lines.join('\n'));
    return 'credential import passwd';
  };

  test('a password that cannot be one is skipped, and what stands around it is taken', async () => {
    const some = ['c1@example.org:{PLAIN}one', 'c2@example.org:{PLAIN.B64}AGFi'];
    writeFileSync(join(folder, 'odd'), [...some, 'c3@example.org:{PLAIN}three', ''].join('\n'));
    const run = await poplar('credential import odd --create'.split(' '));
    assert.equal(run.code, 1);
    assert.match(run.out, /line 2 c2@example\.org: a password that cannot be one/);
    for (const name of ['c1', 'c3']) {
      const login = await store.findLogin(`${name}@example.org`);
      assert.equal(login?.credentials.length, 1, name);
    }
    assert.equal(await store.findLogin('c2@example.org'), null);
  });

  test('what is there is set, the rest is named with its reason, and no password is told', async () => {
    const run = await poplar(`${file()} --progress`.split(' '));
    assert.equal(run.code, 1);
    assert.match(run.out, /^set {8}1 password in .*\ncreated {4}0 mailboxes\nunchanged {2}0 pass/);
    assert.match(run.out, /\n {2}line 4 bob: no domain; --domain gives one\n/);
    assert.match(run.out, /\n {2}line 5 new@example\.org: no such mailbox; --create makes it\n/);
    assert.match(run.out, /\n {2}line 10: too long/);
    assert.doesNotMatch(run.out + run.err, /sesame|argon2/);
    assert.match(run.err, /100%/);
    const login = await store.findLogin(ann);
    assert.ok(login?.credentials.some(({ secret }) => secret.endsWith(other)));
    const before = login?.credentialVersion;

    const again = (await poplar([...`${file()} --json --create --domain example.org`.split(' ')]))
      .out;
    const { skipped, lines: named, elapsedMs, ...rest } = JSON.parse(again);
    assert.deepEqual(rest, {
      end: 'complete',
      set: 1,
      created: 2,
      unchanged: 1,
      notTakenOver: {},
    });
    assert.equal(named.length, 5);
    assert.deepEqual(
      [skipped['named on an earlier line'], skipped['no such domain'], elapsedMs > 0],
      [1, 1, true],
    );
    assert.equal((await store.findLogin(ann))?.credentialVersion, before, 'unchanged is unchanged');
    const clear = (await store.findLogin('clear@example.org'))?.credentials[0];
    assert.match(clear?.secret ?? '', /^\$argon2id\$/, 'never stored in clear');
  });

  test('a file that cannot be read changes nothing', async () => {
    assert.match(await failure('credential import absent'), /absent cannot be read: ENOENT/);
  });

  test('thousands go in, a batch at a time', async () => {
    const many = Array.from({ length: 2_500 }, (_, nth) => `m${nth}@example.org:${hash}\r\n`);
    writeFileSync(join(folder, 'many'), many.join('').slice(0, -2));
    const report = (await json('credential import many --create')) as Record<string, unknown>;
    assert.deepEqual([report.created, report.end], [2_500, 'complete']);
    assert.ok(await store.findLogin('m2499@example.org'));
  });
});
