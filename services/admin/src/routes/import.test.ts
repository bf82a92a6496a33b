/**
 * Imports over real sockets: what was answered is stored, whatever becomes of the rest; what comes again is not
 * stored twice; what is no mail is refused, and says so.
 */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ApiFixture, apiFixture } from '../testing/api-fixture.ts';
import { importsPerDomainMax, uidListLineOctetsMax, uidListLinesMax } from '../transfer/limits.ts';
import { tarEnd, tarFile } from '../transfer/tar-writer.ts';

const withinMs = 20_000;
let api: ApiFixture;
let port: number;
let mailboxes = 0;

before(async () => {
  api = await apiFixture({ POPLAR_MESSAGE_OCTETS_MAX: '5000' });
  await api.store.directory.addDomain({ name: 'example.org' });
  const bound = api.app.server.address();
  port = typeof bound === 'object' && bound !== null ? bound.port : 0;
});
after(() => api.end());

async function addMailbox(): Promise<string> {
  mailboxes += 1;
  const address = `box${mailboxes}@example.org`;
  await api.store.directory.addMailbox({ address, secret: null });
  return address;
}

const from = 'From ann Tue Nov 24 03:08:00 2026\n';
/** Without a UIDL: what is stored twice is there twice. */
const mbox = (count: number, first = 1): string =>
  Array.from(
    { length: count },
    (_, at) => `${from}N: ${at + first}\n\n${'x'.repeat(200)}\n\n`,
  ).join('');

type Lines = readonly Readonly<Record<string, unknown>>[];

