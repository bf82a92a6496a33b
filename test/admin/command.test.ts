/**
 * The commands that are clients of the REST API: over a network to a node that runs, and in their own
 * process where none does. Either way the same is printed and the same is stored.
 */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { auditOf, storedMessages } from '../support/accidents.ts';
import { maildropNamed } from '../support/maildrops.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { runPoplar } from '../support/poplar-command.ts';
import { type RunningNode, startNode } from '../support/start-node.ts';
import {
  openTestDatabase,
  type TestDatabase,
  type TestMailbox,
  testSecret,
} from '../support/test-database.ts';

/** Nothing listens there: whoever reaches the database did not go this way. */
const nowhere = 'postgresql://127.0.0.1:1/nowhere';
/** No node can be there. */
const noDataDir = '/nonexistent/poplar';

let database: TestDatabase;
let node: RunningNode;

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
  await database.addMailbox('seed@example.org');
  await database.store.directory.setDomain({ name: 'example.org', undeleteWindowSeconds: 86_400 });
});
after(async () => {
  await node.stop();
  await database.drop();
});

function rootToken(): string {
  return readFileSync(join(node.dataDir, 'admin-token'), 'utf8').trim();
}

interface Way {
  readonly name: string;
  readonly actor: string;
  run(argv: string): Promise<{ code: number | null; out: string; err: string }>;
}

const ways: readonly Way[] = [
  {
    name: 'in its own process',
    actor: 'command',
    run: (argv) =>
      runPoplar(database.url, argv.split(' '), { environment: { POPLAR_DATA_DIR: noDataDir } }),
  },
  {
    name: 'to the node of the data directory',
    actor: 'root',
    run: (argv) =>
      runPoplar('', argv.split(' '), { environment: { POPLAR_DATA_DIR: node.dataDir } }),
  },
  {
    name: 'to the node of the data directory, told of its database',
    actor: 'root',
    run: (argv) =>
      runPoplar(database.url, argv.split(' '), { environment: { POPLAR_DATA_DIR: node.dataDir } }),
  },
  {
    name: 'to a node that is named',
    actor: 'root',
    run: (argv) =>
      runPoplar(nowhere, argv.split(' '), {
        environment: {
          POPLAR_ADMIN_URL: `http://127.0.0.1:${node.admin}`,
          POPLAR_ADMIN_TOKEN: rootToken(),
        },
      }),
  },
];

/** As a client of mail removes them. */
async function removeFirst({ address }: TestMailbox): Promise<void> {
  const client = await Pop3Client.connect({ port: node.pop3 });
  await client.login(address, testSecret);
  await client.ok('DELE 1');
  await client.ok('DELE 2');
  await client.quit();
}

