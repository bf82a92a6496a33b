/**
 * Two nodes whose caches are warm: what an administrator changes acts at the next login on both of
 * them, and what is remembered of one mailbox is never taken for another (V51, V52).
 */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { hashPassword, makeAppPassword } from '@poplar/identity';
import { isLocked } from '../support/accidents.ts';
import { attemptLogin, told } from '../support/login-attempt.ts';
import { metric } from '../support/node-inspection.ts';
import { type RunningNode, startNode } from '../support/start-node.ts';
import { openTestDatabase, type TestDatabase, type TestMailbox } from '../support/test-database.ts';

let database: TestDatabase;
let nodes: RunningNode[];
let domains = 0;

before(async () => {
  database = await openTestDatabase();
  const start = (name: string): Promise<RunningNode> =>
    startNode({
      databaseUrl: database.url,
      workers: 2,
      environment: { POPLAR_NODE_NAME: name, POPLAR_ROLES: 'pop3', POPLAR_LISTEN_LMTP: '' },
    });
  nodes = await Promise.all([start('first'), start('second')]);
});
after(async () => {
  await Promise.all(nodes.map((node) => node.stop()));
  await database.drop();
});

/** A mailbox in a domain of its own. */
function newMailbox(local = 'ann'): Promise<TestMailbox> {
  domains += 1;
  return database.addMailbox(`${local}@d${domains}.example.org`);
}

const domainOf = ({ address }: TestMailbox): string => address.slice(address.indexOf('@') + 1);

/** What this login is told by each node in turn, so often that both workers of both are met. */
async function everywhere(user: string, secret?: string): Promise<string> {
  const answers = new Set<string>();
  for (let round = 0; round < 6; round += 1) {
    for (const { pop3 } of nodes) {
      const attempt = { port: pop3, user, ...(secret === undefined ? {} : { secret }) };
      answers.add(told(await attemptLogin(attempt)));
    }
  }
  return [...answers].join(' and ');
}

async function hits(): Promise<number> {
  const counted = nodes.map((node) => metric(node, 'poplar_verification_cache_hits_total'));
  return (await Promise.all(counted)).reduce((sum, count) => sum + count, 0);
}

/** Logs in on both nodes until they remember it. */
async function warm(user: string, secret?: string): Promise<void> {
  const before = await hits();
  assert.equal(await everywhere(user, secret), '+OK');
  // One hash for each node: what the cache is for.
  assert.equal((await hits()) - before, 10, 'the caches are warm');
}