interface Sent {
  readonly body: string | Uint8Array;
  readonly key?: string;
  readonly query?: string;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

async function send(
  address: string,
  sent: Sent,
): Promise<{ status: number; lines: Lines; text: string }> {
  const { status, text } = await api.ask({
    ...{ method: 'POST', path: `/api/v1/mailboxes/${address}/import${sent.query ?? ''}` },
    body: sent.body,
    headers: {
      'content-type': sent.type ?? 'application/mbox',
      ...(sent.key === undefined ? {} : { 'idempotency-key': sent.key }),
      ...sent.headers,
    },
  });
  return { status, text, lines: status === 200 ? linesOf(text) : [] };
}

function linesOf(text: string): Lines {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

/** Sends a part of a body, waits until so many messages are stored, and breaks the connection. */
async function sendAndBreak(
  address: string,
  key: string,
  part: string,
  stored: number,
): Promise<void> {
  const sent = request({
    ...{ host: '127.0.0.1', port, method: 'POST', agent: false },
    path: `/api/v1/mailboxes/${address}/import`,
    signal: AbortSignal.timeout(withinMs),
    headers: {
      ...{ authorization: `Bearer ${api.root}`, 'content-type': 'application/mbox' },
      ...{ 'idempotency-key': key, 'content-length': String(part.length + 1_000_000) },
    },
  });
  sent.on('error', () => undefined);
  sent.write(part);
  const hasBegun = async () => (await jobsOf(address, key)).length > 0;
  await until(async () => (await hasBegun()) && (await numbersIn(address)).length >= stored);
  sent.destroy();
  await until(async () => (await jobOf(address, key)).state !== 'running');
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + withinMs; !(await isSo()); await sleep(20)) {
    assert.ok(Date.now() < deadline, 'in time');
  }
}

/** The `N:` of each stored message, in order. */
async function numbersIn(address: string): Promise<number[]> {
  const rows = await api.database.query(
    `select convert_from(b.body, 'UTF8') as body
     from message join message_body b using (mailbox_id, message_id)
     join mailbox x using (mailbox_id) where x.address = $1 order by message_id`,
    [address],
  );
  return rows.map(({ body }) => Number(/^N: (\d+)/.exec(String(body))?.[1]));
}

async function jobsOf(address: string, key?: string): Promise<Lines> {
  const query = key === undefined ? '' : `&key=${key}`;
  const { body } = await api.call('GET', `/jobs?address=${address}${query}`);
  return Array.isArray(body.items) ? body.items : [];
}

async function jobOf(address: string, key?: string): Promise<Readonly<Record<string, unknown>>> {
  const [job] = await jobsOf(address, key);
  assert.ok(job !== undefined);
  return job;
}

const upTo = (count: number) => Array.from({ length: count }, (_, at) => at + 1);

test('an mbox: a line for what is stored, then the sums; the job and the audit say the same', async () => {
  const address = await addMailbox();
  const large = `${from}N: 0\n\n${'x'.repeat(6_000)}\n\n`;
  const named = `${from}X-UIDL: u1\nN: 3\n\n`;
  const { status, lines } = await send(address, { body: mbox(2) + large + named + named });
  assert.equal(status, 200);
  assert.deepEqual(await numbersIn(address), [1, 2, Number.NaN]);
  const last = lines.at(-1);
  assert.deepEqual(
    [last?.done, last?.state, last?.position, last?.messages, last?.withoutUidl, last?.skipped],
    [true, 'complete', 5, 3, 2, { 'too-large': 1, 'duplicate-uidl': 1 }],
  );
  const skipped = lines.flatMap((line) => (Array.isArray(line.skipped) ? line.skipped : []));
  assert.deepEqual(skipped, [
    { at: 3, reason: 'too-large' },
    { at: 5, reason: 'duplicate-uidl' },
  ]);
  const { jobId, state, position } = await jobOf(address);
  assert.deepEqual([jobId, state, position], [lines[0]?.jobId, 'complete', 5]);
  const audit = await api.database.query(
    'select actor, action from audit where subject = $1 order by audit_id',
    [address],
  );
  assert.deepEqual(audit.slice(1), [
    { actor: 'root', action: 'mailbox.import' },
    { actor: 'root', action: 'job.complete' },
  ]);
});

describe('a lost connection', () => {
  for (const count of [1, 64, 500, 1_999]) {
    test(`behind ${count} of 2,000 messages: the whole stream comes again, nothing comes twice`, async () => {
      const address = await addMailbox();
      const key = `key-of-${count}-whole`;
      // The one at hand is cut in the middle.
      await sendAndBreak(address, key, `${mbox(count)}${from}N: 9`, count - 1);
      const job = await jobOf(address, key);
      assert.equal(job.state, 'interrupted');
      assert.equal((await numbersIn(address)).length, job.position);
      const { lines } = await send(address, { body: mbox(2_000), key });
      assert.deepEqual([lines[0]?.position, lines.at(-1)?.position], [job.position, 2_000]);
      assert.deepEqual(await numbersIn(address), upTo(2_000));
    });
  }

  test('only what is behind it comes again, in several requests', async () => {
    const address = await addMailbox();
    const key = 'key-of-the-rest';
    await sendAndBreak(address, key, mbox(300), 250);
    const { position } = await jobOf(address, key);
    const gap = await send(address, { body: mbox(1), key, query: `?from=${Number(position) + 1}` });
    assert.deepEqual([gap.status, (await jobOf(address, key)).position], [409, position]);
    const half = mbox(100, Number(position) + 1);
    const first = await send(address, { body: half, key, query: `?from=${position}&more=true` });
    assert.deepEqual([first.lines.at(-1)?.done, first.lines.at(-1)?.state], [true, 'running']);
    // Its answer was lost: the same request comes again, and then the rest.
    await send(address, { body: half, key, query: `?from=${position}&more=true` });
    const next = Number(position) + 100;
    await send(address, { body: mbox(50, next + 1), key, query: `?from=${next}` });
    assert.deepEqual(await numbersIn(address), upTo(next + 50));
  });

  test('a request that comes again when all is stored is answered, and changes nothing', async () => {
    const address = await addMailbox();
    const key = 'key-of-complete';
    await send(address, { body: mbox(3), key });
    const { lines } = await send(address, { body: mbox(3), key });
    assert.deepEqual([lines.length, lines[0]?.done, lines[0]?.messages], [1, true, 3]);
    assert.deepEqual(await numbersIn(address), [1, 2, 3]);
  });
});

test('a second client that would leave messages out is refused, and the first one goes on', async () => {
  const address = await addMailbox();
  const key = 'key-of-a-gap';
  const sent = request({
    ...{ host: '127.0.0.1', port, method: 'POST', agent: false },
    path: `/api/v1/mailboxes/${address}/import`,
    signal: AbortSignal.timeout(withinMs),
    headers: {
      ...{ authorization: `Bearer ${api.root}`, 'content-type': 'application/mbox' },
      'idempotency-key': key,
    },
  });
  const answered = once(sent, 'response');
  sent.write(mbox(100));
  await until(async () => (await numbersIn(address)).length >= 90);
  const { token } = await api.token({ scopes: ['messages'] });
  const gap = await api.ask({
    ...{ method: 'POST', path: `/api/v1/mailboxes/${address}/import?from=5000`, token },
    body: mbox(1),
    headers: { 'content-type': 'application/mbox', 'idempotency-key': key },
  });
  assert.equal(gap.status, 409);
  assert.match(String(gap.body.detail), /^the import has \d+ messages: send what is behind$/);
  sent.end(mbox(100, 101));
  const [response] = await answered;
  let text = '';
  for await (const piece of response) text += String(piece);
  assert.equal(linesOf(text).at(-1)?.done, true);
  assert.deepEqual(await numbersIn(address), upTo(200));
  // Nothing is begun by who leaves out messages of an import that nobody began.
  const other = await send(address, { body: mbox(1), key: 'key-of-none', query: '?from=1' });
  assert.deepEqual([other.status, (await jobsOf(address)).length], [409, 1]);
});

test('an import that another token goes on with names it in the audit', async () => {
  const address = await addMailbox();
  const key = 'key-of-another';
  await sendAndBreak(address, key, mbox(20), 10);
  const { token, tokenId } = await api.token({ scopes: ['messages'] });
  const { text } = await api.ask({
    ...{ method: 'POST', path: `/api/v1/mailboxes/${address}/import`, token, body: mbox(20) },
    headers: { 'content-type': 'application/mbox', 'idempotency-key': key },
  });
  assert.equal(linesOf(text).at(-1)?.done, true);
  const audit = await api.database.query(
    'select actor, action from audit where subject = $1 order by audit_id',
    [address],
  );
  assert.deepEqual(
    audit.slice(1).map(({ actor, action }) => `${actor} ${action}`),
    [
      ...['root mailbox.import', 'root job.interrupted'],
      ...[`token:${tokenId} test job.resume`, `token:${tokenId} test job.complete`],
    ],
  );
  assert.deepEqual(await numbersIn(address), upTo(20));
});

test('two requests under one key at the same time store every message once', async () => {
  const address = await addMailbox();
  const body = mbox(3_000);
  const key = 'key-of-two-at-once';
  await Promise.all([send(address, { body, key }), send(address, { body, key })]);
  // The one that came first was refused by the other one at some point, or was done before.
  await send(address, { body, key });
  assert.deepEqual(await numbersIn(address), upTo(3_000));
});

test('a job that is cancelled stores nothing more and does not go on', async () => {
  const address = await addMailbox();
  const key = 'key-of-cancelled';
  const sent = request({
    ...{ host: '127.0.0.1', port, method: 'POST', agent: false },
    path: `/api/v1/mailboxes/${address}/import`,
    signal: AbortSignal.timeout(withinMs),
    headers: {
      ...{ authorization: `Bearer ${api.root}`, 'content-type': 'application/mbox' },
      'idempotency-key': key,
    },
  });
  sent.on('error', () => undefined);
  // It may be over before anybody waits for it.
  const closed = once(sent, 'close');
  sent.write(mbox(200));
  await until(async () => (await numbersIn(address)).length >= 100);
  const { jobId } = await jobOf(address, key);
  const cancelled = await api.call('POST', `/jobs/${jobId}/cancel`);
  assert.deepEqual([cancelled.status, cancelled.body.state], [200, 'cancelled']);
  const stored = (await numbersIn(address)).length;
  sent.write(mbox(500, 1_000));
  await closed;
  assert.equal((await numbersIn(address)).length, stored);
  assert.equal((await jobOf(address, key)).state, 'cancelled');
  const again = await send(address, { body: mbox(1), key });
  assert.deepEqual([again.status, await numbersIn(address)], [409, upTo(stored)]);
  assert.equal((await api.call('POST', '/jobs/999999/cancel')).status, 404);
});

test('tokens of one domain take their share of the places alone, and are told when to come again', async () => {
  const address = await addMailbox();
  const { token } = await api.token({ scopes: ['messages'], domain: 'example.org' });
  const path = `/api/v1/mailboxes/${address}/import`;
  const held = Array.from({ length: importsPerDomainMax }, () => {
    const sent = request({
      ...{ host: '127.0.0.1', port, method: 'POST', agent: false, path },
      signal: AbortSignal.timeout(withinMs),
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/mbox' },
    });
    sent.on('error', () => undefined);
    sent.write(mbox(1));
    return sent;
  });
  await until(async () => (await jobsOf(address)).length === importsPerDomainMax);
  const headers = { 'content-type': 'application/mbox' };
  const ask = (given: string) =>
    api.ask({ method: 'POST', path, token: given, body: mbox(1), headers });
  const refused = await ask(token);
  assert.deepEqual([refused.status, refused.headers['retry-after']], [429, '5']);
  assert.equal((await jobsOf(address)).length, importsPerDomainMax);
  assert.equal((await ask(api.root)).status, 200);
  for (const sent of held) sent.destroy();
  await until(async () => (await ask(token)).status === 200);
});

test('what cannot be is refused: no mailbox, one that takes no mail, another type, a packed body', async () => {
  const address = await addMailbox();
  const body = mbox(1);
  assert.equal((await send('nobody@example.org', { body })).status, 404);
  assert.equal((await send(address, { body, type: 'text/plain' })).status, 415);
  assert.equal(
    (await send(address, { body, headers: { 'content-encoding': 'gzip' } })).status,
    415,
  );
  assert.equal((await send(address, { body, key: 'short' })).status, 400);
  assert.equal((await send(address, { body, query: '?more=perhaps' })).status, 400);
  await api.call('PATCH', `/mailboxes/${address}`, { status: 'suspended' });
  const suspended = await send(address, { body });
  assert.deepEqual([suspended.status, /is suspended/.test(suspended.text)], [409, true]);
  assert.deepEqual(await numbersIn(address), []);
});

test('what is no mail fails, its job says why, and what came before it is there', async () => {
  const address = await addMailbox();
  const fails = async (body: string | Uint8Array, type: string, reason: RegExp) => {
    const { lines } = await send(address, { body, type });
    const last = lines.at(-1);
    assert.deepEqual([last?.done, last?.state], [false, 'failed']);
    assert.match(String(last?.detail), reason);
    const job = await jobOf(address);
    assert.deepEqual([job.state, job.error], ['failed', last?.detail]);
  };
  await fails('hello\nworld\n', 'application/mbox', /it is no mbox/);
  await fails(
    'hello\nworld\n'.repeat(200),
    'application/x-tar',
    /a header of the archive is wrong/,
  );
  const file = tarFile({ name: 'cur/1', modifiedMs: 0, content: Buffer.from('N: 1\n\n') });
  await fails(Buffer.concat(file), 'application/x-tar', /breaks off/);
  assert.deepEqual(await numbersIn(address), [1]);
  const good = await send(address, {
    body: Buffer.concat([...file, tarEnd()]),
    type: 'application/x-tar',
  });
  assert.equal(good.lines.at(-1)?.done, true);
});

test('a dovecot-uidlist beyond its bounds is refused with its import alone; what was stored before stays', async () => {
  const address = await addMailbox();
  const letter = tarFile({ name: 'cur/1', modifiedMs: 0, content: Buffer.from('N: 1\n\n') });
  const first = await send(address, {
    body: Buffer.concat([...letter, tarEnd()]),
    type: 'application/x-tar',
  });
  assert.equal(first.lines.at(-1)?.done, true);
  const lists: readonly (readonly [content: Buffer, reason: RegExp])[] = [
    [Buffer.alloc(uidListLinesMax + 1, '\n'), /more than 1000000 lines/],
    [Buffer.alloc(uidListLineOctetsMax + 1, 'x'), /a line of more than 16384 octets/],
  ];
  for (const [content, reason] of lists) {
    const list = tarFile({ name: 'dovecot-uidlist', modifiedMs: 0, content });
    const { status, lines } = await send(address, {
      body: Buffer.concat([...list, ...letter, tarEnd()]),
      type: 'application/x-tar',
    });
    assert.deepEqual([status, lines.at(-1)?.state], [200, 'failed']);
    assert.match(String(lines.at(-1)?.detail), reason);
    assert.deepEqual([(await jobOf(address)).state, await numbersIn(address)], ['failed', [1]]);
  }
});

test('a time that cannot be does not end an import: such a message is received now', async () => {
  const address = await addMailbox();
  const [first = new Uint8Array(0), ...rest] = tarFile({
    ...{ name: 'new/1', modifiedMs: 0, content: Buffer.from('N: 1\n\n') },
  });
  const header = Buffer.from(first);
  // In base 256: a second of 1969.
  header.fill(0xff, 136, 148).fill(' ', 148, 156);
  const sum = header.reduce((total, octet) => total + octet, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  const file = (name: string, mtime: string) =>
    tarFile({ name, modifiedMs: 0, content: Buffer.from('N: 2\n\n'), records: { mtime } });
  const last = tarFile({ name: 'new/9', modifiedMs: 86_400_000, content: Buffer.from('N: 3\n\n') });
  const far = [...file('new/2', '99999999999999'), ...file('new/3', '-7')];
  const body = Buffer.concat([header, ...rest, ...far, ...last, tarEnd()]);
  const before = Date.now();
  const { lines } = await send(address, { body, type: 'application/x-tar' });
  assert.deepEqual([lines.at(-1)?.done, lines.at(-1)?.messages], [true, 4]);
  assert.deepEqual(await numbersIn(address), [1, 2, 2, 3]);
  const rows = await api.database.query(
    `select extract(epoch from received_at)::float8 * 1000 as ms from message
     join mailbox x using (mailbox_id) where x.address = $1 order by message_id`,
    [address],
  );
  const times = rows.map(({ ms }) => Number(ms));
  assert.equal(times.pop(), 86_400_000);
  // The clock of PostgreSQL is this machine's.
  for (const ms of times) assert.ok(Math.abs(ms - before) < 3_600_000, String(ms));
});

test('a mailbox that is suspended meanwhile takes nothing more of it', async () => {
  const address = await addMailbox();
  const sent = request({
    ...{ host: '127.0.0.1', port, method: 'POST', agent: false },
    path: `/api/v1/mailboxes/${address}/import`,
    signal: AbortSignal.timeout(withinMs),
    headers: { authorization: `Bearer ${api.root}`, 'content-type': 'application/mbox' },
  });
  sent.on('error', () => undefined);
  sent.write(mbox(100));
  await until(async () => (await numbersIn(address)).length >= 50);
  await api.call('PATCH', `/mailboxes/${address}`, { status: 'suspended' });
  const stored = (await numbersIn(address)).length;
  sent.end(mbox(500, 1_000));
  await until(async () => (await jobOf(address)).state === 'failed');
  assert.match(String((await jobOf(address)).error), /takes no mail any more/);
  assert.equal((await numbersIn(address)).length, stored);
  sent.destroy();
});

test('an API that ends interrupts its imports, which say so', async () => {
  const other = await apiFixture();
  try {
    await other.store.directory.addDomain({ name: 'example.org' });
    await other.store.directory.addMailbox({ address: 'ann@example.org', secret: null });
    const bound = other.app.server.address();
    const sent = request({
      ...{ host: '127.0.0.1', method: 'POST', agent: false },
      port: typeof bound === 'object' && bound !== null ? bound.port : 0,
      path: '/api/v1/mailboxes/ann@example.org/import',
      signal: AbortSignal.timeout(withinMs),
      headers: { authorization: `Bearer ${other.root}`, 'content-type': 'application/mbox' },
    });
    sent.on('error', () => undefined);
    sent.write(mbox(10));
    const { jobs } = other.store.administration;
    await until(async () => (await jobs.list({ limit: 1 })).length === 1);
    await other.app.close();
    const [job] = await jobs.list({ limit: 1 });
    assert.deepEqual([job?.state, job?.error], ['interrupted', 'the connection was lost']);
    sent.destroy();
  } finally {
    await other.end();
  }
});
