/** Jobs: who may go on with one, what is stored with its count, and what is said of one that nobody works on. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { BegunJob, ImportBatch, Jobs } from './jobs.ts';
import { type MailFixture, mailFixture } from './testing/mail-fixture.ts';

let mail: MailFixture;
let jobs: Jobs;

before(async () => {
  mail = await mailFixture();
  jobs = mail.store.administration.jobs;
});
after(() => mail.end());

const none = { handled: 0, messages: 0, octets: 0, withoutUidl: 0, newUidls: 0, skipped: {} };
const message = { pieces: [Buffer.from('A: b\r\n\r\n')], octets: 8, headerOctets: 8 };

async function begin(
  address: string,
  requestKey: string | null = null,
  kind: 'import' | 'export' = 'import',
): Promise<BegunJob | null> {
  const totals = { totalMessages: null, totalOctets: null };
  return jobs.begin({
    ...{ address, kind, format: 'mbox', requestKey, nodeName: 'node-1' },
    ...totals,
  });
}

async function begun(address: string, requestKey: string | null = null): Promise<BegunJob> {
  const job = await begin(address, requestKey);
  assert.ok(job !== null);
  return job;
}

async function addressOf(): Promise<string> {
  const mailboxId = await mail.addMailbox();
  const [row] = await mail.database.query('select address from mailbox where mailbox_id = $1', [
    mailboxId,
  ]);
  return String(row?.address);
}

async function storedIn(address: string): Promise<number> {
  const [row] = await mail.database.query(
    `select count(*)::int as n from message join mailbox using (mailbox_id) where address = $1`,
    [address],
  );
  return Number(row?.n);
}

test('messages are stored with their count, or neither is', async () => {
  const address = await addressOf();
  const { job, run } = await begun(address, 'key-of-one');
  const store = async (batch: ImportBatch) => {
    assert.equal(await batch.deliver(job.mailboxId, message), 'delivered');
    assert.equal(await batch.deliver(job.mailboxId, { ...message, uidl: 'u1' }), 'delivered');
    return { ...none, handled: 2, messages: 2, octets: 16 };
  };
  await jobs.batch(run, store);
  await assert.rejects(
    jobs.batch(run, async (batch) => {
      await batch.deliver(job.mailboxId, message);
      throw new Error('in the middle');
    }),
    /in the middle/,
  );
  assert.equal(await storedIn(address), 2);
  const [shown] = await jobs.list({ limit: 1, jobId: job.jobId });
  assert.deepEqual([shown?.state, shown?.handled, shown?.messages], ['running', 2, 2]);
});

test('whoever goes on with a job counts on from there, and the one before stores nothing more', async () => {
  const address = await addressOf();
  const first = await begun(address, 'key-of-two');
  const deliver = (count: number) => async (batch: ImportBatch) => {
    await batch.deliver(first.job.mailboxId, message);
    return { ...none, handled: count, messages: count };
  };
  await jobs.batch(first.run, deliver(1));
  const second = await begun(address, 'key-of-two');
  assert.deepEqual([second.job.jobId, second.job.handled], [first.job.jobId, 1]);
  await assert.rejects(jobs.batch(first.run, deliver(2)), { code: 'CONFLICT' });
  await assert.rejects(jobs.advance(first.run, none), { code: 'CONFLICT' });
  await assert.rejects(jobs.end({ ...first.run, state: 'complete', error: null }), {
    code: 'CONFLICT',
  });
  await jobs.batch(second.run, deliver(2));
  await jobs.end({ ...second.run, state: 'complete', error: null });
  assert.equal(await storedIn(address), 2);
  // It is over: nobody begins it once more.
  assert.equal(await begin(address, 'key-of-two'), null);
  const audit = await mail.database.query(
    'select action from audit where subject = $1 order by audit_id',
    [address],
  );
  assert.deepEqual(
    audit.map(({ action }) => action),
    ['mailbox.add', 'mailbox.import', 'job.complete'],
  );
});

test('the audit names who goes on with what another had or nobody worked on; an end is in the name of the last', async () => {
  const address = await addressOf();
  const asked = {
    ...{ address, format: 'mbox', requestKey: 'key-of-names', nodeName: 'node-1' },
    ...{ totalMessages: null, totalOctets: null },
    kind: 'import' as const,
  };
  await jobs.begin({ ...asked, actor: 'ann' });
  // Another request of the same client, which is nothing to tell.
  await jobs.begin({ ...asked, actor: 'ann' });
  const ben = await jobs.begin({ ...asked, actor: 'ben' });
  assert.equal(ben?.job.actor, 'ben');
  await jobs.end({ ...ben.run, state: 'failed', error: 'x' });
  await jobs.begin({ ...asked, actor: 'ben' });
  await mail.database.query(
    `update mailbox_job set lease_until = now() where job_id = ${ben.job.jobId}`,
  );
  const last = await jobs.begin({ ...asked, actor: 'ben' });
  assert.ok(last !== null);
  await jobs.end({ ...last.run, state: 'complete', error: null });
  const audit = await mail.database.query(
    'select actor, action from audit where subject = $1 order by audit_id',
    [address],
  );
  assert.deepEqual(
    audit.slice(1).map(({ actor, action }) => `${actor} ${action}`),
    [
      ...['ann mailbox.import', 'ben job.resume', 'ben job.failed', 'ben job.resume'],
      ...['ben job.resume', 'ben job.complete'],
    ],
  );
});

test('who says that more is done than there is gets no job, and takes none from who has it', async () => {
  const address = await addressOf();
  const asked = {
    ...{ address, format: 'mbox', requestKey: 'key-of-gap', nodeName: 'node-1' },
    ...{ totalMessages: null, totalOctets: null },
    kind: 'import' as const,
  };
  assert.equal(await jobs.begin({ ...asked, from: 1 }), null);
  assert.deepEqual(await jobs.list({ limit: 1, address }), []);
  const first = await begun(address, 'key-of-gap');
  await jobs.advance(first.run, { ...none, handled: 5 });
  assert.equal(await jobs.begin({ ...asked, from: 6 }), null);
  await jobs.advance(first.run, { ...none, handled: 6 });
  const second = await jobs.begin({ ...asked, from: 6 });
  assert.equal(second?.job.handled, 6);
});

test('a job is cancelled once, and by nobody whose domain it is not of', async () => {
  const address = await addressOf();
  const { job, run } = await begun(address);
  const { jobId } = job;
  await assert.rejects(jobs.cancel({ jobId, domain: 'example.net' }), { code: 'NOT_FOUND' });
  assert.equal(
    (await jobs.cancel({ jobId, domain: 'example.org', actor: 'x' })).state,
    'cancelled',
  );
  assert.equal((await jobs.cancel({ jobId, domain: null, actor: 'x' })).state, 'cancelled');
  await assert.rejects(
    jobs.batch(run, async (batch) => {
      await batch.deliver(job.mailboxId, message);
      return none;
    }),
    { code: 'CONFLICT' },
  );
  assert.equal(await storedIn(address), 0);
  const rows = await mail.database.query(
    `select 1 from audit where action = 'job.cancel' and subject = $1`,
    [address],
  );
  assert.equal(rows.length, 1);
});

test('a job whose lease is over is interrupted for all who look, and can go on', async () => {
  const address = await addressOf();
  const { job } = await begun(address, 'key-of-four');
  const stateOf = async () => (await jobs.list({ limit: 1, jobId: job.jobId }))[0];
  assert.equal((await stateOf())?.finishedAt, null);
  await mail.database.query(
    "update mailbox_job set lease_until = now() - interval '1 second' where job_id = $1",
    [job.jobId],
  );
  const shown = await stateOf();
  assert.equal(shown?.state, 'interrupted');
  assert.ok(shown.finishedAt instanceof Date);
  assert.equal((await begun(address, 'key-of-four')).job.state, 'running');
});

test('a mailbox that takes no mail has no import; one of another kind does not go on', async () => {
  const address = await addressOf();
  await begun(address, 'key-of-five');
  assert.equal(await begin(address, 'key-of-five', 'export'), null);
  await mail.database.query("update mailbox set status = 'suspended' where address = $1", [
    address,
  ]);
  assert.equal(await begin(address), null);
  assert.ok((await begin(address, null, 'export')) !== null);
  assert.equal(await begin('nobody@example.org'), null);
});

test('jobs are listed from the latest on, and old ones are forgotten', async () => {
  const address = await addressOf();
  const made = [await begun(address), await begun(address), await begun(address, 'key-of-six')];
  const ids = made.map(({ job }) => job.jobId).reverse();
  const idsOf = async (page: Parameters<Jobs['list']>[0]) =>
    (await jobs.list(page)).map(({ jobId }) => jobId);
  assert.deepEqual(await idsOf({ limit: 10, address }), ids);
  assert.deepEqual(await idsOf({ limit: 10, address, before: ids[1] ?? '' }), ids.slice(2));
  assert.deepEqual(await idsOf({ limit: 10, address, requestKey: 'key-of-six' }), ids.slice(0, 1));
  assert.deepEqual(await idsOf({ limit: 10, domain: 'example.net' }), []);
  await mail.database.query(
    "update mailbox_job set updated_at = now() - interval '31 days' where job_id = $1",
    [ids[1]],
  );
  assert.equal(await jobs.forget(), 1);
  assert.deepEqual(await idsOf({ limit: 10, address }), [ids[0], ids[2]]);
});
