/**
 * Every kind of secret is used, rightly and wrongly, at the most verbose level of the log, with the
 * database away in between: none of them is in a log, in a metric, in a list of processes or in what a
 * command says (V97, V98).
 */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { hashPassword, makeAppPassword, makeScramSecret } from '@poplar/identity';
import { type CuttingProxy, cuttingProxy } from '../support/cutting-proxy.ts';
import { eventually, loginEvents, scrape } from '../support/node-inspection.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { proofOf, type ScramHash } from '../support/scram-keys.ts';
import { SecretSearch } from '../support/secret-search.ts';
import { type RunningNode, startNode } from '../support/start-node.ts';
import { openTestDatabase, type TestDatabase } from '../support/test-database.ts';

const program = fileURLToPath(new URL('../../services/node/src/main.ts', import.meta.url));
const user = 'ann@example.org';
const password = 'Opferbaum ÿ 7712?>~';
const wrong = 'Opferbaum ÿ 7713?>~ wrong';
const apopSecret = 'Kastanienallee 86';
const token = `tok-${'abcDEF123~'.repeat(5)}`;
const clientSecret = 'client+secret/of=the provider';
const databasePassword = 'database-password-4711';

const search = new SecretSearch();
let database: TestDatabase;
let proxy: CuttingProxy;
let provider: Server;
let folder: string;
let node: RunningNode;
let appPassword: string;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'poplar-secrets-'));
  database = await openTestDatabase();
  proxy = await cuttingProxy(database.url);
  provider = createServer((request, response) => {
    request.resume().on('end', () => {
      response.setHeader('content-type', 'application/json');
      const exp = Math.floor(Date.now() / 1_000) + 600;
      response.end(JSON.stringify({ active: true, aud: 'mail', email: user, exp }));
    });
  });
  provider.listen(0, '127.0.0.1');
  await once(provider, 'listening');
  await fillDirectory();
  writeFileSync(join(folder, 'client-secret'), clientSecret, { mode: 0o600 });
  const { port } = provider.address() as AddressInfo;
  node = await startNode({
    databaseUrl: `${proxy.url}&password=${databasePassword}`,
    workers: 1,
    environment: {
      POPLAR_ROLES: 'pop3',
      POPLAR_LISTEN_LMTP: '',
      POPLAR_LOG_LEVEL: 'trace',
      POPLAR_AUTH_SCRAM: 'true',
      POPLAR_AUTH_APOP: 'true',
      POPLAR_OAUTH_ISSUER: `http://127.0.0.1:${port}`,
      POPLAR_OAUTH_AUDIENCES: 'mail',
      POPLAR_OAUTH_INTROSPECTION_URL: `http://127.0.0.1:${port}/introspect`,
      POPLAR_OAUTH_CLIENT_ID: 'poplar',
      POPLAR_OAUTH_CLIENT_SECRET_FILE: join(folder, 'client-secret'),
    },
  });
});
after(async () => {
  await node.stop();
  provider.close();
  await proxy.end();
  await database.drop();
  rmSync(folder, { recursive: true, force: true });
});

