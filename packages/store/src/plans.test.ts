/**
 * The plans of the hot statements, as the store's own sessions get them: no table that grows is
 * ever scanned, whatever the statistics were when the plan was made.
 */

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import type pg from 'pg';
import { sessionSettings } from './connection/session-settings.ts';
import type { MailboxId } from './contract.ts';
import { Pieces } from './parameter.ts';
import type { Statement } from './statement.ts';
import { addCredential } from './statements/add-credential.ts';
import { addGrant } from './statements/add-grant.ts';
import { addMasterGrant } from './statements/add-master-grant.ts';
import { addScramSecrets } from './statements/add-scram-secrets.ts';
import { advanceJob } from './statements/advance-job.ts';
import { askOwners } from './statements/ask-owners.ts';
import { beginEpoch } from './statements/begin-epoch.ts';
import { beginJob } from './statements/begin-job.ts';
import { cancelJob } from './statements/cancel-job.ts';
import { claimReceipt } from './statements/claim-receipt.ts';
import { confirmReceipt } from './statements/confirm-receipt.ts';
import { deliverMessage } from './statements/deliver-message.ts';
import { endJob } from './statements/end-job.ts';
import { endSession } from './statements/end-session.ts';
import { exchangePenalties } from './statements/exchange-penalties.ts';
import { findByUidl } from './statements/find-by-uidl.ts';
import { findHeldLocks } from './statements/find-held-locks.ts';
import { findLastMessage } from './statements/find-last-message.ts';
import { findLogins } from './statements/find-logins.ts';
import { findRecipients } from './statements/find-recipients.ts';
import { flagMessages } from './statements/flag-messages.ts';
import { forgetJobs } from './statements/forget-jobs.ts';
import { forgetReceipts } from './statements/forget-receipts.ts';
import { importCredentials } from './statements/import-credentials.ts';
import { keepJob } from './statements/keep-job.ts';
import { listAudit } from './statements/list-audit.ts';
import { listDomainAudit } from './statements/list-domain-audit.ts';
import { listDomainMailboxes } from './statements/list-domain-mailboxes.ts';
import { listMailboxAudit } from './statements/list-mailbox-audit.ts';
import { listMailboxes } from './statements/list-mailboxes.ts';
import { listMessages } from './statements/list-messages.ts';
import { lockMailboxes } from './statements/lock-mailboxes.ts';
import { markPurged } from './statements/mark-purged.ts';
import { purgeMessages } from './statements/purge-messages.ts';
import { readBodies } from './statements/read-bodies.ts';
import { readMailboxBodies } from './statements/read-mailbox-bodies.ts';
import { readOpened } from './statements/read-opened.ts';
import { readRefused } from './statements/read-refused.ts';
import { readSlice } from './statements/read-slice.ts';
import { rehashCredential } from './statements/rehash-credential.ts';
import { releaseLocks } from './statements/release-locks.ts';
import { removeGrant } from './statements/remove-grant.ts';
import { removeLoginName } from './statements/remove-login-name.ts';
import { removeMasterGrant } from './statements/remove-master-grant.ts';
import { revokeCredential } from './statements/revoke-credential.ts';
import { setApopSecret } from './statements/set-apop-secret.ts';
import { setPassword } from './statements/set-password.ts';
import { takeLocks } from './statements/take-locks.ts';
import { touchCredentials } from './statements/touch-credentials.ts';
import { type MailFixture, mailFixture } from './testing/mail-fixture.ts';

let mail: MailFixture;
let client: pg.Client;

before(async () => {
  mail = await mailFixture();
  // Statistics of an empty database, then ten thousand messages that they do not know of.
  await mail.database.query('vacuum analyze');
  await mail.database.query(`
    insert into mailbox (domain_id, address)
    select domain_id, 'p' || i || '@example.org' from domain, generate_series(1, 1000) i`);
  await mail.database.query(`
    insert into message (mailbox_id, message_id, guid, octets, wire_octets, header_octets)
    select mailbox_id, nextval('message_id_seq'), gen_random_uuid(), 1, 1, 0
    from mailbox, generate_series(1, 10)`);
  client = await mail.database.client();
  for (const [name, value] of sessionSettings) await client.query(`set ${name} = ${value}`);
});
after(() => mail.end());

