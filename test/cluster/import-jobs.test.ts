/**
 * Imports over real nodes: one is killed in the middle, and another one says so and goes on; what is in memory
 * does not grow with what is imported.
 */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type ClientRequest, request } from 'node:http';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { AdminClient } from '../support/admin-client.ts';
import { eventually } from '../support/node-inspection.ts';
import { runPoplar } from '../support/poplar-command.ts';
import { type RunningNode, startNode } from '../support/start-node.ts';
import { openTestDatabase, type TestDatabase, type TestMailbox } from '../support/test-database.ts';

const token = 'a-token-of-both-nodes-that-nobody-guesses';
let database: TestDatabase;
let nodes: RunningNode[] = [];
let folder: string;

before(async () => {
  database = await openTestDatabase();
  folder = mkdtempSync(join(tmpdir(), 'poplar-jobs-'));
});
after(async () => {
  rmSync(folder, { recursive: true });
  await database.drop();
});
afterEach(async () => {
  await Promise.all(nodes.map((node) => node.stop()));
  nodes = [];
});

async function start(name: string): Promise<RunningNode> {
  const node = await startNode({
    databaseUrl: database.url,
    environment: {
      ...{ POPLAR_ROLES: 'admin', POPLAR_LISTEN_ADMIN: '127.0.0.1:0' },
      ...{ POPLAR_ADMIN_TOKEN: token, POPLAR_NODE_NAME: name },
    },
  });
  nodes.push(node);
  return node;
}

async function kill(node: RunningNode): Promise<void> {
  nodes = nodes.filter((one) => one !== node);
  await node.kill();
}

const from = 'From ann Tue Nov 24 03:08:00 2026\n';
/** Without UIDLs: one that is stored twice is there twice. */
const message = (at: number, octets: number): string =>
  `${from}N: ${at}\n\n${'x'.repeat(70)}${'\nx'.repeat(Math.max(0, octets - 120) / 2)}\n\n`;

/** The numbers of what is stored, in order. */
async function numbersIn(mailbox: TestMailbox): Promise<number[]> {
  const beginnings = await database.beginnings(mailbox, 20);
  return beginnings.map((text) => Number(/^N: (\d+)/.exec(text)?.[1]));
}

/** Resolves when so many are, of an import that goes on. */
const stored = (mailbox: TestMailbox, count: number): Promise<void> =>
  eventually(async () => assert.ok((await numbersIn(mailbox)).length >= count), 30_000);

const upTo = (count: number) => Array.from({ length: count }, (_, at) => at + 1);

function importing(node: RunningNode, { address }: TestMailbox, key: string): ClientRequest {
  const sent = request({
    ...{ host: '127.0.0.1', port: node.admin, method: 'POST', agent: false },
    path: `/api/v1/mailboxes/${address}/import`,
    signal: AbortSignal.timeout(240_000),
    headers: {
      ...{ authorization: `Bearer ${token}`, 'content-type': 'application/mbox' },
      'idempotency-key': key,
    },
  });
  sent.on('error', () => undefined);
  return sent;
}

/** To be called before the body is sent: an answer begins while it is. */
async function answerOf(sent: ClientRequest): Promise<Readonly<Record<string, unknown>>> {
  const [response] = await once(sent, 'response');
  let text = '';
  for await (const piece of response) text += String(piece);
  return JSON.parse(text.trimEnd().split('\n').at(-1) ?? '');
}

async function jobOf(node: RunningNode, { address }: TestMailbox) {
  const { body } = await new AdminClient(node.admin, token).get(`/jobs?address=${address}`);
  const [job] = Array.isArray(body.items) ? body.items : [];
  return job;
}

