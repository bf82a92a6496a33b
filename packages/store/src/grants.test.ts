/**
 * Grants and other rights ended while somebody opens, stepped through one another on two real
 * connections: what ends them ends them for every open that begins after its commit, and an open
 * that took its lock before gives it back when it finds out in the same round trip.
 */

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import type pg from 'pg';
import type { Login } from './contract.ts';
import { type Parameter, Pieces } from './parameter.ts';
import type { Statement } from './statement.ts';
import { readOpened } from './statements/read-opened.ts';
import { removeGrant } from './statements/remove-grant.ts';
import { removeMasterGrant } from './statements/remove-master-grant.ts';
import { setPassword } from './statements/set-password.ts';
import { takeLocks } from './statements/take-locks.ts';
import { type MailFixture, mailFixture } from './testing/mail-fixture.ts';

let mail: MailFixture;
let count = 0;
const actor = 'test';

before(async () => {
  mail = await mailFixture();
});
after(() => mail.end());

const plain = (value: Parameter) => (value instanceof Pieces ? Buffer.concat(value.pieces) : value);

async function run<Input, Output>(
  client: pg.Client,
  statement: Statement<Input, Output>,
  input: Input,
): Promise<Output[]> {
  const values = statement.parameters(input).map(plain);
  const { rows } = await client.query({ text: statement.text, values, rowMode: 'array' });
  return rows.map((row: unknown[]) =>
    statement.row(
      row.map((field) => {
        if (typeof field === 'boolean') return field ? 't' : 'f';
        return field === null ? null : String(field);
      }),
    ),
  );
}

/** Runs a statement in a transaction that stays open. */
async function held<Input, Output>(
  statement: Statement<Input, Output>,
  input: Input,
): Promise<pg.Client> {
  const client = await mail.database.client();
  await client.query('begin');
  await run(client, statement, input);
  return client;
}

interface Pair {
  readonly ann: string;
  readonly bob: string;
  readonly login: Login;
}

/** Ann, who may open what is Bob's. */
async function pair(grant: 'mailbox' | 'master' = 'mailbox'): Promise<Pair> {
  count += 1;
  const [ann, bob] = [`ann${count}@example.org`, `bob${count}@example.org`];
  const { directory } = mail.store;
  for (const address of [ann, bob]) await directory.addMailbox({ address, secret: '$x$' });
  if (grant === 'mailbox') await directory.addGrant({ address: bob, grantee: ann });
  else await directory.addMasterGrant({ grantee: ann, domain: 'example.org' });
  const login = await mail.store.findLogin(ann, bob);
  assert.ok(login?.target);
  return { ann, bob, login };
}

function requestOf({ login }: Pair) {
  assert.ok(login.target);
  const { mailboxId: actorId, credentialVersion } = login;
  const token = randomUUID();
  return { mailboxId: login.target.mailboxId, actorId, credentialVersion, token };
}

async function open(opened: Pair) {
  const { mailboxId, ...options } = requestOf(opened);
  const answer = await mail.open(mailboxId, options);
  if (answer.kind === 'opened') await mail.store.close(mailboxId, answer.token);
  return answer.kind;
}

test('a grant that is being revoked holds until the commit, and not a moment longer', async () => {
  const ends = {
    mailbox: (two: Pair) => held(removeGrant, { address: two.bob, grantee: two.ann, actor }),
    master: (two: Pair) =>
      held(removeMasterGrant, { grantee: two.ann, domain: 'example.org', actor }),
  };
  for (const kind of ['mailbox', 'master'] as const) {
    const two = await pair(kind);
    const revoking = await ends[kind](two);
    assert.equal(await open(two), 'opened', 'nobody was told yet that it is over');
    await revoking.query('commit');
    assert.equal(await open(two), 'stale-credentials');
    assert.equal((await mail.store.findLogin(two.ann, two.bob))?.target, null);
  }
});

test('a revocation that is rolled back changes nothing', async () => {
  const two = await pair();
  const revoking = await held(removeGrant, { address: two.bob, grantee: two.ann, actor });
  await revoking.query('rollback');
  assert.equal(await open(two), 'opened');
});

test('a lock that was taken as the grant ended is found out by the second statement', async () => {
  const two = await pair();
  const [epoch] = await mail.database.query('select epoch from owner where owner_id = $1', [
    mail.ownerId,
  ]);
  const asked = { ...requestOf(two), ownerId: mail.ownerId, epoch: String(epoch?.epoch) };
  const opening = await held(takeLocks, [asked]);
  await mail.store.directory.removeGrant({ address: two.bob, grantee: two.ann });
  await opening.query('commit');
  const [state] = await run(opening, readOpened, [asked]);
  assert.notEqual(state?.credentialVersion, asked.credentialVersion);
  await mail.store.close(asked.mailboxId, asked.token);
});