describe('what is changed acts at the next login on both nodes', () => {
  test('a password', async () => {
    const { address } = await newMailbox();
    await warm(address);
    const password = await hashPassword(Buffer.from('another one'));
    await database.store.credentials.setPassword({ address, password });
    assert.equal(await everywhere(address), 'AUTH');
    await warm(address, 'another one');
    assert.equal(await everywhere(address), 'AUTH');
  });

  test('an app password that is revoked, and one that expires', async () => {
    const mailbox = await newMailbox();
    const { address } = mailbox;
    const { credentials } = database.store;
    const add = async (label: string, expiresAt: Date | null) => {
      const { text, stored } = makeAppPassword();
      const app = { address, label, stored, expiresAt, actor: 'test' };
      return { text, id: await credentials.addAppPassword(app) };
    };
    const revoked = await add('revoked', null);
    const expiring = await add('expiring', new Date(Date.now() + 5_000));
    const lasting = await add('lasting', null);
    for (const { text } of [expiring, lasting, revoked]) await everywhere(address, text);
    assert.equal(await everywhere(address, expiring.text), '+OK');
    await credentials.revoke({ address, credentialId: revoked.id, actor: 'test' });
    assert.equal(await everywhere(address, revoked.text), 'AUTH');
    await sleep(5_000);
    assert.equal(await everywhere(address, expiring.text), 'AUTH');
    assert.equal(await everywhere(address, lasting.text), '+OK');
    assert.equal(await isLocked(database, mailbox), false);
  });

  test('a mailbox that is suspended, and resumed', async () => {
    const mailbox = await newMailbox();
    const { address } = mailbox;
    await warm(address);
    await database.store.directory.setMailboxStatus({ address, status: 'suspended' });
    assert.equal(await everywhere(address), 'SYS/PERM');
    assert.equal(
      await everywhere(address, 'wrong'),
      'AUTH',
      'the state is told to its owner alone',
    );
    assert.equal(await isLocked(database, mailbox), false);
    await database.store.directory.setMailboxStatus({ address, status: 'active' });
    assert.equal(await everywhere(address), '+OK');
  });

  test('POP3 that is switched off for a mailbox', async () => {
    const { address } = await newMailbox();
    await warm(address);
    await database.store.directory.setMailboxPop3({ address, enabled: false });
    assert.equal(await everywhere(address), 'SYS/PERM');
    assert.equal(await everywhere(address, 'wrong'), 'AUTH');
    await database.store.directory.setMailboxPop3({ address, enabled: true });
    assert.equal(await everywhere(address), '+OK');
  });

  test('POP3 that is switched off for a domain, and for no other', async () => {
    const mailbox = await newMailbox();
    const other = await newMailbox();
    await warm(mailbox.address);
    await warm(other.address);
    const name = domainOf(mailbox);
    await database.store.directory.setDomain({ name, pop3Enabled: false });
    assert.equal(await everywhere(mailbox.address), 'SYS/PERM');
    assert.equal(await everywhere(mailbox.address, 'wrong'), 'AUTH');
    assert.equal(await everywhere(other.address), '+OK');
    await database.store.directory.setDomain({ name, pop3Enabled: true });
    assert.equal(await everywhere(mailbox.address), '+OK');
  });

  test('a grant, of one maildrop and of a domain', async () => {
    const shared = await newMailbox('shared');
    const ann = await newMailbox();
    const user = `${ann.address}/${shared.address}`;
    const { directory } = database.store;
    assert.equal(await everywhere(user), 'AUTH');
    const grant = { address: shared.address, grantee: ann.address };
    await directory.addGrant(grant);
    await warm(user);
    await directory.removeGrant(grant);
    assert.equal(await everywhere(user), 'AUTH');
    assert.equal(await everywhere(ann.address), '+OK');
    const master = { grantee: ann.address, domain: domainOf(shared) };
    await directory.addMasterGrant(master);
    await warm(user);
    await directory.removeMasterGrant(master);
    assert.equal(await everywhere(user), 'AUTH');
    assert.equal(await isLocked(database, shared), false);
  });

  test('an alias, which may then be the name of somebody else', async () => {
    const ann = await newMailbox();
    const bob = await newMailbox('bob');
    const name = `alias@${domainOf(ann)}`;
    const { directory, credentials } = database.store;
    await directory.addLoginName({ address: ann.address, name });
    await warm(name);
    await directory.removeLoginName({ address: ann.address, name });
    assert.equal(await everywhere(name), 'AUTH');
    assert.equal(await everywhere(ann.address), '+OK');
    const password = await hashPassword(Buffer.from('secret of bob'));
    await credentials.setPassword({ address: bob.address, password });
    await directory.addLoginName({ address: bob.address, name });
    assert.equal(await everywhere(name), 'AUTH', 'the former owner');
    assert.equal(await everywhere(name, 'secret of bob'), '+OK');
  });
});

describe('what is remembered of one is nothing of another', () => {
  test('one password and one local part in two domains, of which one is changed', async () => {
    const ann = await newMailbox();
    const other = await newMailbox();
    await warm(ann.address);
    await warm(other.address);
    const password = await hashPassword(Buffer.from('another one'));
    await database.store.credentials.setPassword({ address: ann.address, password });
    assert.equal(await everywhere(ann.address), 'AUTH');
    assert.equal(await everywhere(other.address), '+OK');
    assert.equal(await everywhere(other.address, 'another one'), 'AUTH');
  });

  test('one mailbox with the password, one without any, one that is unknown', async () => {
    const ann = await newMailbox();
    await warm(ann.address);
    const none = `none@${domainOf(ann)}`;
    await database.store.directory.addMailbox({ address: none, secret: null });
    assert.equal(await everywhere(none), 'AUTH');
    assert.equal(await everywhere(`unknown@${domainOf(ann)}`), 'AUTH');
    assert.equal(await everywhere('ann'), 'AUTH', 'the local part alone');
  });
});
