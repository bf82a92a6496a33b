/**
 * Webhooks of real nodes: mail that comes in by LMTP, logins that fail, a lock of a node that was killed, told
 * to a real receiver; and a node that is killed before it has sent what it has written.
 */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { allMessageIds, formerSecrets, outboxOf, webhookUrls } from '../support/accidents.ts';
import { AdminClient } from '../support/admin-client.ts';
import { type EventReceiver, startEventReceiver } from '../support/event-receiver.ts';
import { LmtpClient } from '../support/lmtp-client.ts';
import { attemptLogin } from '../support/login-attempt.ts';
import { maildropNamed } from '../support/maildrops.ts';
import { eventually, metric } from '../support/node-inspection.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { runPoplar } from '../support/poplar-command.ts';
import { type RunningNode, startNode } from '../support/start-node.ts';
import { openTestDatabase, type TestDatabase, testSecret } from '../support/test-database.ts';

/** More than a claim lasts, on a machine that is busy. */
const takenUpWithinMs = 60_000;
const sentWithinMs = 20_000;

const secretLine = /^whsec_[\w-]{43}\n$/;

let database: TestDatabase;
let node: RunningNode;
let admin: AdminClient;
let receiver: EventReceiver;

const settings = {
  POPLAR_LISTEN_ADMIN: '127.0.0.1:0',
  POPLAR_WEBHOOK_NETWORKS: '127.0.0.0/8',
  POPLAR_WEBHOOK_HTTP: 'true',
  POPLAR_AUTH_TRUSTED_NETWORKS: '',
};

function start(name: string, roles: string): Promise<RunningNode> {
  const environment = { ...settings, POPLAR_NODE_NAME: name, POPLAR_ROLES: roles };
  return startNode({ databaseUrl: database.url, workers: 1, environment });
}

function adminOf({ admin: port, dataDir }: RunningNode): AdminClient {
  return new AdminClient(port, readFileSync(join(dataDir, 'admin-token'), 'utf8').trim());
}

before(async () => {
  database = await openTestDatabase();
  receiver = await startEventReceiver();
  await database.addMailbox('ann@example.org');
  node = await start('first', 'pop3,maildrop,admin');
  admin = adminOf(node);
  const events = ['message.delivered', 'login.failed_many', 'lock.broken', 'quota.near'];
  const made = await admin.post('/webhooks', { url: receiver.url, events });
  assert.equal(made.status, 201, made.text);
  receiver.secret = String(made.body.secret);
});
after(async () => {
  await node.stop();
  await receiver.end();
  await database.drop();
});

async function deliver(to: RunningNode, address: string): Promise<void> {
  const client = await LmtpClient.connect({ port: to.lmtp });
  const content = 'Subject: told\r\n\r\nx\r\n';
  const [reply] = await client.deliver({ from: 'bob@example.net', to: [address], content });
  assert.equal(reply?.code, 250);
  await client.quit();
}

function outbox(event: string, address: string | null): Promise<Record<string, unknown>[]> {
  return outboxOf(database, event, address);
}

function toldOf(event: string, address: string | null): readonly string[] {
  const of = receiver.events.filter((told) => told.event === event && told.mailbox === address);
  return of.map(({ id }) => id);
}

async function told(event: string, address: string | null, withinMs = sentWithinMs): Promise<void> {
  await eventually(async () => {
    const rows = await outbox(event, address);
    assert.ok(rows.length > 0, 'nothing was written');
    assert.ok(
      rows.every(({ state }) => state === 'delivered'),
      JSON.stringify(rows),
    );
  }, withinMs);
}

