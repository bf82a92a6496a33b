/**
 * The metrics and session events of a node against what its clients saw and what the database holds:
 * the same numbers, also of locks that were waited for or taken from a node that is gone.
 */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { endLeases, lockRow } from '../support/accidents.ts';
import { LmtpClient } from '../support/lmtp-client.ts';
import { maildropNamed } from '../support/maildrops.ts';
import { lines } from '../support/messages.ts';
import { eventually, metric, scrape } from '../support/node-inspection.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { RawClient } from '../support/raw-client.ts';
import { type RunningNode, startNode } from '../support/start-node.ts';
import {
  openTestDatabase,
  type TestDatabase,
  type TestMailbox,
  testSecret,
} from '../support/test-database.ts';
import { evaluateInWorker, inspectable } from '../support/worker-inspector.ts';

let database: TestDatabase;
let node: RunningNode;

before(async () => {
  database = await openTestDatabase();
  node = await started('watched');
});
after(async () => {
  await node.stop();
  await database.drop();
});

function started(name: string): Promise<RunningNode> {
  return startNode({
    databaseUrl: database.url,
    environment: { POPLAR_NODE_NAME: name, POPLAR_LOCK_WAIT_MS: '300' },
  });
}

function events(of: RunningNode, event: string, address: string): Record<string, unknown>[] {
  return of
    .log()
    .split('\n')
    .filter((line) => line.includes(`"event":"${event}"`) && line.includes(address))
    .map((line) => JSON.parse(line));
}

/** The names of all series, without their values. */
function seriesOf(text: string): Set<string> {
  const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Set(samples.map((line) => line.slice(0, line.lastIndexOf(' '))));
}

function commands(verb: string, result: string): Promise<number> {
  return metric(node, 'poplar_commands_total', { verb, result });
}

async function session(of: RunningNode, { address }: TestMailbox): Promise<Pop3Client> {
  const client = await Pop3Client.connect({ port: of.pop3 });
  await client.login(address, testSecret);
  return client;
}