for (const [index, { name, actor, run }] of ways.entries()) {
  describe(name, () => {
    const printed = async (argv: string): Promise<string> => {
      const { code, out, err } = await run(argv);
      assert.equal(code, 0, `poplar ${argv}: ${err}`);
      return out;
    };
    const refused = async (argv: string, reason: RegExp): Promise<void> => {
      const { code, out, err } = await run(argv);
      assert.deepEqual([code, out], [1, ''], err);
      assert.match(err, /^poplar: [^\n]+\n$/);
      assert.match(err, reason);
    };

    test('a mailbox is deleted, comes back, and has a quota', async () => {
      const { address } = await database.addMailbox(`gone${index}@example.org`);
      assert.match(await printed(`mailbox delete ${address} --grace 1h`), /can be had back until/);
      // Seven days, the usual grace, are more than what is left: that stays.
      assert.match(await printed(`mailbox delete ${address}`), /can be had back until/);
      assert.match(await printed(`mailbox undelete ${address}`), /is active again/);
      await refused(`mailbox undelete ${address}`, /no deleted mailbox/);
      assert.match(await printed(`mailbox quota ${address} 2GB`), /holds 2\.0 GB at most/);
      assert.match(await printed(`mailbox quota ${address} none`), /has no quota/);
      assert.deepEqual(await auditOf(database, address), [
        'mailbox.add by system',
        ...[`mailbox.delete by ${actor}`, `mailbox.undelete by ${actor}`],
        ...[`mailbox.set by ${actor}`, `mailbox.set by ${actor}`],
      ]);
    });

    test('what a QUIT removed is listed, restored and purged', async () => {
      const mailbox = await database.addMailbox(
        `mail${index}@example.org`,
        maildropNamed('three-messages'),
      );
      await removeFirst(mailbox);
      const { address } = mailbox;
      const flagged: unknown = JSON.parse(
        await printed(`message list ${address} --flagged --json`),
      );
      assert.ok(Array.isArray(flagged));
      assert.equal(flagged.length, 2);
      const id = String(Object(flagged[0]).messageId);
      assert.match(await printed(`message restore ${address} ${id}`), /^1 message of/);
      assert.equal((await database.visible(mailbox)).length, 2);
      assert.match(await printed(`message purge ${address} --all`), /^1 message of .* for good/);
      assert.equal(await storedMessages(database, mailbox), 2);
      assert.equal((await run(`message purge ${address}`)).code, 2, 'it must be told which');
    });

    test('a token is made, shown once, listed and revoked', async () => {
      const made: unknown = JSON.parse(await printed('token add watch --scope read --json'));
      const { token, tokenId } = Object(made);
      assert.match(token, /^poplar_/);
      const list = await printed('token list');
      assert.ok(!list.includes(token));
      assert.match(list, new RegExp(`^ *${tokenId} +watch +read +all +good +never$`, 'm'));
      await printed(`token revoke ${tokenId}`);
      await refused(`token revoke ${tokenId}`, /no such token/);
      assert.match(await printed('token list'), new RegExp(`^ *${tokenId} +watch.* revoked `, 'm'));
    });

    test('a domain is removed when it is empty, and the audit says so', async () => {
      await database.store.directory.addDomain({ name: `empty${index}.example` });
      assert.match(await printed(`domain remove empty${index}.example`), /removed/);
      await refused('domain remove example.org', /the domain has mailboxes/);
      const audit = await printed('audit');
      assert.match(audit, new RegExp(`${actor} +domain\\.remove +empty${index}\\.example`));
    });
  });
}

test('top shows nodes and who has a maildrop open', async () => {
  const mailbox = await database.addMailbox('watched@example.org');
  const client = await Pop3Client.connect({ port: node.pop3 });
  await client.login(mailbox.address, testSecret);
  const { code, out } = (await ways[1]?.run('top --once')) ?? {};
  assert.equal(code, 0);
  assert.match(out ?? '', /^NODE +STATE +SESSIONS +RENEWED +LOGINS\/s/m);
  assert.match(out ?? '', /^first +up +\d+ +\d+ s ago +no rates yet$/m, 'as `node list` has it');
  assert.match(out ?? '', /^watched@example\.org +first .* 127\.0\.0\.1/m);
  await client.quit();
});

test('an API that is not there, or does not know the token, is told in one line', async () => {
  const run = (POPLAR_ADMIN_URL: string, POPLAR_ADMIN_TOKEN: string) =>
    runPoplar(database.url, ['audit'], { environment: { POPLAR_ADMIN_URL, POPLAR_ADMIN_TOKEN } });
  const token = 'a-token-that-nobody-knows-of';
  const away = await run('http://127.0.0.1:1', token);
  assert.deepEqual([away.code, away.out], [1, '']);
  assert.match(away.err, /^poplar: http:\/\/127\.0\.0\.1:1 cannot be reached \(ECONNREFUSED\)\n$/);
  const stranger = await run(`http://127.0.0.1:${node.admin}`, token);
  assert.deepEqual([stranger.code, stranger.out], [1, '']);
  const refused = `http://127.0.0.1:${node.admin} refuses the token: POPLAR_ADMIN_TOKEN is not`;
  assert.equal(stranger.err, `poplar: ${refused} a good one\n`);
  const dataDir = mkdtempSync(join(tmpdir(), 'poplar-other-'));
  try {
    writeFileSync(join(dataDir, 'admin-token'), token);
    const environment = { POPLAR_ADMIN_URL: `http://127.0.0.1:${node.admin}` };
    const other = await runPoplar(database.url, ['audit'], {
      environment: { ...environment, POPLAR_DATA_DIR: dataDir },
    });
    const why = `set, and that of ${dataDir} is not a good one`;
    assert.deepEqual([other.code, other.err], [1, `poplar: ${refused} ${why}\n`]);
  } finally {
    rmSync(dataDir, { recursive: true });
  }
  assert.ok(!(away.err + stranger.err).includes(token));
});

