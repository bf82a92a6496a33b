/**
 * Webhooks by the console: added, tested against a real receiver, suspended, sent again, given another secret and
 * removed; what is seen, what the receiver got and what the database holds.
 */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { outboxOf, webhookUrls } from '../support/accidents.ts';
import { type EventReceiver, startEventReceiver } from '../support/event-receiver.ts';
import { eventually } from '../support/node-inspection.ts';
import { Operator, renewedWithinMs } from '../support/operator.ts';

let operator: Operator;
let page: Page;
let receiver: EventReceiver;
const secrets: string[] = [];

before(async () => {
  receiver = await startEventReceiver();
  operator = await Operator.begin({
    POPLAR_WEBHOOK_NETWORKS: '127.0.0.0/8',
    POPLAR_WEBHOOK_HTTP: 'true',
  });
  page = operator.page;
  await operator.database.addMailbox('ann@example.org');
  await operator.signIn();
});
after(async () => {
  await operator.end();
  await receiver.end();
});

/** Shown once, and gone with its dialog. */
async function secretShown(): Promise<string> {
  const secret = await page.getByLabel('Secret that requests are signed with').inputValue();
  secrets.push(secret);
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await eventually(async () => assert.ok(!(await page.content()).includes(secret)));
  return secret;
}

function delivery(words: RegExp) {
  const rows = page.getByRole('region', { name: 'Deliveries, the latest first' });
  return rows.getByRole('row').filter({ hasText: words }).first();
}

describe('webhooks', () => {
  test('one is added by keyboard; what the API refuses is said in the dialog', async () => {
    await operator.go('Webhooks');
    await page.getByText('There is no webhook: nobody is told of anything.').waitFor();
    await page.getByRole('button', { name: 'New webhook' }).press('Enter');
    const dialog = page.getByRole('dialog', { name: 'New webhook' });
    await dialog.getByLabel('URL').fill('ftp://127.0.0.1/hook');
    await page.keyboard.press('Enter');
    await dialog.getByRole('alert').filter({ hasText: 'Choose one event at least.' }).waitFor();
    await dialog.getByLabel('mailbox.suspended').press('Space');
    await dialog.getByLabel('URL').press('Enter');
    await dialog
      .getByRole('alert')
      .filter({ hasText: /https?/ })
      .waitFor();
    assert.equal(await dialog.getByLabel('mailbox.suspended').isChecked(), true);
    await dialog.getByLabel('URL').fill(receiver.url);
    await page.keyboard.press('Enter');
    receiver.secret = await secretShown();
    await operator.heading(`Webhook to ${receiver.url}`);
    assert.deepEqual(await webhookUrls(operator.database), [receiver.url]);
  });

  test('a test event reaches the receiver, and its delivery says so', async () => {
    await operator.press('Send test event');
    await operator.said(/test event waits/);
    await delivery(/webhook\.test.*delivered/s).waitFor({ timeout: renewedWithinMs });
    assert.deepEqual(
      receiver.events.map(({ event }) => event),
      ['webhook.test'],
    );
    const [row] = await outboxOf(operator.database, 'webhook.test', null);
    assert.deepEqual([row?.state, row?.status], ['delivered', 204]);
  });

  test('suspended: what waits becomes a dead letter, which is sent again after it is resumed', async () => {
    receiver.status = 503;
    await operator.press('Send test event');
    await delivery(/webhook\.test.*pending.*status 503/s).waitFor({ timeout: renewedWithinMs });
    await operator.press('Suspend');
    await operator.answer('Suspend');
    await operator.said(/is suspended/);
    // What a node does each minute.
    assert.equal((await operator.database.store.administration.webhooks.bury()).buried, 1);
    const dead = delivery(/webhook\.test.*dead/s);
    await dead.waitFor({ timeout: renewedWithinMs });
    await page.getByLabel('Show').selectOption({ label: 'Dead letters' });
    await eventually(async () => assert.equal(await page.locator('tbody tr').count(), 1));
    receiver.status = 204;
    await operator.press('Resume');
    await operator.said(/active again/);
    const again = dead.getByRole('button', { name: /^Send webhook\.test .* again$/ });
    await again.press('Enter');
    await operator.said(/waits to be sent again/);
    await page.getByText('There is no such delivery.').waitFor();
    await page.getByLabel('Show').selectOption({ label: 'Delivered' });
    await eventually(
      async () => assert.equal(await page.locator('tbody tr').count(), 2),
      renewedWithinMs,
    );
    const rows = await outboxOf(operator.database, 'webhook.test', null);
    assert.deepEqual(
      rows.map(({ state }) => state),
      ['delivered', 'delivered'],
    );
  });

  test('another secret is shown once, and signs from then on', async () => {
    await operator.press('New secret');
    await operator.answer('Make new secret');
    const former = receiver.secret;
    receiver.secret = await secretShown();
    assert.notEqual(receiver.secret, former);
    await page.getByText('Former secret good until').waitFor();
    const before = receiver.events.length;
    await operator.press('Send test event');
    await eventually(() => assert.equal(receiver.events.length, before + 1), renewedWithinMs);
  });

  test('it is changed, and removed when that is confirmed', async () => {
    await operator.press('Change');
    await page.getByRole('dialog').getByLabel('quota.near').check();
    await operator.answer('Change');
    await operator.said(/is changed/);
    await page.locator('.facts').getByText('quota.near, mailbox.suspended').waitFor();
    await operator.press('Remove');
    await page.keyboard.press('Escape');
    assert.equal((await webhookUrls(operator.database)).length, 1);
    await operator.press('Remove');
    await operator.answer('Remove webhook');
    await operator.heading('Webhooks');
    await page.getByText('There is no webhook: nobody is told of anything.').waitFor();
    assert.deepEqual(await webhookUrls(operator.database), []);
  });
});

test('nothing went wrong in the page, and nothing was asked of another origin', () => {
  operator.wentWell(secrets, [422]);
});