describe('metrics', () => {
  test('a session: each command and byte, what was marked and what was committed', async () => {
    const box = await database.addMailbox('counted@example.org', maildropNamed('three-messages'));
    const said = [
      ...['CAPA', 'NONSENSE', `USER ${box.address}`, 'PASS wrong', `USER ${box.address}`],
      ...[`PASS ${testSecret}`, 'STAT', 'UIDL', 'RETR 1', 'RETR 2', 'TOP 3 0', 'RETR 9'],
      ...['DELE 1', 'DELE 3', 'DELE 3', 'QUIT'],
    ];
    const input = lines(...said);
    const client = await RawClient.connect({ port: node.pop3 });
    client.write(input);
    await client.closed();
    assert.match(client.tail, /\r\n$/);
    await eventually(async () => {
      assert.equal(await metric(node, 'poplar_messages_flagged_total'), 2);
      assert.equal(await metric(node, 'poplar_sent_bytes_total'), client.octets);
    });
    const expected = { 'CAPA ok': 1, 'invalid err': 1, 'USER ok': 2, 'PASS err': 1, 'PASS ok': 1 };
    const inSession = { 'STAT ok': 1, 'UIDL ok': 1, 'RETR ok': 2, 'RETR err': 1, 'TOP ok': 1 };
    const atItsEnd = { 'DELE ok': 2, 'DELE err': 1, 'QUIT ok': 1, 'QUIT err': 0 };
    for (const [name, times] of Object.entries({ ...expected, ...inSession, ...atItsEnd })) {
      const [verb = '', result = ''] = name.split(' ');
      assert.equal(await commands(verb, result), times, name);
    }
    const timed = await metric(node, 'poplar_command_duration_seconds_count');
    assert.equal(timed, said.length, 'each command was timed');
    assert.equal(await metric(node, 'poplar_received_bytes_total'), input.length);
    assert.equal(await metric(node, 'poplar_messages_marked_total'), 2);
    assert.equal(await metric(node, 'poplar_messages_retrieved_total'), 2);
    assert.equal(await metric(node, 'poplar_session_duration_seconds_count'), 1);
    assert.equal(await metric(node, 'poplar_login_reasons_total', { reason: 'wrong-secret' }), 1);
    assert.equal(await metric(node, 'poplar_hash_duration_seconds_count'), 2);
    assert.equal((await database.visible(box)).length, 1, 'the database holds what is left');

    const [event, ...more] = events(node, 'session', box.address);
    assert.deepEqual(more, []);
    const { session: id, time, durationMs, msg, remote, ...rest } = event ?? {};
    assert.deepEqual(rest, {
      ...{ level: 'info', node: 'watched', role: 'pop3', worker: rest.worker, event: 'session' },
      ...{ reason: 'quit', address: box.address, tls: null },
      ...{ octetsIn: input.length, octetsOut: client.octets },
      ...{ retrieved: 2, topped: 1, marked: 2, flagged: 2 },
    });
    assert.match(String(id), /^[0-9a-f]{10}-[0-9a-z]+$/);
    assert.equal(typeof durationMs, 'number');
    const logins = events(node, 'login', box.address).map((login) => login.session);
    assert.deepEqual(logins, [id, id], 'both attempts are of this session');
  });

  test('what a node counts is told to the cluster, and any node repeats it', async () => {
    const other = await started('asked');
    try {
      await eventually(async () => {
        const answer = await fetch(`http://127.0.0.1:${other.ops}/metrics/cluster`);
        const said = (await answer.text()).split('\n');
        for (const line of [
          'poplar_cluster_logins_total{node="watched",outcome="opened"} 1',
          'poplar_cluster_logins_total{node="watched",outcome="credentials"} 1',
          'poplar_cluster_logins_total{node="asked",outcome="opened"} 0',
          'poplar_cluster_messages_flagged_total{node="watched"} 2',
          'poplar_cluster_connections{node="watched"} 0',
        ]) {
          assert.ok(
            said.includes(line),
            `${line}: ${said.filter((one) => one.includes('logins'))}`,
          );
        }
      }, 30_000);
      const { nodes } = await database.store.cluster.figures();
      const held = nodes.find(({ nodeName }) => nodeName === 'watched')?.report?.figures;
      assert.equal(held?.sentOctets, await metric(node, 'poplar_sent_bytes_total'));
    } finally {
      await other.stop();
    }
  });

  test('TLS by version and resumption, and bytes that are those inside it', async () => {
    const box = await database.addMailbox('secured@example.org', maildropNamed('two-messages'));
    const before = await metric(node, 'poplar_sent_bytes_total', { listener: 'pop3s' });
    const client = await Pop3Client.connect({ port: node.pop3s, ca: node.ca });
    await client.login(box.address, testSecret);
    await client.quit();
    await eventually(async () => {
      const sent = await metric(node, 'poplar_sent_bytes_total', { listener: 'pop3s' });
      const [event] = events(node, 'session', box.address);
      assert.equal(sent - before, event?.octetsOut);
      assert.equal(event?.tls, 'TLSv1.3');
    });
    assert.equal(await metric(node, 'poplar_tls_versions_total', { version: 'TLSv1.3' }), 1);
  });

  test('a maildrop in use is a wait; one of a node that is gone is a theft', async () => {
    const box = await database.addMailbox('wanted@example.org', maildropNamed('two-messages'));
    const other = await started('lost');
    const holder = await session(other, box);
    const late = await Pop3Client.connect({ port: node.pop3 });
    await late.ok(`USER ${box.address}`);
    assert.equal((await late.command(`PASS ${testSecret}`)).code, 'IN-USE');
    const waits = (outcome: string): Promise<number> =>
      metric(node, 'poplar_lock_wait_duration_seconds_count', { outcome });
    assert.deepEqual([await waits('in-use'), await waits('opened')], [1, 0]);
    assert.equal(await metric(node, 'poplar_locks_stolen_total'), 0);

    await other.kill();
    holder.destroy();
    await endLeases(database, 'lost');
    await late.login(box.address, testSecret);
    assert.equal(await metric(node, 'poplar_locks_stolen_total'), 1);
    assert.notEqual((await lockRow(database, box))?.token, null);
    await late.quit();
    const thief = await session(node, box);
    assert.equal(await metric(node, 'poplar_locks_stolen_total'), 1, 'a free lock is not stolen');
    await thief.quit();
  });

  test('mail that comes in and goes out: LMTP, bodies, flags, purge', async () => {
    const box = await database.addMailbox('mailed@example.org');
    const delivered = (outcome: string): Promise<number> =>
      metric(node, 'poplar_deliveries_total', { outcome });
    const purgedBefore = await metric(node, 'poplar_messages_purged_total');
    const lmtp = await LmtpClient.connect({ port: node.lmtp });
    const content = lines('Subject: small', '', 'Hello.');
    await lmtp.delivered({ from: 'a@example.net', to: [box.address], content });
    const large = lines('Subject: large', '', ...Array(4_000).fill('x'.repeat(76)));
    await lmtp.delivered({ from: 'a@example.net', to: [box.address], content: large });
    assert.equal((await lmtp.command('MAIL FROM:<a@example.net>')).code, 250);
    assert.equal((await lmtp.command('RCPT TO:<nobody@example.org>')).code, 550);
    await lmtp.quit();
    assert.deepEqual([await delivered('delivered'), await delivered('no-mailbox')], [2, 1]);
    assert.equal(await metric(node, 'poplar_delivery_duration_seconds_count'), 2);
    const stored = events(node, 'message', '"role":"maildrop"');
    assert.equal(stored.length, 2);
    for (const { id, recipients, outcome, durationMs } of stored) {
      assert.match(String(id), /^[0-9a-f]{16}$/);
      assert.deepEqual([recipients, outcome, typeof durationMs], [1, 'delivered', 'number']);
    }
    const reader = await session(node, box);
    const streams = await metric(node, 'poplar_body_reads_total', { way: 'stream' });
    await reader.content('RETR 2');
    const now = await metric(node, 'poplar_body_reads_total', { way: 'stream' });
    assert.equal(now, streams + 1);
    await reader.ok('DELE 1');
    await reader.ok('DELE 2');
    await reader.quit();
    await eventually(async () => {
      assert.equal(await metric(node, 'poplar_messages_purged_total'), purgedBefore + 2);
    }, 15_000);
    assert.deepEqual(await database.visible(box), []);
  });

  test('maildrops by size as they were opened, what was removed of them before included', async () => {
    const bucket = (unit: string, le: string): Promise<number> =>
      metric(node, `poplar_opened_maildrop_${unit}_bucket`, { le });
    const seen = async () => ({
      ...{ none: await bucket('messages', '0'), few: await bucket('messages', '10') },
      sessions: await metric(node, 'poplar_opened_maildrop_messages_count'),
      messages: await metric(node, 'poplar_opened_maildrop_messages_sum'),
      octets: await metric(node, 'poplar_opened_maildrop_bytes_sum'),
    });
    const box = await database.addMailbox('sized@example.org', maildropNamed('three-messages'));
    const before = await seen();
    const first = await session(node, box);
    const [, count = '', octets = ''] = /^(\d+) (\d+)/.exec((await first.ok('STAT')).text) ?? [];
    assert.equal(count, '3');
    for (const number of [1, 2, 3]) await first.ok(`DELE ${number}`);
    await first.quit();
    const second = await session(node, box);
    await second.quit();
    assert.deepEqual(await database.visible(box), []);
    const { none, few, sessions, messages, octets: sum } = before;
    assert.deepEqual(await seen(), {
      ...{ none: none + 1, few: few + 2, sessions: sessions + 2 },
      ...{ messages: messages + 3, octets: sum + Number(octets) },
    });
  });

  test('a thread that stands still is seen by its number, and not hidden by the others', async () => {
    const other = await startNode({
      databaseUrl: database.url,
      environment: { POPLAR_NODE_NAME: 'uneven', ...inspectable },
    });
    try {
      const name = 'poplar_worker_event_loop_delay_max_seconds';
      const largest = (worker: string) => metric(other, name, { role: 'pop3', worker });
      const former = await largest('0');
      const until = 'const until = Date.now() + 3000; while (Date.now() < until);';
      await evaluateInWorker(other, 'pop3 1', until);
      await eventually(async () => assert.ok((await largest('1')) >= 2.5, `${await largest('1')}`));
      const [one, still] = [await largest('0'), await largest('1')];
      assert.ok(one <= Math.max(former, 2.4), `${one} of the other, ${still} of this one`);
      const said = await scrape(other);
      assert.equal(said.match(new RegExp(`^${name}\\{`, 'gm'))?.length, 3, 'one of each thread');
      assert.doesNotMatch(said, new RegExp(`^${name} `, 'm'), 'and no sum');
    } finally {
      await other.stop();
    }
  });

  test('what clients say makes no series that was not there, whatever they say', async () => {
    const before = seriesOf(await scrape(node));
    const client = await RawClient.connect({ port: node.pop3 });
    client.write(lines('AUTH X-MINE', 'USER {"a"}', 'PASS x', 'HELO\u0001', 'XYZZY 1', 'QUIT'));
    await client.closed();
    await eventually(async () => {
      assert.equal(await metric(node, 'poplar_connections', { listener: 'pop3' }), 0);
    });
    // What the main thread counts of its own runtime has labels that come and go.
    const grown = [...seriesOf(await scrape(node))].filter(
      (series) => !before.has(series) && series.startsWith('poplar_'),
    );
    assert.deepEqual(grown, []);
  });

  test('the store: batches, caches, connections and statements', async () => {
    const statement = (name: string): Promise<number> =>
      metric(node, 'poplar_postgresql_statement_duration_seconds_count', { statement: name });
    for (const name of ['take_locks', 'find_logins', 'copy_body', 'flag_messages', 'other']) {
      assert.ok((await statement(name)) > 0, `${name} was timed`);
    }
    assert.ok((await metric(node, 'poplar_open_batch_size_count')) > 0);
    assert.ok((await metric(node, 'poplar_snapshot_cache_misses_total')) > 0);
    const idle = { lane: 'short', state: 'idle' };
    // LMTP, the main thread, and each worker for POP3 that has had a client.
    const lines = await metric(node, 'poplar_postgresql_connections', idle);
    assert.ok(lines === 3 || lines === 4, `${lines} lines`);
    assert.ok((await metric(node, 'poplar_event_loop_delay_seconds_count')) > 0);
    assert.ok((await metric(node, 'poplar_worker_external_bytes')) > 0);
  });
});
