/**
 * A cluster that has nothing yet, begun in the console alone: domains, and what a mailbox has beside its
 * passwords. Each step is what the page shows, what a client of mail sees, and what the database holds.
 */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { auditOf, domainSettings, grantCounts, ownQuota } from '../support/accidents.ts';
import { AdminClient } from '../support/admin-client.ts';
import { Operator } from '../support/operator.ts';
import { Pop3Client } from '../support/pop3-client.ts';

const address = 'ann@example.org';
const secret = 'open sesame';
const gib = 2 ** 30;

let operator: Operator;
let page: Page;
let admin: AdminClient;

before(async () => {
  operator = await Operator.begin();
  page = operator.page;
  admin = new AdminClient(operator.node.admin, operator.token);
  await operator.signIn();
});
after(() => operator.end());

const domains = () => domainSettings(operator.database);
const quotaOf = () => ownQuota(operator.database, address);

/** What the refused client is told. */
async function refused(user: string): Promise<string | null> {
  const client = await Pop3Client.connect({ port: operator.node.pop3 });
  await client.ok(`USER ${user}`);
  const { ok, code } = await client.command(`PASS ${secret}`);
  assert.equal(ok, false);
  client.destroy();
  return code;
}

async function fill(label: string, value: string): Promise<void> {
  await page.getByRole('dialog').last().getByLabel(label, { exact: true }).fill(value);
}

async function fact(name: string, value: string): Promise<void> {
  const place = page.locator('.facts > div').filter({ has: page.getByText(name, { exact: true }) });
  await place.locator('dd').getByText(value, { exact: true }).waitFor();
}

describe('domains', () => {
  test('a fresh cluster: no such domain leads to adding it, and the mailbox follows', async () => {
    await operator.go('Domains');
    await page.getByText('There is no domain yet').waitFor();
    await operator.go('Mailboxes');
    await operator.press('New mailbox');
    await fill('Address', address);
    await page.getByLabel('Use the one typed here').check();
    await fill('Password', secret);
    await operator.answer('Add mailbox');
    const missing = page.getByRole('dialog').getByRole('alert');
    await missing.filter({ hasText: 'there is no such domain' }).waitFor();
    assert.deepEqual(await domains(), []);
    await operator.answer('Add the domain example.org');
    const second = page.getByRole('dialog', { name: 'New domain' });
    assert.equal(await second.getByLabel('Domain', { exact: true }).inputValue(), 'example.org');
    await second.getByRole('button', { name: 'Add domain' }).click();
    await operator.heading(address);
    const plain = { name: 'example.org', quota: null, pop3: true, delay: 0, undelete: 0 };
    assert.deepEqual(await domains(), [plain]);
    assert.deepEqual(await auditOf(operator.database, 'example.org'), ['domain.add by root']);
    await (await operator.login(address, secret)).quit();
  });

  test('one is added with what is typed for it; a size that is none is said', async () => {
    await operator.go('Domains');
    await operator.press('New domain');
    await fill('Domain', 'Other.Example');
    await fill('Quota', 'much');
    await fill('Login delay', '30');
    await operator.answer('Add domain');
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('alert').filter({ hasText: 'such as 500 MiB' }).waitFor();
    await fill('Quota', '1.5 gib');
    await operator.answer('Add domain');
    await operator.heading('other.example');
    await fact('Quota of a mailbox', '1.5 GiB');
    const other = { name: 'other.example', quota: 1.5 * gib, pop3: true, delay: 30, undelete: 0 };
    assert.deepEqual((await domains()).at(-1), other);
    await operator.go('Domains');
    await page.getByRole('row', { name: /^example\.org on 1 no bound none$/ }).waitFor();
    await page.getByRole('row', { name: /^other\.example on 0 1\.5 GiB 30 s$/ }).waitFor();
  });

  test('its quota and login delay are changed, and clients feel it', async () => {
    await page.getByRole('link', { name: 'example.org', exact: true }).click();
    await operator.heading('example.org');
    await page.getByRole('link', { name: address }).waitFor();
    await operator.press('Change');
    await fill('Quota', '2 GiB');
    await fill('Login delay', '3600');
    await operator.answer('Change');
    await operator.said(/example\.org is changed/);
    await fact('Quota of a mailbox', '2 GiB');
    const [row] = await domains();
    const changed = { name: 'example.org', quota: 2 * gib, pop3: true, delay: 3_600, undelete: 0 };
    assert.deepEqual(row, changed);
    const client = await Pop3Client.connect({ port: operator.node.pop3 });
    await client.ok(`USER ${address}`);
    await client.command(`PASS ${secret}`);
    client.destroy();
    assert.equal(await refused(address), 'LOGIN-DELAY');
  });

  test('what somebody else has changed meanwhile is said, and stays as he made it', async () => {
    await operator.press('Change');
    await admin.send('PATCH', '/domains/example.org', { loginDelaySeconds: 0 });
    await fill('Quota', '');
    await operator.answer('Change');
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('alert').filter({ hasText: 'Somebody else has changed it' }).waitFor();
    const theirs = { name: 'example.org', quota: 2 * gib, pop3: true, delay: 0, undelete: 0 };
    assert.deepEqual((await domains())[0], theirs);
    await operator.answer('Cancel');
    await fact('Login delay', 'none');
    await operator.press('Change');
    await fill('Quota', '');
    await operator.answer('Change');
    await fact('Quota of a mailbox', 'no bound');
    assert.deepEqual((await domains())[0], { ...theirs, quota: null });
  });

  test('POP3 is switched off and on for it', async () => {
    await operator.press('Switch POP3 off');
    await operator.answer('Switch off');
    await operator.said(/POP3 is off for example\.org/);
    assert.equal(await refused(address), 'SYS/PERM');
    await operator.press('Switch POP3 on');
    await operator.said(/POP3 is on for example\.org/);
    await (await operator.login(address, secret)).quit();
  });

  test('one with mailboxes is not removed, which the API says; one without is', async () => {
    await operator.press('Remove');
    await operator.answer('Cancel');
    await operator.press('Remove');
    await operator.answer('Remove domain');
    await page.getByRole('alert').filter({ hasText: 'the domain has mailboxes' }).waitFor();
    await operator.go('Domains');
    await page.getByRole('link', { name: 'other.example' }).click();
    await operator.press('Remove');
    await operator.answer('Remove domain');
    await operator.heading('Domains');
    await page.getByRole('link', { name: 'other.example' }).waitFor({ state: 'detached' });
    assert.deepEqual(
      (await domains()).map(({ name }) => name),
      ['example.org'],
    );
  });
});

