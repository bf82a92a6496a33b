/**
 * Imports and exports by the console: seen while they go on, without anything being pressed, cancelled, and what
 * they left out.
 */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { eventually } from '../support/node-inspection.ts';
import { Operator, renewedWithinMs } from '../support/operator.ts';
import { beginImport } from '../support/slow-import.ts';
import type { TestMailbox } from '../support/test-database.ts';

let operator: Operator;
let page: Page;
let box: TestMailbox;

before(async () => {
  operator = await Operator.begin();
  page = operator.page;
  box = await operator.database.addMailbox('ann@example.org');
  await operator.signIn();
});
after(() => operator.end());

function jobRows() {
  return operator.database.store.administration.jobs.list({ limit: 10 });
}

async function fact(name: string, value: RegExp): Promise<void> {
  const place = page.locator('.facts > div').filter({ has: page.getByText(name, { exact: true }) });
  await place.locator('dd').filter({ hasText: value }).waitFor({ timeout: renewedWithinMs });
}

describe('jobs', () => {
  test('where there is none, that is said', async () => {
    await operator.go('Jobs');
    await operator.heading('Jobs');
    await page.getByText('There is no import or export of the last 30 days.').waitFor();
  });

  test('an import is seen while it goes on, and cancelled by keyboard: what it stored stays', async () => {
    const to = { port: operator.node.admin, token: operator.token };
    const slow = beginImport(to, box.address);
    slow.send(64);
    const link = page.getByRole('link', { name: 'import into ann@example.org' });
    await link.waitFor({ timeout: renewedWithinMs });
    await page.getByRole('row', { name: /^import into ann@example\.org running/ }).waitFor();
    await link.press('Enter');
    await operator.heading('Import into ann@example.org');
    await fact('Messages', /^6[34]$/);
    const asked = operator.watched.requests.length;
    slow.send(64);
    await fact('Messages', /^12[78]$/);
    const later = operator.watched.requests.slice(asked);
    assert.ok(later.length <= 1, `the stream tells it, not requests: ${later.join(' ')}`);
    assert.match(String(await page.locator('#main [role=status]').textContent()), /^running: /);
    const [running] = await jobRows();
    assert.deepEqual([running?.state, running?.actor], ['running', 'root']);
    await page.getByRole('button', { name: 'Cancel job' }).press('Enter');
    const leave = page.getByRole('dialog').getByRole('button', { name: 'Let it run' });
    assert.equal(await leave.evaluate((one) => one.matches(':focus')), true);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await operator.said(/The import into ann@example\.org is cancelled/);
    await fact('State', /^cancelled$/);
    await page.getByRole('button', { name: 'Cancel job' }).waitFor({ state: 'hidden' });
    assert.equal(await page.evaluate(() => document.activeElement?.tagName), 'H1');
    await slow.end();
    const [cancelled] = await jobRows();
    assert.equal(cancelled?.state, 'cancelled');
    const stored = await operator.database.visible(box);
    assert.equal(stored.length, Number(cancelled?.handled));
  });

  test('what was left out is told with its reason, and the list is that of a mailbox', async () => {
    const stored = (await operator.database.visible(box)).length;
    const again = beginImport({ port: operator.node.admin, token: operator.token }, box.address);
    again.send(2);
    assert.match(await again.end(), /complete/);
    assert.equal((await operator.database.visible(box)).length, stored, 'they were there');
    await operator.go('Mailboxes');
    await page.getByRole('link', { name: box.address }).click();
    await page.getByRole('link', { name: 'Jobs' }).last().click();
    await operator.heading('Jobs');
    const rows = page.getByRole('region', { name: 'Imports and exports, the latest first' });
    await eventually(async () => assert.equal(await rows.getByRole('row').count(), 3));
    // What was left out is not counted as a message that was taken over.
    await rows.getByRole('row', { name: /complete 0 messages stored, 2 left out/ }).waitFor();
    await rows.getByRole('link').first().click();
    await page.getByRole('row', { name: /^duplicate.* 2$/ }).waitFor();
    await fact('State', /^complete$/);
    const [job] = await jobRows();
    assert.deepEqual([job?.state, job?.handled], ['complete', 2]);
  });

  test('why one failed stands in the list', async () => {
    const path = `/api/v1/mailboxes/${encodeURIComponent(box.address)}/import`;
    const answer = await fetch(`${operator.origin}${path}`, {
      ...{ method: 'POST', body: 'This is no mail.\n', signal: AbortSignal.timeout(20_000) },
      headers: { authorization: `Bearer ${operator.token}`, 'content-type': 'application/mbox' },
    });
    assert.match(await answer.text(), /"state":"failed"/);
    const [job] = await jobRows();
    assert.equal(job?.state, 'failed');
    const reason = String(job?.error);
    assert.ok(reason.length > 5, reason);
    await operator.go('Jobs');
    await page.getByRole('row').filter({ hasText: 'failed' }).getByText(reason).waitFor();
  });

  test('a job that is not there is said in the words of the API, and can be tried again', async () => {
    await page.goto(`${operator.origin}/console/#/jobs/999999`);
    await page.getByRole('alert').filter({ hasText: 'there is no such job' }).waitFor();
    await operator.press('Try again');
    await page.getByText('It cannot be shown.').waitFor();
  });
});

test('nothing went wrong in the page, and nothing was asked of another origin', () => {
  operator.wentWell([], [404, 404]);
});