test('a node is killed in the middle: another one tells so, and goes on; nothing is lost or doubled', async () => {
  const first = await start('first');
  const second = await start('second');
  const mailbox = await database.addMailbox('killed@example.org');
  const key = 'key-of-the-killed-node';
  const sent = importing(first, mailbox, key);
  sent.write(
    upTo(1_500)
      .map((at) => message(at, 300))
      .join(''),
  );
  await stored(mailbox, 700);
  await kill(first);
  assert.equal((await jobOf(second, mailbox)).node, 'first');
  await eventually(async () => {
    assert.equal((await jobOf(second, mailbox)).state, 'interrupted');
  }, 40_000);
  const { position, finishedAt } = await jobOf(second, mailbox);
  assert.notEqual(finishedAt, null);
  assert.deepEqual(await numbersIn(mailbox), upTo(position));
  const again = importing(second, mailbox, key);
  const answering = answerOf(again);
  again.end(
    upTo(2_000)
      .map((at) => message(at, 300))
      .join(''),
  );
  const answer = await answering;
  assert.deepEqual([answer.done, answer.position, answer.messages], [true, 2_000, 2_000]);
  assert.deepEqual(await numbersIn(mailbox), upTo(2_000));
  assert.equal((await jobOf(second, mailbox)).node, 'second');
});

/** As a load balancer: a connection goes to the node that is up. */
async function balancer(target: () => number): Promise<Server> {
  const server = createServer((client: Socket) => {
    const node = connect({ host: '127.0.0.1', port: target() });
    for (const [one, other] of [
      [client, node],
      [node, client],
    ] as const) {
      one.on('error', () => other.destroy());
      one.on('close', () => other.destroy());
      one.pipe(other);
    }
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return server;
}

test('the command goes on by itself with the node that is left', async () => {
  const first = await start('first');
  const second = await start('second');
  const mailbox = await database.addMailbox('balanced@example.org');
  const file = join(folder, 'mbox');
  writeFileSync(
    file,
    upTo(3_000)
      .map((at) => message(at, 400))
      .join(''),
  );
  let port = first.admin;
  const server = await balancer(() => port);
  try {
    const bound = server.address();
    const url = `http://127.0.0.1:${typeof bound === 'object' && bound !== null ? bound.port : 0}`;
    const running = runPoplar('', ['mailbox', 'import', mailbox.address, file, '--json'], {
      environment: { POPLAR_ADMIN_URL: url, POPLAR_ADMIN_TOKEN: token },
    });
    await stored(mailbox, 500);
    await kill(first);
    port = second.admin;
    const { code, out, err } = await running;
    assert.deepEqual([code, err], [0, '']);
    const { end, imported, resumed } = JSON.parse(out);
    assert.deepEqual([end, imported], ['complete', 3_000]);
    assert.ok(resumed >= 1);
    assert.deepEqual(await numbersIn(mailbox), upTo(3_000));
  } finally {
    server.close();
  }
});

/** The most memory that a process has had, in MiB. */
function peakMib({ pid }: RunningNode): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
}

test('20,000 messages in one stream: all of them, in bounded memory', async () => {
  const node = await start('first');
  const warm = await database.addMailbox('warm@example.org');
  const begun = importing(node, warm, 'key-of-the-first');
  const warmed = answerOf(begun);
  begun.end(
    upTo(500)
      .map((at) => message(at, 10_000))
      .join(''),
  );
  await warmed;
  const before = peakMib(node);
  const mailbox = await database.addMailbox('large@example.org');
  const sent = importing(node, mailbox, 'key-of-the-large');
  const answered = answerOf(sent);
  let octets = 0;
  for (let at = 1; at <= 20_000; at += 500) {
    const some = Array.from({ length: 500 }, (_, index) => message(at + index, 10_000)).join('');
    octets += some.length;
    if (!sent.write(some)) await once(sent, 'drain');
  }
  sent.end();
  const answer = await answered;
  assert.deepEqual([answer.done, answer.messages], [true, 20_000]);
  assert.deepEqual(await numbersIn(mailbox), upTo(20_000));
  const grown = peakMib(node) - before;
  // Held as a whole it would be this much at least.
  assert.ok(grown < octets / 1024 / 1024 / 2, `${grown} MiB more for ${octets} octets`);
});
