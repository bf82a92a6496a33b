/**
 * Exports, and jobs as they are told: what goes out comes back octet for octet; nobody is told that an export
 * is complete when it is not; whoever follows a job hears of its end, whatever becomes of its node.
 */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { MailboxId } from '@poplar/store';
import { type ApiFixture, apiFixture } from '../testing/api-fixture.ts';
import { jobFollowersMax } from '../transfer/limits.ts';

const withinMs = 20_000;
let api: ApiFixture;
let port: number;

before(async () => {
  api = await apiFixture();
  for (const name of ['example.org', 'example.net']) await api.store.directory.addDomain({ name });
  const bound = api.app.server.address();
  port = typeof bound === 'object' && bound !== null ? bound.port : 0;
});
after(() => api.end());

const addMailbox = (address: string): Promise<MailboxId> =>
  api.store.directory.addMailbox({ address, secret: null });

/** Wire forms with what formats could take for their own, and their UIDLs. */
const letters: readonly (readonly [wire: string, uidl: string | null])[] = [
  ['From: a\r\n\r\nFrom b Tue Nov 24 03:08:00 2026\r\nFrom c\r\n>From d\r\n>>From e\r\n', null],
  ['A: 1\r\n\r\n..\r\n..x\r\n.. From\r\n\r\n\r\n', 'of-another-server'],
  ['A: 2\r\n\r\n', ':odd!~'],
  ['X-UIDL: in-header\r\n\r\nx\r\n', null],
  ['A: \u00e9\u4e2d\r\n\r\n\u0000\u0001\u00ff\t \r\n>\r\n>From\r\n', null],
  [`A: 3\r\n\r\n${'y'.repeat(200_000)}\r\n`, null],
  [`A: 4\r\n\r\n${`${'z'.repeat(70)}\r\n`.repeat(40_000)}`, 'large'],
  ['From x\r\n\r\nFrom the first line on\r\n', null],
];

async function deliver(mailboxId: MailboxId, wire: string, uidl: string | null): Promise<void> {
  const bytes = Buffer.from(wire);
  const { delivered } = await api.store.deliver({
    deliveries: [{ mailboxId, prefix: new Uint8Array(0) }],
    pieces: [bytes],
    octets: bytes.length - (wire.match(/(?<=^|\n)\./g)?.length ?? 0),
    headerOctets: Buffer.from(wire.slice(0, wire.indexOf('\r\n\r\n') + 4)).length,
    ...(uidl === null ? {} : { uidl }),
    receivedAt: new Date(Date.UTC(2026, 10, 24, 8, 0, 0, 250)),
  });
  assert.deepEqual(delivered, ['delivered']);
}

interface Stored {
  readonly uidl: string;
  readonly octets: number;
  readonly header: number;
  readonly at: string;
  readonly body: string;
}

async function storedIn(address: string): Promise<Stored[]> {
  const rows = await api.database.query(
    `select coalesce(m.uidl, replace(encode(int8send(m.message_id) || uuid_send(m.guid), 'base64'), E'\\n', ''))
              as uidl,
            m.octets::int, m.header_octets::int as header, encode(b.body, 'hex') as body,
            to_char(m.received_at at time zone 'utc', 'YYYY-MM-DD HH24:MI:SS.MS') as at
     from message m join message_body b using (mailbox_id, message_id)
     join mailbox x using (mailbox_id) where x.address = $1 order by message_id`,
    [address],
  );
  return rows.map(({ uidl, octets, header, at, body }) => ({
    ...{ uidl: String(uidl), octets: Number(octets), header: Number(header) },
    ...{ at: String(at), body: String(body) },
  }));
}

interface Exported {
  readonly octets: Buffer;
  readonly response: IncomingMessage;
}

async function answering(path: string, token = api.root): Promise<IncomingMessage> {
  const sent = get({
    ...{ host: '127.0.0.1', port, path: `/api/v1${path}`, agent: false },
    signal: AbortSignal.timeout(withinMs),
    headers: { authorization: `Bearer ${token}` },
  });
  const [response] = await once(sent, 'response');
  return response;
}