describe('a mailbox', () => {
  test('its quota is set; a change of what somebody else has changed is not made', async () => {
    await operator.go('Mailboxes');
    await page.getByRole('link', { name: address }).click();
    await operator.heading(address);
    await fact('Quota', 'no bound');
    await operator.press('Set quota');
    await fill('Quota', '10 MiB');
    await operator.answer('Set');
    await operator.said(/The quota of ann@example\.org is set/);
    await fact('Quota', '10 MiB');
    assert.equal(await quotaOf(), 10 * 2 ** 20);
    await admin.send('PATCH', `/mailboxes/${address}`, { quotaOctets: 4_096 });
    await operator.press('Suspend');
    await page.getByRole('alert').filter({ hasText: 'Somebody else has changed it' }).waitFor();
    await fact('Quota', '4 KiB');
    const row = await operator.database.store.directory.findMailbox(address);
    assert.deepEqual([row?.status, await quotaOf()], ['active', 4_096]);
    await operator.press('Set quota');
    await fill('Quota', '');
    await operator.answer('Set');
    await fact('Quota', 'no bound');
    assert.equal(await quotaOf(), null);
  });

  test('an alias logs in as long as it is there', async () => {
    await operator.press('Add alias');
    await fill('Alias', 'Annie@Example.org');
    await operator.answer('Add');
    await page.getByRole('row', { name: /^annie@example\.org alias/ }).waitFor();
    const names = () => operator.database.store.directory.listLoginNames(address);
    assert.deepEqual([...(await names())].sort(), [address, 'annie@example.org']);
    await (await operator.login('annie@example.org', secret)).quit();
    await operator.press('Add alias');
    await fill('Alias', 'annie@example.org');
    await operator.answer('Add');
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('alert').filter({ hasText: 'exists already' }).waitFor();
    await operator.answer('Cancel');
    await operator.press('Remove the alias annie@example.org');
    await operator.answer('Remove alias');
    await operator.said(/The alias annie@example\.org is removed/);
    assert.deepEqual(await names(), [address]);
    assert.equal(await refused('annie@example.org'), 'AUTH');
  });

  test('another may open it as long as that is granted', async () => {
    await admin.post('/mailboxes', { address: 'bob@example.org', password: secret });
    const counts = () => grantCounts(operator.database);
    await operator.press('Let another open it');
    await fill('Address', 'nobody@example.org');
    await operator.answer('Grant');
    await page
      .getByRole('dialog')
      .getByRole('alert')
      .filter({ hasText: /no such/ })
      .waitFor();
    await fill('Address', 'bob@example.org');
    await operator.answer('Grant');
    await page.getByRole('row', { name: /^bob@example\.org may open it/ }).waitFor();
    assert.deepEqual((await counts()).grants, 1);
    await (await operator.login(`bob@example.org/${address}`, secret)).quit();
    await operator.press('Remove: bob@example.org may open it');
    await operator.answer('Remove grant');
    await operator.said(/The grant is taken back/);
    assert.deepEqual((await counts()).grants, 0);
    assert.equal(await refused(`bob@example.org/${address}`), 'AUTH');
  });

  test('it is made a master user, and is none any more', async () => {
    const counts = () => grantCounts(operator.database);
    await operator.press('Make it a master user');
    await fill('Domain', 'example.org');
    await operator.answer('Make master user');
    await page.getByRole('row', { name: /^master user of example\.org/ }).waitFor();
    assert.deepEqual((await counts()).masters, 1);
    await (await operator.login(`${address}/bob@example.org`, secret)).quit();
    await operator.press('Remove: master user of example.org');
    await operator.answer('Remove grant');
    await page.getByText('Nobody else may open it').waitFor();
    assert.deepEqual((await counts()).masters, 0);
  });
});

test('nothing went wrong in the page, and nothing was asked of another origin', () => {
  operator.wentWell([secret], [404, 412, 409, 412, 409, 404]);
});