test('an actor’s password that is being changed opens others’ maildrops until the commit', async () => {
  const two = await pair();
  const changing = await held(setPassword, { address: two.ann, password: '$y$', actor });
  assert.equal(await open(two), 'opened');
  await changing.query('commit');
  assert.equal(await open(two), 'stale-credentials');
  const later = await pair();
  await mail.store.credentials.setPassword({ address: later.bob, password: '$y$' });
  assert.equal(await open(later), 'opened', 'bob’s password is not what ann showed');
});

test('two that revoke and grant at once agree with what is there in the end', async () => {
  const two = await pair();
  const { directory } = mail.store;
  const grant = { address: two.bob, grantee: two.ann };
  for (let round = 0; round < 10; round += 1) {
    await Promise.allSettled([
      directory.removeGrant(grant),
      directory.addGrant(grant),
      directory.removeGrant(grant),
      directory.addGrant(grant),
    ]);
    const login = await mail.store.findLogin(two.ann, two.bob);
    const rows = await mail.database.query('select from mailbox_grant where grantee_id = $1', [
      login?.mailboxId,
    ]);
    assert.equal(login?.target === null, rows.length === 0);
    await directory.addGrant(grant).catch(() => undefined);
  }
});

test('grants are listed from both sides', async () => {
  const { directory } = mail.store;
  const two = await pair();
  const { ann, bob } = two;
  const root = (await pair('master')).ann;
  const mine = (rows: readonly { kind: string; name: string; domain: string | null }[]) =>
    rows
      .filter(({ name }) => [ann, bob, root].includes(name))
      .map(({ kind, name, domain }) => [kind, name, domain]);
  const everywhere = ['opened-by-master', root, 'example.org'];
  assert.deepEqual(mine(await directory.listGrants(bob)), [['opened-by', ann, null], everywhere]);
  assert.deepEqual(mine(await directory.listGrants(ann)), [everywhere, ['opens', bob, null]]);
  assert.deepEqual(mine(await directory.listGrants(root)), [['opens-domain', root, 'example.org']]);
  await assert.rejects(directory.listGrants('no@example.org'), { code: 'NOT_FOUND' });
});

test('what cannot be granted is told apart, and what can is audited', async () => {
  const { directory } = mail.store;
  const { ann, bob } = await pair();
  const no = 'no@example.org';
  const grant = { address: bob, grantee: ann, actor: 'root' };
  await assert.rejects(directory.addGrant(grant), { code: 'CONFLICT' });
  await assert.rejects(directory.addGrant({ ...grant, grantee: no }), { code: 'NOT_FOUND' });
  await assert.rejects(directory.addGrant({ ...grant, address: no }), { code: 'NOT_FOUND' });
  await assert.rejects(directory.addGrant({ ...grant, address: ann }), { code: 'INVALID' });
  const nowhere = directory.addMasterGrant({ grantee: ann, domain: 'no.test' });
  await assert.rejects(nowhere, { code: 'NOT_FOUND' });
  await directory.removeGrant(grant);
  await assert.rejects(directory.removeGrant(grant), { code: 'NOT_FOUND' });
  const audit = await mail.database.query(
    "select actor, action, detail from audit where subject = $1 and action ~ 'grant' order by audit_id",
    [bob],
  );
  assert.deepEqual(audit, [
    { actor: 'system', action: 'grant.add', detail: { grantee: ann } },
    { actor: 'root', action: 'grant.remove', detail: { grantee: ann } },
  ]);
});

test('domains are switched, and the largest delay is told', async () => {
  const { directory } = mail.store;
  assert.deepEqual(await directory.loginDelays(), { largestSeconds: 0, differs: false });
  await directory.setDomain({ name: 'example.org', loginDelaySeconds: 30 });
  assert.deepEqual(await directory.loginDelays(), { largestSeconds: 30, differs: false });
  await directory.addDomain({ name: 'other.test' });
  assert.deepEqual(await directory.loginDelays(), { largestSeconds: 30, differs: true });
  await directory.setDomain({ name: 'example.org', undeleteWindowSeconds: 604_800 });
  const [example] = await directory.listDomains({ limit: 1 });
  assert.deepEqual(
    [example?.loginDelaySeconds, example?.undeleteWindowSeconds, example?.pop3Enabled],
    [30, 604_800, true],
  );
  for (const loginDelaySeconds of [-1, 86_401]) {
    const wrong = directory.setDomain({ name: 'example.org', loginDelaySeconds });
    await assert.rejects(wrong, { code: 'INVALID' });
  }
  await assert.rejects(directory.setDomain({ name: 'no.test' }), { code: 'NOT_FOUND' });
});