test('mail that comes in is told of, signed, when it is stored', async () => {
  await deliver(node, 'ann@example.org');
  await told('message.delivered', 'ann@example.org');
  const [row] = await outbox('message.delivered', 'ann@example.org');
  assert.deepEqual(toldOf('message.delivered', 'ann@example.org'), [row?.id]);
  assert.partialDeepStrictEqual(row, { state: 'delivered', attempts: 1, status: 204 });
  assert.deepEqual([receiver.events.at(-1)?.data.messageId], await allMessageIds(database));
  const sent = await metric(node, 'poplar_webhook_attempts_total', { outcome: 'delivered' });
  assert.ok(sent >= 1, `${sent} attempts`);
  assert.ok(!(node.log() + node.printed()).includes(receiver.secret));
});

test('what a node has written and was killed with is sent by another one', async () => {
  await database.addMailbox('ben@example.org');
  const doomed = await start('second', 'maildrop');
  receiver.status = 503;
  await deliver(doomed, 'ben@example.org');
  await doomed.kill();
  assert.equal((await outbox('message.delivered', 'ben@example.org')).length, 1);
  receiver.status = 204;
  await told('message.delivered', 'ben@example.org');
  const ids = new Set(toldOf('message.delivered', 'ben@example.org'));
  assert.equal(ids.size, 1);
});

test('a node that is killed while it waits for the answer: another one sends again, under the same id', async () => {
  await database.addMailbox('cleo@example.org');
  await node.stop();
  const doomed = await start('third', 'maildrop,admin');
  receiver.status = null;
  await deliver(doomed, 'cleo@example.org');
  await eventually(async () => {
    assert.equal(toldOf('message.delivered', 'cleo@example.org').length, 1);
  }, sentWithinMs);
  await doomed.kill();
  receiver.status = 204;
  node = await start('first', 'pop3,maildrop,admin');
  const [claimed] = await outbox('message.delivered', 'cleo@example.org');
  assert.partialDeepStrictEqual(claimed, { state: 'pending', attempts: 1, status: null });
  await told('message.delivered', 'cleo@example.org', takenUpWithinMs);
  const [row] = await outbox('message.delivered', 'cleo@example.org');
  assert.partialDeepStrictEqual(row, { state: 'delivered', attempts: 2, status: 204 });
  const ids = toldOf('message.delivered', 'cleo@example.org');
  assert.deepEqual(ids, [row?.id, row?.id], 'twice, one event');
});

test('a lock that is taken from a node that is gone is told of', async () => {
  const { address } = await database.addMailbox('dan@example.org', maildropNamed('three-messages'));
  const doomed = await start('fourth', 'pop3');
  const client = await Pop3Client.connect({ port: doomed.pop3 });
  await client.login(address, testSecret);
  await doomed.kill();
  await eventually(
    async () => {
      const next = await Pop3Client.connect({ port: node.pop3 });
      await next.ok(`USER ${address}`);
      const { ok } = await next.command(`PASS ${testSecret}`);
      await next.quit();
      assert.ok(ok, 'its lease runs');
    },
    takenUpWithinMs,
    500,
  );
  await told('lock.broken', address);
  assert.deepEqual(receiver.events.at(-1)?.data, { by: 'lease' });
});

test('a quota that a delivery brings near is told of once', async () => {
  const { address } = await database.addMailbox('flo@example.org');
  await deliver(node, address);
  admin = adminOf(node);
  const shown = await admin.get(`/mailboxes/${address}`);
  const octets = Number(shown.body.octets);
  assert.ok(octets > 0, shown.text);
  // The second message is below the mark, the third beyond it.
  const quota = { quotaOctets: Math.ceil((octets * 3) / 0.95) };
  const set = await admin.send('PATCH', `/mailboxes/${address}`, quota);
  assert.equal(set.status, 200, set.text);
  await deliver(node, address);
  assert.deepEqual(await outbox('quota.near', address), []);
  await deliver(node, address);
  await told('quota.near', address);
  const event = receiver.events.find((one) => one.event === 'quota.near');
  const kept = await admin.get(`/mailboxes/${address}`);
  const { octets: held, quotaOctets } = kept.body;
  assert.deepEqual(event?.data, { octets: held, quotaOctets });
  assert.equal((await outbox('quota.near', address)).length, 1);
});

