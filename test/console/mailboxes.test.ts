/**
 * Mailboxes by the console: each step is what the page shows, what a client of mail sees, and what the database
 * holds.
 */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { auditOf } from '../support/accidents.ts';
import { eventually } from '../support/node-inspection.ts';
import { Operator } from '../support/operator.ts';
import { Pop3Client } from '../support/pop3-client.ts';

let operator: Operator;
let page: Page;

before(async () => {
  operator = await Operator.begin();
  page = operator.page;
  await operator.database.store.directory.addDomain({ name: 'example.org' });
  await operator.signIn();
});
after(() => operator.end());

describe('mailboxes', () => {
  test('one is added; the password that is shown once opens it', async () => {
    await operator.go('Mailboxes');
    await operator.press('New mailbox');
    await page.getByLabel('Address').fill('nobody');
    await operator.press('Add mailbox');
    await page
      .getByRole('dialog')
      .getByRole('alert')
      .filter({ hasText: 'not an address' })
      .waitFor();
    await page.getByLabel('Address').fill('Made@Example.org');
    await operator.press('Add mailbox');
    const secret = await page
      .getByLabel('Password of made@example.org', { exact: true })
      .inputValue();
    assert.match(secret, /^(?:[a-z1-9]{5}-){3}[a-z1-9]{5}$/);
    await operator.press('Done');
    await operator.heading('made@example.org');
    const client = await operator.login('made@example.org', secret);
    await client.quit();
    assert.ok(!(await page.content()).includes(secret), 'the page has forgotten it');
    assert.ok(
      !operator.node.log().includes(secret) && !operator.node.log().includes(operator.token),
    );
    assert.deepEqual(await auditOf(operator.database, 'made@example.org'), ['mailbox.add by root']);
  });

  test('another password takes its place, an app password is one more', async () => {
    await operator.press('Set password');
    await page.getByLabel('Use the one typed here').check();
    await page.getByLabel('Password', { exact: true }).fill('open sesame');
    await operator.answer('Set password');
    await operator.said(/The password of made@example\.org is set/);
    await (await operator.login('made@example.org', 'open sesame')).quit();
    await operator.press('New app password');
    await page.getByLabel('Label', { exact: true }).fill('phone');
    await operator.press('Make app password');
    const secret = await page
      .getByLabel('App password of made@example.org', { exact: true })
      .inputValue();
    await operator.press('Done');
    await (await operator.login('made@example.org', secret)).quit();
    await page.getByRole('row', { name: /app-password phone/ }).waitFor();
    const kinds = (await operator.database.store.credentials.list('made@example.org')).map(
      ({ kind }) => kind,
    );
    assert.deepEqual(kinds.sort(), ['app-password', 'password']);
  });

  test('they are searched, and listed a page at a time', async () => {
    for (let number = 100; number < 160; number += 1) {
      const address = `row${number}@example.org`;
      await operator.database.store.directory.addMailbox({ address, secret: null });
    }
    await operator.go('Mailboxes');
    const list = page.getByRole('region', { name: 'Mailboxes' });
    await list.getByRole('link', { name: 'row100@example.org' }).waitFor();
    assert.equal(await list.getByRole('row').count(), 51);
    await page.getByRole('button', { name: 'Next page of mailboxes' }).press('Enter');
    await list.getByRole('link', { name: 'row159@example.org' }).waitFor();
    assert.equal(
      await page.getByRole('button', { name: 'Next page of mailboxes' }).isEnabled(),
      false,
    );
    const back = page.getByRole('button', { name: 'Previous page of mailboxes' });
    assert.equal(await back.evaluate((one) => one.matches(':focus')), true, 'Next is no more');
    await operator.press('Previous page of mailboxes');
    await list.getByRole('link', { name: 'row100@example.org' }).waitFor();
    await page.getByLabel('Search').fill('MADE');
    await eventually(async () => assert.equal(await list.getByRole('row').count(), 2));
    await list.getByRole('link', { name: 'made@example.org' }).click();
    await operator.heading('made@example.org');
  });

  test('one is suspended and resumed: its password does not open it meanwhile', async () => {
    await operator.press('Suspend');
    await operator.said(/made@example\.org is suspended/);
    const refused = await Pop3Client.connect({ port: operator.node.pop3 });
    await refused.ok('USER made@example.org');
    assert.equal((await refused.command('PASS open sesame')).code, 'SYS/PERM');
    await refused.quit();
    assert.equal(
      (await operator.database.store.directory.findMailbox('made@example.org'))?.status,
      'suspended',
    );
    await operator.press('Resume');
    await operator.said(/is active again/);
    await (await operator.login('made@example.org', 'open sesame')).quit();
  });

  test('one is deleted, which ends its session, and had back', async () => {
    const client = await operator.login('made@example.org', 'open sesame');
    await operator.press('Delete');
    await operator.press('Cancel');
    assert.equal(
      (await operator.database.store.directory.findMailbox('made@example.org'))?.status,
      'active',
    );
    await operator.press('Delete');
    await operator.press('Delete mailbox');
    await operator.said(/made@example\.org is deleted/);
    assert.equal((await client.reply()).ok, false);
    client.destroy();
    await operator.press('Undelete');
    await operator.said(/made@example\.org is back/);
    await (await operator.login('made@example.org', 'open sesame')).quit();
  });
});

test('nothing went wrong in the page, and nothing was asked of another origin', () => {
  operator.wentWell(['open sesame'], [400]);
});
