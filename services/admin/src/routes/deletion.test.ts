/**
 * What a deleted mailbox keeps others from while its grace runs, and how that is cut short: never the other way
 * round, and what is too late is said to be.
 */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type ApiFixture, apiFixture } from '../testing/api-fixture.ts';

let api: ApiFixture;
before(async () => {
  api = await apiFixture();
});
after(() => api.end());

async function domainWith(domain: string, ...names: string[]): Promise<void> {
  await api.store.directory.addDomain({ name: domain });
  for (const name of names) {
    const { status } = await api.call('POST', '/mailboxes', { address: `${name}@${domain}` });
    assert.equal(status, 201);
  }
}

interface Held {
  readonly status: unknown;
  readonly leftSeconds: number;
  readonly deleteAfter: string | null;
  readonly version: unknown;
  readonly actions: unknown;
}

async function held(address: string): Promise<Held | null> {
  const [row] = await api.database.query(
    `select status, extract(epoch from delete_after - now())::float8 as left_seconds,
            delete_after, credential_version::text as version,
            array(select action from audit where subject = $1 order by audit_id) as actions
     from mailbox where address = $1`,
    [address],
  );
  if (row === undefined) return null;
  const { status, version, actions, left_seconds: left, delete_after: until } = row;
  const deleteAfter = until instanceof Date ? until.toISOString() : null;
  return { status, leftSeconds: Number(left), deleteAfter, version, actions };
}

const deleted = (address: string, query = '', headers: Readonly<Record<string, string>> = {}) =>
  api.ask({ method: 'DELETE', path: `/api/v1/mailboxes/${address}${query}`, headers });

test('a grace that runs is made shorter, never longer, and the audit has what was changed', async () => {
  const address = 'ann@short.example';
  await domainWith('short.example', 'ann');
  const first = await deleted(address);
  assert.equal(first.status, 202, first.text);
  const week = await held(address);
  assert.ok((week?.leftSeconds ?? 0) > 600_000);
  const again = await deleted(address);
  assert.deepEqual([again.status, again.body.deleteAfter], [202, first.body.deleteAfter]);
  const less = await deleted(address, '?graceSeconds=3600');
  assert.equal(less.status, 202, less.text);
  const hour = await held(address);
  assert.ok((hour?.leftSeconds ?? 0) > 0 && (hour?.leftSeconds ?? 0) <= 3_600);
  assert.equal(less.body.deleteAfter, hour?.deleteAfter);
  const more = await deleted(address, '?graceSeconds=86400');
  assert.deepEqual([more.status, more.body.deleteAfter], [202, less.body.deleteAfter]);
  assert.deepEqual((await held(address))?.deleteAfter, hour?.deleteAfter);
  const stale = await deleted(address, '?graceSeconds=0', { 'if-match': '"1-1"' });
  assert.equal(stale.status, 412, stale.text);
  assert.equal((await deleted(address, '?graceSeconds=0')).status, 202);
  const over = await held(address);
  assert.ok((over?.leftSeconds ?? 1) <= 0);
  assert.deepEqual(
    [over?.status, over?.actions],
    ['deleting', ['mailbox.add', 'mailbox.delete', 'mailbox.shorten', 'mailbox.shorten']],
  );
  assert.equal(await api.store.administration.removeDueMailbox(), true);
  while (await api.store.administration.removeDueMailbox());
  assert.equal(await held(address), null);
  assert.equal((await deleted(address, '?graceSeconds=0')).status, 404);
  assert.equal((await api.call('DELETE', '/domains/short.example')).status, 204);
});

test('a domain that is not removed says what it has, and until when the deleted are kept', async () => {
  await domainWith('kept.example', 'ann', 'ben', 'eve');
  const refusal = async (): Promise<string> => {
    const { status, body } = await api.call('DELETE', '/domains/kept.example');
    assert.deepEqual([status, body.code], [409, 'domain-not-empty']);
    return String(body.detail);
  };
  assert.equal(await refusal(), 'the domain has mailboxes: 3');
  const soon = await deleted('ann@kept.example', '?graceSeconds=60');
  const kept = String((await deleted('ben@kept.example', '?graceSeconds=86400')).body.deleteAfter);
  assert.ok(kept > String(soon.body.deleteAfter));
  const two = `2 deleted mailboxes of the domain are kept until ${kept}`;
  assert.equal(await refusal(), `the domain has mailboxes: 1; ${two}`);
  await deleted('eve@kept.example', '?graceSeconds=0');
  while (await api.store.administration.removeDueMailbox());
  assert.ok((await refusal()).startsWith(`${two}: `));
  await deleted('ben@kept.example', '?graceSeconds=0');
  const one = `a deleted mailbox of the domain is kept until ${soon.body.deleteAfter}: `;
  while (await api.store.administration.removeDueMailbox());
  assert.ok((await refusal()).startsWith(one));
  const [row] = await api.database.query("select 1 from domain where name = 'kept.example'");
  assert.notEqual(row, undefined);
});

test('what is too late to be had back is said to be, and stays as it is', async () => {
  const address = 'ann@late.example';
  await domainWith('late.example', 'ann');
  const none = await api.call('POST', `/mailboxes/${address}/undelete`);
  assert.equal(none.status, 404);
  assert.match(String(none.body.detail), /no deleted mailbox/);
  const { body } = await deleted(address, '?graceSeconds=0');
  const before = await held(address);
  const late = await api.call('POST', `/mailboxes/${address}/undelete`);
  assert.equal(late.status, 404);
  assert.equal(
    late.body.detail,
    `the grace of this mailbox was over at ${body.deleteAfter}: it is being removed`,
  );
  const now = await held(address);
  assert.deepEqual([now?.status, now?.version], ['deleting', before?.version]);
  assert.deepEqual(now?.actions, ['mailbox.add', 'mailbox.delete']);
});