async function fillDirectory(): Promise<void> {
  const { directory, credentials } = database.store;
  const octets = Buffer.from(password);
  const hash = await hashPassword(octets);
  const [scramSha1, scramSha256] = await Promise.all([
    makeScramSecret({ hash: 'sha1', password: octets }),
    makeScramSecret({ hash: 'sha256', password: octets }),
  ]);
  await directory.addDomain({ name: 'example.org' });
  await directory.addMailbox({ address: user, secret: hash, scramSha1, scramSha256 });
  const app = makeAppPassword();
  appPassword = app.text;
  const more = { label: 'phone', stored: app.stored, expiresAt: null, actor: 'test' };
  await credentials.addAppPassword({ address: user, ...more });
  await credentials.setApopSecret({ address: user, secret: apopSecret });
  for (const [name, secret] of Object.entries({
    ...{ password, wrong, apopSecret, token, clientSecret, databasePassword, appPassword },
    'letters of the app password': appPassword.replaceAll('-', ''),
    'stored hash': hash.split('$').at(-1) ?? '',
    'stored app password': app.stored.slice('{APP}'.length),
    'SCRAM-SHA-1 keys': scramSha1?.split('$').at(-1) ?? '',
    'SCRAM-SHA-256 keys': scramSha256?.split('$').at(-1) ?? '',
  })) {
    search.add(name, secret);
  }
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const latin1 = (text: string): string => Buffer.from(text).toString('latin1');

async function scram(client: Pop3Client, hash: ScramHash, secret: string): Promise<boolean> {
  const bare = `n=${user},r=clientnonce`;
  client.wire.write(`AUTH SCRAM-${hash} ${base64(`n,,${bare}`)}\r\n`);
  const serverFirst = Buffer.from((await client.wire.line()).slice(2), 'base64').toString();
  const [, nonce = '', salt = '', iterations = ''] =
    /^r=([^,]+),s=([^,]+),i=(\d+)$/.exec(serverFirst) ?? [];
  const withoutProof = `c=biws,r=${nonce}`;
  const salted = { hash, password: secret, salt: Buffer.from(salt, 'base64') };
  const authMessage = `${bare},${serverFirst},${withoutProof}`;
  const proof = proofOf({ ...salted, iterations: Number(iterations) }, authMessage);
  search.add(`proof of SCRAM-${hash}`, proof);
  client.wire.write(`${base64(`${withoutProof},p=${proof.toString('base64')}`)}\r\n`);
  if (!(await client.wire.line()).startsWith('+ ')) return false;
  return (await client.command('')).ok;
}

async function apop(client: Pop3Client, secret: string): Promise<boolean> {
  const [timestamp = ''] = /<[^>]+>/.exec(client.greeting.text) ?? [];
  const digest = createHash('md5').update(timestamp).update(secret).digest('hex');
  search.add('digest of APOP', Buffer.from(digest, 'hex'));
  return (await client.command(`APOP ${user} ${digest}`)).ok;
}

const say =
  (...lines: string[]) =>
  async (client: Pop3Client): Promise<boolean> => {
    let isOk = false;
    for (const line of lines) {
      client.wire.write(`${line}\r\n`);
      isOk = (await client.wire.line()).startsWith('+OK');
    }
    return isOk;
  };

const ways: Record<string, (client: Pop3Client) => Promise<boolean>> = {
  USER: say(`USER ${user}`, latin1(`PASS ${password}`)),
  'an app password': (client) => say(`USER ${user}`, `PASS ${appPassword}`)(client),
  PLAIN: say(`AUTH PLAIN ${base64(`\0${user}\0${password}`)}`),
  'PLAIN in two lines': say('AUTH PLAIN', base64(`\0${user}\0${password}`)),
  LOGIN: say('AUTH LOGIN', base64(user), base64(password)),
  'SCRAM-SHA-1': (client) => scram(client, 'SHA-1', password),
  'SCRAM-SHA-256': (client) => scram(client, 'SHA-256', password),
  APOP: (client) => apop(client, apopSecret),
  OAUTHBEARER: say(`AUTH OAUTHBEARER ${base64(`n,a=${user},\x01auth=Bearer ${token}\x01\x01`)}`),
  XOAUTH2: say(`AUTH XOAUTH2 ${base64(`user=${user}\x01auth=Bearer ${token}\x01\x01`)}`),
};

const mistakes: Record<string, (client: Pop3Client) => Promise<boolean>> = {
  'a wrong password': say(`USER ${user}`, latin1(`PASS ${wrong}`)),
  'a wrong password in PLAIN': say(`AUTH PLAIN ${base64(`\0${user}\0${wrong}`)}`),
  'a wrong password in SCRAM': (client) => scram(client, 'SHA-256', wrong),
  'a wrong secret in APOP': (client) => apop(client, wrong),
  'the password in place of the name': say(latin1(`USER ${password}`), 'PASS x'),
  'the password as the name in PLAIN': say(`AUTH PLAIN ${base64(`\0${password}\0x`)}`),
  'the password as a command': say(latin1(password)),
  'the password behind QUIT': say(latin1(`QUIT ${password}`)),
  'a name and password in one': say(latin1(`USER ${user} ${password}`), 'PASS x'),
  'PLAIN that is no base64': say(`AUTH PLAIN !${base64(`\0${user}\0${password}`)}`),
};

async function attempt(way: (client: Pop3Client) => Promise<boolean>): Promise<boolean> {
  const client = await Pop3Client.connect({ port: node.pop3s, ca: node.ca });
  const isOk = await way(client);
  if (isOk) await client.quit();
  client.destroy();
  return isOk;
}

/** Of this process and all below it. */
function commandLines(): string {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      } catch {
        return '';
      }
    })
    .join('\n');
}