async function exported(address: string, format: string): Promise<Exported> {
  const response = await answering(`/mailboxes/${address}/export?format=${format}`);
  assert.equal(response.statusCode, 200);
  const pieces: Buffer[] = [];
  for await (const piece of response) pieces.push(Buffer.from(piece));
  return { octets: Buffer.concat(pieces), response };
}

async function imported(address: string, octets: Buffer, type: string): Promise<void> {
  const path = `/api/v1/mailboxes/${address}/import`;
  const headers = { 'content-type': type };
  const { text } = await api.ask({ method: 'POST', path, body: octets, headers });
  assert.match(text, /"done":true/);
}

describe('what goes out comes back octet for octet', () => {
  before(async () => {
    const mailboxId = await addMailbox('ann@example.org');
    for (const [wire, uidl] of letters) await deliver(mailboxId, wire, uidl);
    await deliver(mailboxId, 'A: flagged\r\n\r\n', null);
    await api.database.query(
      `update message set deleted_at = now() where mailbox_id = $1
       and message_id = (select max(message_id) from message where mailbox_id = $1)`,
      [mailboxId],
    );
  });

  test('as a Maildir: with its UIDLs, also those that Poplar made, and its dates', async () => {
    const before = (await storedIn('ann@example.org')).slice(0, letters.length);
    const { octets, response } = await exported('ann@example.org', 'maildir');
    assert.equal(response.headers['content-type'], 'application/x-tar');
    await addMailbox('maildir@example.org');
    await imported('maildir@example.org', octets, 'application/x-tar');
    assert.deepEqual(await storedIn('maildir@example.org'), before);
    const { body } = await api.call('GET', `/jobs/${String(response.headers['poplar-job'])}`);
    assert.deepEqual(
      [body.state, body.kind, body.position, body.messages],
      ['complete', 'export', letters.length, letters.length],
    );
  });

  test('as an mbox: with the UIDLs that are in headers, and dates to the second', async () => {
    const before = (await storedIn('ann@example.org')).slice(0, letters.length);
    const { octets } = await exported('ann@example.org', 'mbox');
    await addMailbox('mbox@example.org');
    await imported('mbox@example.org', octets, 'application/mbox');
    const found = await storedIn('mbox@example.org');
    const withoutNames = (all: readonly Stored[]) =>
      all.map(({ octets: size, header, at, body }) => ({
        size,
        header,
        body,
        at: at.slice(0, 19),
      }));
    assert.deepEqual(withoutNames(found), withoutNames(before));
    const kept = found.map(({ uidl }) => uidl).filter((uidl) => uidl === 'in-header');
    assert.equal(kept.length, 1);
  });
});

test('an empty mailbox is exported, and one that is suspended; one that is not there is not', async () => {
  await addMailbox('empty@example.org');
  assert.equal((await exported('empty@example.org', 'mbox')).octets.length, 0);
  const { octets } = await exported('empty@example.org', 'maildir');
  await addMailbox('into@example.org');
  await imported('into@example.org', octets, 'application/x-tar');
  await api.call('PATCH', '/mailboxes/empty@example.org', { status: 'suspended' });
  assert.equal((await exported('empty@example.org', 'mbox')).octets.length, 0);
  assert.equal((await answering('/mailboxes/nobody@example.org/export')).statusCode, 404);
  assert.equal((await answering('/mailboxes/ann@example.org/export?format=zip')).statusCode, 400);
});

test('an export that is cancelled, or whose client goes, breaks off, and its job says so', async () => {
  const mailboxId = await addMailbox('long@example.org');
  for (let at = 0; at < 15; at += 1) await deliver(mailboxId, letters[6]?.[0] ?? '', null);
  const begin = async () => {
    const response = await answering('/mailboxes/long@example.org/export');
    return { response, jobId: String(response.headers['poplar-job']) };
  };
  const stateOf = async (jobId: string) => (await api.call('GET', `/jobs/${jobId}`)).body.state;
  const first = await begin();
  assert.equal(await stateOf(first.jobId), 'running');
  await api.call('POST', `/jobs/${first.jobId}/cancel`);
  await assert.rejects(async () => {
    for await (const piece of first.response) assert.ok(piece.length > 0);
  }, /aborted/);
  assert.equal(await stateOf(first.jobId), 'cancelled');
  const second = await begin();
  second.response.destroy();
  const deadline = Date.now() + withinMs;
  while ((await stateOf(second.jobId)) === 'running') {
    assert.ok(Date.now() < deadline);
    await sleep(20);
  }
  assert.equal(await stateOf(second.jobId), 'interrupted');
});