async function planOf<Input, Output>(
  statement: Statement<Input, Output>,
  input: Input,
): Promise<string> {
  const values = statement.parameters(input);
  await client.query(`prepare ${statement.name} as ${statement.text}`);
  const literals = values.map((value) => {
    if (value === null) return 'null';
    if (value instanceof Pieces) return "'\\x41'";
    return typeof value === 'string' ? client.escapeLiteral(value) : "'{}'";
  });
  const call = literals.length === 0 ? '' : `(${literals.join(', ')})`;
  const explain = `explain (costs off) execute ${statement.name}${call}`;
  const { rows } = await client.query<{ 'QUERY PLAN': string }>(explain);
  return rows.map((row) => row['QUERY PLAN']).join('\n');
}

const mailboxId = '1' as MailboxId;
const token = randomUUID();
const open = [
  { mailboxId, actorId: mailboxId, credentialVersion: '1', ownerId: token, token, epoch: '0' },
];
const messageIds = [1n];

const plans: Record<string, () => Promise<string>> = {
  takeLocks: () => planOf(takeLocks, open),
  readOpened: () => planOf(readOpened, open),
  readRefused: () => planOf(readRefused, open),
  beginEpoch: () =>
    planOf(beginEpoch, { ownerId: token, epoch: '1', locks: [{ mailboxId, token }] }),
  askOwners: () => planOf(askOwners, [mailboxId]),
  listAudit: () => planOf(listAudit, { limit: 1 }),
  listMailboxAudit: () => planOf(listMailboxAudit, { address: 'a', limit: 1 }),
  listMailboxes: () => planOf(listMailboxes, { limit: 1 }),
  listDomainMailboxes: () => planOf(listDomainMailboxes, { domain: 'a', limit: 1 }),
  listDomainAudit: () => planOf(listDomainAudit, { domain: 'a', limit: 1 }),
  endSession: () => planOf(endSession, { address: 'a', isBroken: true, actor: 'b' }),
  releaseLocks: () => planOf(releaseLocks, [{ mailboxId, token }]),
  findLogins: () => planOf(findLogins, [{ name: 'a', maildropName: 'b' }]),
  touchCredentials: () => planOf(touchCredentials, [{ mailboxId, credentialId: '1' }]),
  rehashCredential: () =>
    planOf(rehashCredential, {
      mailboxId,
      credentialId: '1',
      oldSecret: 'a',
      newSecret: 'b',
      actor: 'c',
    }),
  addScramSecrets: () =>
    planOf(addScramSecrets, { mailboxId, credentialVersion: '1', scramSha1: 'a', actor: 'b' }),
  addCredential: () =>
    planOf(addCredential, {
      address: 'a',
      kind: 'certificate',
      secret: 'b',
      label: '',
      expiresAt: null,
      countMax: 1,
      actor: 'c',
    }),
  setApopSecret: () => planOf(setApopSecret, { address: 'a', secret: 'b', actor: 'c' }),
  revokeCredential: () => planOf(revokeCredential, { address: 'a', credentialId: '1', actor: 'c' }),
  removeLoginName: () => planOf(removeLoginName, { address: 'a', name: 'b', actor: 'c' }),
  addGrant: () => planOf(addGrant, { address: 'a', grantee: 'b', actor: 'c' }),
  removeGrant: () => planOf(removeGrant, { address: 'a', grantee: 'b', actor: 'c' }),
  addMasterGrant: () => planOf(addMasterGrant, { grantee: 'a', domain: 'b', actor: 'c' }),
  removeMasterGrant: () => planOf(removeMasterGrant, { grantee: 'a', domain: 'b', actor: 'c' }),
  setPassword: () => planOf(setPassword, { address: 'a', password: 'b', actor: 'c' }),
  lockMailboxes: () => planOf(lockMailboxes, ['a']),
  importCredentials: () =>
    planOf(importCredentials, { addresses: ['a'], secrets: ['b'], create: true, actor: 'c' }),
  exchangePenalties: () =>
    planOf(exchangePenalties, {
      nodeName: 'a',
      keys: [],
      scores: [],
      after: { addedIn: '0', key: '' },
    }),
  findRecipients: () => planOf(findRecipients, ['a']),
  listMessages: () => planOf(listMessages, mailboxId),
  readBodies: () => planOf(readBodies, [{ mailboxId, messageId: 1n }]),
  readMailboxBodies: () => planOf(readMailboxBodies, { mailboxId, messageIds }),
  readSlice: () => planOf(readSlice, { mailboxId, messageId: 1n, offset: 0, octets: 1 }),
  findByUidl: () =>
    planOf(findByUidl, { mailboxId, uidl: 'a', bodyOctets: 1, bodyDigest: new Uint8Array(32) }),
  flagMessages: () => planOf(flagMessages, { mailboxId, token, messageIds }),
  claimReceipt: () => planOf(claimReceipt, undefined),
  confirmReceipt: () => planOf(confirmReceipt, { mailboxId, token }),
  markPurged: () => planOf(markPurged, { mailboxId, token }),
  forgetReceipts: () => planOf(forgetReceipts, undefined),
  beginJob: () =>
    planOf(beginJob, {
      ...{ address: 'a', kind: 'import', format: 'mbox', requestKey: 'b', nodeName: 'c' },
      ...{ run: token, totalMessages: null, totalOctets: null, actor: 'd' },
    }),
  advanceJob: () =>
    planOf(advanceJob, {
      ...{ jobId: '1', run: token, handled: 0, messages: 0, octets: 0 },
      ...{ withoutUidl: 0, newUidls: 0, skipped: {} },
    }),
  keepJob: () => planOf(keepJob, { jobId: '1', run: token }),
  findLastMessage: () => planOf(findLastMessage, mailboxId),
  endJob: () => planOf(endJob, { jobId: '1', run: token, state: 'complete', error: null }),
  cancelJob: () => planOf(cancelJob, { jobId: '1', domain: 'a', actor: 'b' }),
  forgetJobs: () => planOf(forgetJobs, undefined),
  findHeldLocks: () => planOf(findHeldLocks, [{ mailboxId, token }]),
  purgeMessages: () => planOf(purgeMessages, { mailboxId, token, messageIds }),
  deliverMessage: () =>
    planOf(deliverMessage, {
      mailboxIds: [mailboxId],
      guids: [token],
      prefixes: [new Uint8Array(0)],
      pieces: [],
      octets: 0,
      headerOctets: 0,
      uidl: null,
      receivedAt: null,
    }),
};