test('a lock that an administrator breaks is told of', async () => {
  const { address } = await database.addMailbox('gil@example.org');
  const client = await Pop3Client.connect({ port: node.pop3 });
  await client.login(address, testSecret);
  const broken = await runPoplar('', ['session', 'kick', address, '--break'], {
    environment: { POPLAR_DATA_DIR: node.dataDir },
  });
  assert.equal(broken.code, 0, broken.err);
  await told('lock.broken', address);
  const event = receiver.events.find((one) => one.mailbox === address);
  assert.partialDeepStrictEqual(event?.data, { by: 'root', node: 'first' });
  client.destroy();
});

test('many failed logins of a mailbox, and from an address, are told of once', async () => {
  const { address } = await database.addMailbox('eve@example.org');
  const guess = (user: string, from: string, secret: string) =>
    attemptLogin({ port: node.pop3, user, secret, from });
  // From many addresses to one mailbox, then from one address to many names.
  for (let round = 0; round < 5; round += 1) {
    const guesses = Array.from({ length: 6 }, (_, at) =>
      guess(address, `127.0.9.${round * 6 + at + 1}`, `wrong ${round} ${at}`),
    );
    await Promise.all(guesses);
  }
  await told('login.failed_many', address);
  assert.equal((await outbox('login.failed_many', address)).length, 1);
  const event = receiver.events.find((one) => one.mailbox === address);
  assert.ok(Number(event?.data.failures) >= 20, JSON.stringify(event));
  assert.deepEqual(await outbox('login.failed_many', null), [], 'no address has failed much');
});

test('the command makes, tests, lists and removes one', async () => {
  const environment = { POPLAR_DATA_DIR: node.dataDir };
  const run = async (...argv: readonly string[]) => {
    const { code, out, err } = await runPoplar('', ['webhook', ...argv], { environment });
    assert.equal(code, 0, err);
    return out;
  };
  const made = await run('add', receiver.url, '--events', 'quota.near', '--domain', 'example.org');
  const [, id = '', secret = ''] = /^webhook (\d+) (whsec_[\w-]{43})\n$/.exec(made) ?? [];
  assert.notEqual(id, '', made);
  const [former] = [receiver.secret];
  receiver.secret = secret;
  assert.match(await run('test', id), /^delivery \d+ of webhook \d+ is on its way\n$/);
  await told('webhook.test', null);
  receiver.secret = former;
  assert.match(
    await run('deliveries', id, '--state', 'delivered'),
    /webhook\.test +delivered +1 +204/,
  );
  const listed = await run('list');
  assert.match(listed, new RegExp(`${id} +${receiver.url} +quota\\.near +example\\.org +active`));
  assert.doesNotMatch(listed, /whsec_/);
  assert.match(await run('rotate', id, '--drop-former'), secretLine);
  assert.deepEqual(await formerSecrets(database, id), [null]);
  assert.match(await run('rotate', id), secretLine);
  assert.notDeepEqual(await formerSecrets(database, id), [null]);
  const newest = `webhook ${id} signs with its newest secret alone\n`;
  assert.equal(await run('drop-former', id), newest);
  assert.deepEqual(await formerSecrets(database, id), [null]);
  assert.equal(await run('suspend', id), `webhook ${id} is suspended\n`);
  assert.match(await run('list'), /suspended/);
  assert.equal(await run('remove', id), `webhook ${id} removed\n`);
  assert.doesNotMatch(await run('list'), /example\.org/);
  assert.deepEqual(await webhookUrls(database), [receiver.url]);
  for (const [event, exitCode] of [
    ['quota.near', 1],
    ['x', 2],
  ] as const) {
    const argv = ['webhook', 'add', 'http://10.0.0.1/', '--events', event];
    assert.equal((await runPoplar('', argv, { environment })).code, exitCode, event);
  }
  const script = await runPoplar('', ['completion', 'bash'], { environment });
  assert.match(
    script.out,
    /'webhook'\) words='list add remove suspend resume rotate drop-former test deliveries/,
  );
});