/** The events of a job, with their data, until its stream ends. */
async function eventsOf(
  jobId: string,
  token = api.root,
): Promise<[event: string, state: unknown][]> {
  const response = await answering(`/jobs/${jobId}/events`, token);
  assert.equal(response.headers['content-type'], 'text/event-stream');
  const pieces: Buffer[] = [];
  for await (const piece of response) pieces.push(Buffer.from(piece));
  const found = Buffer.concat(pieces)
    .toString()
    .matchAll(/event: (\w+)\ndata: (.*)\n\n/g);
  return [...found].map(([, event = '', data = '']) => [event, JSON.parse(data).state]);
}

async function begunImport(address: string) {
  const begun = await api.store.administration.jobs.begin({
    ...{ address, kind: 'import', format: 'mbox', requestKey: null, nodeName: 'node-1' },
    ...{ totalMessages: null, totalOctets: null },
  });
  assert.ok(begun !== null);
  return begun;
}

test('whoever follows a job hears of each change and of its end', async () => {
  await addMailbox('follow@example.org');
  const { run } = await begunImport('follow@example.org');
  const { jobs } = api.store.administration;
  const following = eventsOf(run.jobId);
  await sleep(700);
  const progress = {
    handled: 7,
    messages: 7,
    octets: 70,
    withoutUidl: 0,
    newUidls: 0,
    skipped: {},
  };
  await jobs.advance(run, progress);
  await sleep(700);
  await jobs.end({ ...run, state: 'complete', error: null });
  const events = await following;
  assert.deepEqual(events.at(-1), ['end', undefined]);
  assert.deepEqual(events.at(-2), ['job', 'complete']);
  assert.deepEqual(events[0], ['job', 'running']);
});

test('a job whose node is gone is told as interrupted to whoever follows it', async () => {
  await addMailbox('gone@example.org');
  const { run } = await begunImport('gone@example.org');
  const following = eventsOf(run.jobId);
  await api.database.query(
    "update mailbox_job set lease_until = now() - interval '1 second' where job_id = $1",
    [run.jobId],
  );
  assert.deepEqual((await following).slice(-2), [
    ['job', 'interrupted'],
    ['end', undefined],
  ]);
});

test('there are so many followers and no more; those who go make room', async () => {
  await addMailbox('busy@example.org');
  const { run } = await begunImport('busy@example.org');
  const path = `/jobs/${run.jobId}/events`;
  const responses: IncomingMessage[] = [];
  for (let at = 0; at < jobFollowersMax; at += 1) responses.push(await answering(path));
  assert.ok(responses.every(({ statusCode }) => statusCode === 200));
  assert.equal((await answering(path)).statusCode, 503);
  for (const response of responses) response.destroy();
  const deadline = Date.now() + withinMs;
  for (let status = 503; status !== 200; ) {
    assert.ok(Date.now() < deadline);
    const response = await answering(path);
    status = response.statusCode ?? 0;
    response.destroy();
  }
});

test('a token of another domain does not even learn that a job is there', async () => {
  await addMailbox('secret@example.org');
  const { run } = await begunImport('secret@example.org');
  const { token } = await api.token({ scopes: ['messages'], domain: 'example.net' });
  const of = (method: string, path: string) => api.ask({ method, path: `/api/v1${path}`, token });
  for (const path of [`/jobs/${run.jobId}`, `/jobs/${run.jobId}/events`]) {
    assert.equal((await of('GET', path)).status, 404, path);
  }
  assert.equal((await of('POST', `/jobs/${run.jobId}/cancel`)).status, 404);
  assert.deepEqual((await of('GET', '/jobs')).body.items, []);
  assert.equal((await of('GET', '/jobs?address=secret@example.org')).status, 403);
  const own = await api.token({ scopes: ['messages'], domain: 'example.org' });
  const seen = await api.ask({ path: `/api/v1/jobs/${run.jobId}`, token: own.token });
  assert.deepEqual([seen.status, seen.body.state], [200, 'running']);
});
