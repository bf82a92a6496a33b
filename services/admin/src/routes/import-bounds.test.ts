/**
 * Imports that others meet: a second client, another token, the places of a domain; and what is in an archive that
 * nobody should have put there.
 */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, test } from 'node:test';
import { importFixture, linesOf, mbox, until, upTo } from '../testing/import-fixture.ts';
import { importsPerDomainMax, uidListLineOctetsMax, uidListLinesMax } from '../transfer/limits.ts';
import { tarEnd, tarFile } from '../transfer/tar-writer.ts';

const { api, addMailbox, begin, send, sendAndBreak, numbersIn, jobsOf, jobOf } =
  await importFixture();
after(() => api.end());

test('a second client that would leave messages out is refused, and the first one goes on', async () => {
  const address = await addMailbox();
  const key = 'key-of-a-gap';
  const sent = begin(address, { key });
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

test('tokens of one domain take their share of the places alone, and are told when to come again', async () => {
  const address = await addMailbox();
  const { token } = await api.token({ scopes: ['messages'], domain: 'example.org' });
  const path = `/api/v1/mailboxes/${address}/import`;
  const held = Array.from({ length: importsPerDomainMax }, () => {
    const sent = begin(address, { token });
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
