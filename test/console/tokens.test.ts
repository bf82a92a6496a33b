/**
 * Tokens by the console: made, used, revoked; and what the page does when its own is good no more, or when there
 * is no node to be reached.
 */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { AdminClient } from '../support/admin-client.ts';
import { eventually } from '../support/node-inspection.ts';
import { Operator, renewedWithinMs } from '../support/operator.ts';

let operator: Operator;
let page: Page;
let made = '';

before(async () => {
  operator = await Operator.begin();
  page = operator.page;
  await operator.database.store.directory.addDomain({ name: 'example.org' });
  await operator.signIn();
});
after(() => operator.end());

function tokenRows() {
  return operator.database.store.administration.listTokens({ after: '0', limit: 10 });
}

async function labels(): Promise<(string | null)[]> {
  const links = page.getByRole('navigation', { name: 'Views' }).getByRole('link');
  return Promise.all((await links.all()).map((link) => link.textContent()));
}

describe('tokens', () => {
  test('one is made by keyboard, shown once, and may do what was ticked', async () => {
    await operator.go('Tokens');
    await page.getByText('There is no token but that of the data directory.').waitFor();
    await page.getByRole('button', { name: 'New token' }).press('Enter');
    const dialog = page.getByRole('dialog', { name: 'New token' });
    await page.keyboard.type('Desk – Zoë');
    await page.keyboard.press('Enter');
    await dialog.getByRole('alert').filter({ hasText: 'Choose one scope at least.' }).waitFor();
    await dialog.getByLabel('webhooks').press('Space');
    await dialog.getByLabel('tokens').press('Space');
    await dialog.getByLabel('Domain', { exact: true }).fill('example.invalid');
    await dialog.getByLabel('Expires').selectOption({ label: 'In 7 days' });
    await operator.answer('Make token');
    await dialog.getByRole('alert').filter({ hasText: 'domain' }).waitFor();
    assert.deepEqual(await tokenRows(), []);
    await dialog.getByLabel('Domain', { exact: true }).fill('');
    await operator.answer('Make token');
    const once = page.getByRole('dialog', { name: 'The token' });
    made = await once.getByLabel('Token', { exact: true }).inputValue();
    assert.match(made, /^poplar_/);
    await page.keyboard.press('Escape');
    await page.getByRole('row', { name: /^Desk – Zoë good tokens, webhooks all/ }).waitFor();
    await eventually(async () => assert.ok(!(await page.content()).includes(made)));
    const opener = page.getByRole('button', { name: 'New token' });
    assert.equal(await opener.evaluate((one) => one.matches(':focus')), true);
    const [row] = await tokenRows();
    assert.deepEqual([row?.label, row?.revokedAt], ['Desk – Zoë', null]);
    assert.deepEqual([...(row?.scopes ?? [])].sort(), ['tokens', 'webhooks']);
    const days = ((row?.expiresAt?.getTime() ?? 0) - Date.now()) / 86_400_000;
    assert.ok(days > 6 && days < 7.01, `${days} days`);
  });

  test('it is offered what it allows, and told of what it does not', async () => {
    await operator.press('Sign out');
    await operator.signIn(made);
    assert.deepEqual(await labels(), ['Webhooks', 'Tokens']);
    await page.goto(`${operator.origin}/console/#/jobs`);
    await operator.heading('Not for this token');
    await page.getByText('This token may see Jobs not').waitFor();
    await operator.go('Tokens');
    await operator.press('New token');
    const boxes = page.getByRole('dialog').getByRole('checkbox');
    assert.equal(await boxes.count(), 2, 'it cannot give what it has not');
  });

  test('revoked in mid-use: the question for a token comes, and nothing stands before it', async () => {
    await page.getByRole('dialog').getByLabel('Label').fill('from the desk');
    await page.getByRole('dialog').getByLabel('webhooks').check();
    const admin = new AdminClient(operator.node.admin, operator.token);
    const { body } = await admin.get('/tokens');
    const [{ tokenId }] = Object(body.items);
    await admin.send('DELETE', `/tokens/${String(tokenId)}`);
    await operator.answer('Make token');
    await page.getByText('The token is good no more.').waitFor();
    assert.equal(await page.getByRole('dialog').count(), 0);
    assert.equal(await page.evaluate(() => document.activeElement?.id), 'token');
    assert.equal((await tokenRows()).length, 1, 'none was made');
    await page.getByLabel('Token').fill(operator.token);
    await page.keyboard.press('Enter');
    await operator.heading('Tokens');
    await page.getByRole('row', { name: /^Desk – Zoë revoked/ }).waitFor();
  });

  test('one is revoked when that is confirmed, and the focus stays in the list', async () => {
    const admin = new AdminClient(operator.node.admin, operator.token);
    const { body } = await admin.post('/tokens', { label: 'old', scopes: ['read'] });
    await operator.go('Nodes');
    await operator.go('Tokens');
    const revoke = page.getByRole('button', { name: 'Revoke the token old' });
    await revoke.press('Enter');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    assert.equal((await tokenRows()).at(-1)?.revokedAt, null, 'the first button does nothing');
    assert.equal(await revoke.evaluate((one) => one.matches(':focus')), true);
    await revoke.press('Enter');
    await operator.answer('Revoke token');
    await operator.said(/The token old is revoked/);
    assert.ok((await tokenRows()).at(-1)?.revokedAt instanceof Date);
    const other = new AdminClient(operator.node.admin, String(body.token));
    assert.equal((await other.get('/self')).status, 401);
    const isInList = () => document.activeElement?.closest('.table') !== null;
    assert.equal(await page.evaluate(isInList), true);
  });
});

describe('a network that went', () => {
  test('is said once, and so is that it is there again', async () => {
    await operator.go('Nodes');
    await page.getByRole('row', { name: /^pop1/ }).waitFor();
    await page.context().setOffline(true);
    const failed = page.getByRole('alert').filter({ hasText: 'The node cannot be reached.' });
    await failed.waitFor({ timeout: renewedWithinMs });
    await page.getByRole('row', { name: /^pop1/ }).waitFor();
    await page.getByRole('link', { name: 'Tokens' }).click();
    await page.getByText('It cannot be shown.').waitFor();
    await page.getByRole('link', { name: 'Nodes' }).click();
    await failed.waitFor();
    await page.context().setOffline(false);
    await operator.said(/The node answers again/);
    await page.getByRole('row', { name: /^pop1/ }).waitFor();
  });
});

test('nothing went wrong in the page, and nothing was asked of another origin', () => {
  const offline = /ERR_INTERNET_DISCONNECTED/;
  const { errors } = operator.watched;
  errors.splice(0, errors.length, ...errors.filter((text) => !offline.test(text)));
  operator.wentWell([made], [404, 401]);
});
