/**
 * Imports over real sockets: what was answered is stored, whatever becomes of the rest; what comes again is not
 * stored twice; what is no mail is refused, and says so.
 */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { after, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { apiFixture } from '../testing/api-fixture.ts';
import { from, importFixture, mbox, until, upTo, withinMs } from '../testing/import-fixture.ts';
import { tarEnd, tarFile } from '../transfer/tar-writer.ts';

const { api, addMailbox, begin, send, sendAndBreak, numbersIn, jobOf } = await importFixture();
after(() => api.end());

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
  const sent = begin(address, { key });
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

test('what cannot be is refused: no mailbox, one that takes no mail, another type, a packed body', async () => {
  const address = await addMailbox();
  const body = mbox(1);
  assert.equal((await send('nobody@example.org', { body })).status, 404);
  const types = 'application/mbox or application/x-tar';
  for (const [type, detail] of [
    ['text/plain', `the body must be ${types}`],
    ['application/json', `the body must be ${types}`],
    ['application/gzip', `the body is packed by gzip: unpack it, and send it as ${types}`],
  ] as const) {
    const refused = await send(address, { body, type });
    assert.equal(refused.status, 415);
    assert.equal(JSON.parse(refused.text).detail, detail);
  }
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
  // Without a line end nothing of it is looked at before it is over.
  await fails('x'.repeat(3_000), 'application/mbox', /it is no mbox/);
  await fails('x'.repeat(300_000), 'application/mbox', /it is no mbox/);
  for (const count of [1, 50]) {
    await fails(mbox(count).replaceAll('\n', '\r'), 'application/mbox', /it is no mbox/);
  }
  await fails(gzipSync('x'), 'application/x-tar', /packed by gzip: unpack it/);
  await fails(gzipSync('x'), 'application/mbox', /packed by gzip: unpack it/);
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

test('a mailbox that is suspended meanwhile takes nothing more of it', async () => {
  const address = await addMailbox();
  const sent = begin(address);
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