async function assertKept(): Promise<void> {
  assert.deepEqual(search.foundIn(node.log()), [], 'the log');
  assert.deepEqual(search.foundIn(node.printed()), [], 'what it printed');
  assert.deepEqual(search.foundIn(await scrape(node)), [], 'the metrics');
  assert.deepEqual(search.foundIn(commandLines()), [], 'the list of processes');
}

describe('secrets of those who log in', () => {
  test('are not said when they are right', async () => {
    for (const [name, way] of Object.entries(ways)) {
      const isOk = await attempt(way);
      assert.equal(isOk, true, name);
    }
    await eventually(() => {
      const opened = loginEvents(node).filter(({ outcome }) => outcome === 'opened');
      assert.equal(opened.length, Object.keys(ways).length, 'one event each');
      assert.ok(opened.every(({ tls, address }) => tls === 'TLSv1.3' && address === user));
    });
    await assertKept();
  });

  test('are not said when they are wrong, or in the wrong place', async () => {
    for (const [name, mistake] of Object.entries(mistakes)) {
      assert.equal(await attempt(mistake), false, name);
    }
    await assertKept();
  });

  test('are not said when the database is away', async () => {
    proxy.cutAfter(0, true);
    for (const [name, way] of Object.entries({ ...ways, ...mistakes })) {
      if (name.includes('SCRAM')) continue;
      assert.equal(await attempt(way), false, name);
    }
    proxy.mend();
    await eventually(() => assert.match(node.log(), /"event":"failure"/));
    await eventually(async () =>
      assert.equal(await attempt(mistakes['a wrong password'] ?? say('')), false),
    );
    await assertKept();
  });
});

describe('secrets that are given to commands', () => {
  async function run(argv: readonly string[], input = ''): Promise<{ code: number; said: string }> {
    const child = spawn(process.execPath, [program, ...argv], {
      cwd: folder,
      env: {
        PATH: process.env.PATH,
        NODE_COMPILE_CACHE: join(folder, 'compiled'),
        DATABASE_URL: `${database.url}&password=${databasePassword}`,
        POPLAR_LOG_LEVEL: 'trace',
      },
    });
    const said: string[] = [];
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (text: Buffer) => said.push(text.toString()));
    }
    child.stdin.on('error', () => {});
    child.stdin.end(input);
    const [code] = await once(child, 'close');
    return { code: Number(code), said: said.join('') };
  }

  test('are not said, whatever becomes of the command', async () => {
    const passwords = join(folder, 'passwd');
    writeFileSync(
      passwords,
      [
        `bob@example.org:{PLAIN}${password}`,
        `bad@example.org:{NO-SUCH-SCHEME}${password}`,
        `${password}`,
        `x@nowhere.example:{PLAIN}${password}`,
        `:${password}`,
        `ann@example.org:{CRYPT}$1$${password}`,
      ].join('\n'),
    );
    const commands: [argv: string, code: number, input?: string][] = [
      ['config', 0],
      [`mailbox add cat@example.org --password-stdin`, 0, password],
      [`mailbox add ${user} --password-stdin`, 1, password],
      [`mailbox passwd nobody@example.org --password-stdin`, 1, password],
      [`mailbox passwd cat@example.org --password-stdin`, 1, `${password}\u0007`],
      [`mailbox apop cat@example.org --password-stdin`, 0, apopSecret],
      [`mailbox apop nobody@example.org --password-stdin`, 1, apopSecret],
      [`mailbox show ${user}`, 0],
      [`mailbox app-password list ${user}`, 0],
      [`credential import ${passwords} --create`, 1],
      [`credential import ${passwords} --create --json`, 1],
    ];
    for (const [argv, code, input] of commands) {
      const ran = await run(argv.split(' '), input);
      assert.equal(ran.code, code, `${argv}: ${ran.said}`);
      assert.deepEqual(search.foundIn(ran.said), [], argv);
    }
    await assertKept();
  });
});