describe('the node of a data directory is not asked', () => {
  const add = (url: string, domain: string, environment: Readonly<Record<string, string>>) =>
    runPoplar(url, ['domain', 'add', domain], {
      environment: { POPLAR_DATA_DIR: node.dataDir, ...environment },
    });

  test('about another database than its own', async () => {
    const other = await openTestDatabase();
    try {
      const { code, err } = await add(other.url, 'other.example', {});
      assert.deepEqual([code, err], [0, '']);
      assert.equal(await database.store.directory.findDomain('other.example'), null);
      assert.deepEqual(await auditOf(other, 'other.example'), ['domain.add by command']);
    } finally {
      await other.drop();
    }
  });

  test('with a token that it does not know', async () => {
    const token = 'a-token-that-nobody-knows-of';
    const { code } = await add(database.url, 'own.example', { POPLAR_ADMIN_TOKEN: token });
    assert.equal(code, 0);
    const audits = await auditOf(database, 'own.example');
    assert.deepEqual(audits, ['domain.add by command'], 'in its own process');
  });

  test('where something else is in the place of its socket', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'poplar-squat-'));
    const asked: string[] = [];
    const squatter = createServer((request, response) => {
      asked.push(request.url ?? '');
      response.end('what?');
    });
    try {
      writeFileSync(join(dataDir, 'admin-token'), rootToken());
      await once(squatter.listen(join(dataDir, 'admin.sock')), 'listening');
      const { code } = await add(database.url, 'sure.example', { POPLAR_DATA_DIR: dataDir });
      assert.equal(code, 0);
      assert.deepEqual(asked, ['/api/v1/config']);
      assert.deepEqual(await auditOf(database, 'sure.example'), ['domain.add by command']);
    } finally {
      squatter.close();
      squatter.closeAllConnections();
      rmSync(dataDir, { recursive: true });
    }
  });
});

test('the socket in the data directory is for its owner alone, and asks for a token', async () => {
  const socketPath = join(node.dataDir, 'admin.sock');
  assert.equal(statSync(socketPath).mode & 0o777, 0o600);
  const asking = get({ socketPath, path: '/api/v1/domains', timeout: 10_000 });
  const [response] = await once(asking, 'response');
  response.resume();
  assert.equal(response.statusCode, 401);
});

test('a token goes over no network in clear, and that of this host to no other', async () => {
  const run = (POPLAR_ADMIN_URL: string, environment: Readonly<Record<string, string>> = {}) =>
    runPoplar(database.url, ['audit'], {
      environment: { POPLAR_ADMIN_URL, POPLAR_DATA_DIR: node.dataDir, ...environment },
    });
  const clear = await run('http://pop.example.org:8110', { POPLAR_ADMIN_TOKEN: 'x' });
  assert.deepEqual([clear.code, clear.out], [1, '']);
  assert.match(clear.err, /^poplar: POPLAR_ADMIN_URL must begin with https: [^\n]+\n$/);
  const other = await run('https://pop.example.org:8110');
  assert.match(other.err, /^poplar: POPLAR_ADMIN_URL needs POPLAR_ADMIN_TOKEN\n$/);
  assert.match((await run('pop.example.org')).err, /^poplar: POPLAR_ADMIN_URL must be a URL/);
  const own = await run(`http://127.0.0.1:${node.admin}`);
  assert.equal(own.code, 0, own.err);
});

test('completion knows the commands and their options', async () => {
  const { out } = await runPoplar(nowhere, ['completion', 'bash']);
  const complete = (...words: readonly string[]): string => {
    const script = `${out}\nCOMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')})
      COMP_CWORD=${words.length - 1}; _poplar; echo "\${COMPREPLY[@]}"`;
    return spawnSync('bash', ['-c', script], { encoding: 'utf8', timeout: 10_000 }).stdout;
  };
  assert.match(complete('poplar', 'mes'), /^message\n$/);
  assert.match(complete('poplar', 'mailbox', ''), /\badd\b.*\bundelete\b/);
  assert.match(complete('poplar', 'mailbox', 'delete', 'a@b.example', '--g'), /^--grace\n$/);
  const zsh = await runPoplar(nowhere, ['completion', 'zsh']);
  assert.match(zsh.out, /bashcompinit/);
});