for (const [name, plan] of Object.entries(plans)) {
  test(`${name} scans no table`, async () => {
    const text = await plan();
    // `owner` has a row for each worker of the cluster; any plan for it will do.
    const scans = text
      .split('\n')
      .filter((line) => / Scan .*on /.test(line) && !/ on owner /.test(line));
    assert.ok(
      scans.every((line) => !line.includes('Seq Scan')),
      text,
    );
    // An index that is read from end to end is a scan under another name.
    const lines = text.split('\n');
    for (const scan of scans.filter((line) => line.includes('Index'))) {
      assert.match(lines[lines.indexOf(scan) + 1] ?? '', /Index Cond/, text);
    }
  });
}

test('a listing reads one partition, in the order of its index', async () => {
  const text = await planOf({ ...listMessages, name: 'list_again' }, mailboxId);
  assert.match(text, /Subplans Removed: 15/);
  assert.match(text, /Merge Append/);
});

test('bodies of one mailbox are read from one partition', async () => {
  const again = { ...readMailboxBodies, name: 'read_again' };
  assert.match(await planOf(again, { mailboxId, messageIds }), /Subplans Removed: 15/);
});

test('the audit of a domain is read along its index where there are few domains, and long ago', async () => {
  await mail.database.query(`
    insert into audit (actor, action, mailbox_id, subject, detail)
    select 'a', 'mailbox.add', i, 'u' || i || '@' || (array['one.example', 'two.example', 'three.example'])[1 + i % 3], '{}'
    from generate_series(1, 30000) i`);
  await mail.database.query('vacuum analyze audit');
  const text = await planOf(
    { ...listDomainAudit, name: 'list_domain_audit_again' },
    { domain: 'one.example', limit: 1 },
  );
  assert.match(text, /Index Scan Backward using audit_domain/);
});
