/**
 * The console for whoever uses it: by keyboard, by screen reader, in the dark, on a narrow screen, with a token
 * that may do little. And what the page may not do, whatever comes into it.
 */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { AdminClient } from '../support/admin-client.ts';
import { openPage } from '../support/browser.ts';
import { letter } from '../support/console-scene.ts';
import { eventually } from '../support/node-inspection.ts';
import { Operator } from '../support/operator.ts';
import { testSecret } from '../support/test-database.ts';
import { faintTexts, isTooWide, nameless, structureProblems } from './page-inspection.ts';

/** What each is called by its heading. */
const views: Readonly<Record<string, string>> = {
  overview: 'Overview',
  sessions: 'Sessions and locks',
  domains: 'Domains',
  'domains/example.org': 'example.org',
  mailboxes: 'Mailboxes',
  'mailboxes/ann%40example.org': 'ann@example.org',
  jobs: 'Jobs',
  'jobs/1': 'Export from ann@example.org',
  nodes: 'Nodes',
  webhooks: 'Webhooks',
  'webhooks/1': 'Webhook to http://127.0.0.1:1025/hook',
  tokens: 'Tokens',
  audit: 'Audit',
};
const evil = '<img src=x onerror="document.title=1">';

let operator: Operator;
let page: Page;
let admin: AdminClient;

before(async () => {
  operator = await Operator.begin({
    POPLAR_WEBHOOK_NETWORKS: '127.0.0.0/8',
    POPLAR_WEBHOOK_HTTP: 'true',
  });
  page = operator.page;
  admin = new AdminClient(operator.node.admin, operator.token);
  const letters = [letter('hello'), letter(evil)].map((content) => ({ content }));
  await operator.database.addMailbox('ann@example.org', letters);
  await operator.database.addMailbox('bob@example.net');
  await admin.get('/mailboxes/ann@example.org/export?format=mbox');
  await admin.post('/tokens', { label: 'monitoring', scopes: ['read'] });
  // Nobody listens there: its deliveries wait.
  await admin.post('/webhooks', {
    ...{ url: 'http://127.0.0.1:1025/hook', events: ['quota.near'] },
  });
  await admin.post('/webhooks/1/test');
});
after(() => operator.end());

async function show(hash: string): Promise<void> {
  await page.goto(`${operator.origin}/console/#/${hash}`);
  await operator.heading(views[hash] ?? '');
  await page.locator('#main[aria-busy]').waitFor({ state: 'detached' });
  // What is drawn is text as well, and a list is looked at when something is in it.
  if (hash === 'overview') await page.locator('.chart path').first().waitFor();
  else if (hash === 'jobs/1') await page.getByRole('progressbar').waitFor();
  else await page.getByRole('row').nth(1).waitFor();
}

describe('for everybody', () => {
  test('the question for a token has names, contrast and room', async () => {
    await page.goto(operator.origin);
    await page.getByLabel('Token').waitFor();
    assert.deepEqual((await nameless(page)).without, []);
    assert.deepEqual(await structureProblems(page), []);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      assert.deepEqual(await faintTexts(page), [], colorScheme);
    }
    await operator.signIn();
  });

  for (const view of Object.keys(views)) {
    test(`${view}: all has a name, can be told from its ground, and fits a narrow screen`, async () => {
      const client = await operator.login('ann@example.org', testSecret);
      await show(view);
      const { seen, without } = await nameless(page);
      assert.ok(seen > 8, `${seen} were looked at`);
      assert.deepEqual(without, []);
      assert.deepEqual(await structureProblems(page), []);
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        assert.deepEqual(await faintTexts(page), [], colorScheme);
      }
      await page.setViewportSize({ width: 360, height: 640 });
      assert.equal(await isTooWide(page), false);
      await page.setViewportSize({ width: 1280, height: 900 });
      await client.quit();
    });
  }

  test('on a phone the menu is one line until it is asked for', async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    await show('mailboxes');
    const top = (await page.locator('#main h1').boundingBox())?.y ?? 844;
    assert.ok(top < 120, `the content begins at ${top} of 844 pixels`);
    const menu = page.getByRole('button', { name: 'Menu' });
    const link = page.getByRole('link', { name: 'Nodes', exact: true });
    assert.equal(await link.isVisible(), false);
    await menu.press('Enter');
    assert.equal(await menu.getAttribute('aria-expanded'), 'true');
    assert.equal(await page.getByRole('button', { name: 'Sign out' }).isVisible(), true);
    assert.deepEqual(await faintTexts(page), []);
    await page.keyboard.press('Escape');
    assert.equal(await link.isVisible(), false);
    await menu.click();
    await link.click();
    await operator.heading('Nodes');
    assert.equal(await link.isVisible(), false);
    await page.setViewportSize({ width: 1280, height: 900 });
    assert.equal(await menu.isVisible(), false);
    assert.equal(await link.isVisible(), true);
  });

  test('by keyboard: over the navigation, into a dialog, and back to where one was', async () => {
    await show('mailboxes');
    await page.reload();
    await page.locator('#main h1').waitFor();
    await page.getByRole('link', { name: 'Skip to the content' }).focus();
    await page.keyboard.press('Enter');
    assert.equal(await page.evaluate(() => document.activeElement?.id), 'main');
    await page.keyboard.press('Tab');
    assert.equal(await page.getByLabel('Search').evaluate((one) => one.matches(':focus')), true);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog', { name: 'New mailbox' });
    await dialog.waitFor();
    for (let times = 0; times < 12; times += 1) {
      await page.keyboard.press('Tab');
      const inside = await page.evaluate(
        () =>
          document.activeElement === document.body ||
          document.activeElement?.closest('dialog') !== null,
      );
      assert.equal(inside, true, 'the focus stays in the dialog');
    }
    assert.deepEqual((await nameless(page)).without, []);
    assert.deepEqual(await faintTexts(page), []);
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    const opener = page.getByRole('button', { name: 'New mailbox' });
    assert.equal(await opener.evaluate((one) => one.matches(':focus')), true);
    await page.getByRole('link', { name: 'Nodes' }).press('Enter');
    await operator.heading('Nodes');
    assert.equal(await page.evaluate(() => document.activeElement?.textContent), 'Nodes');
    assert.equal(await page.title(), 'Nodes – Poplar');
  });

  test('what is pressed keeps the focus while its list is brought up to date', async () => {
    const client = await operator.login('ann@example.org', testSecret);
    await show('sessions');
    const end = page.getByRole('button', { name: 'End the session of ann@example.org' });
    await end.focus();
    const other = await operator.login('bob@example.net', testSecret);
    await page.getByRole('link', { name: 'bob@example.net' }).waitFor();
    assert.equal(await end.evaluate((one) => one.matches(':focus')), true);
    await other.quit();
    await client.quit();
  });

  test('light and dark: as the system has it, or as one chooses, and it stays so', async () => {
    const ground = () =>
      page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    await page.emulateMedia({ colorScheme: 'light' });
    const light = await ground();
    await page.emulateMedia({ colorScheme: 'dark' });
    const dark = await ground();
    assert.notEqual(light, dark);
    await page.getByLabel('Theme').selectOption('Light');
    assert.equal(await ground(), light);
    await page.reload();
    await page.locator('#main h1').waitFor();
    assert.equal(await ground(), light);
    await page.getByLabel('Theme').selectOption('System');
    assert.equal(await ground(), dark);
  });
});

describe('names as long as they may be', () => {
  test('break within their cells, and what stands beside them can be reached', async () => {
    const domain = `${`${'d'.repeat(61)}.`.repeat(3)}${'e'.repeat(50)}.example`;
    const local = 'ü'.repeat(4);
    await operator.database.addMailbox(`${local}@${domain}`);
    await admin.post('/tokens', { label: 'ж'.repeat(60), scopes: ['read'], domain });
    for (const view of ['mailboxes', 'tokens']) {
      await show(view);
      await page.getByText(domain).first().waitFor();
      assert.equal(await isTooWide(page), false, view);
      const widest = await page
        .locator('th[scope=row], td')
        .evaluateAll((cells) =>
          Math.max(...cells.map((cell) => cell.getBoundingClientRect().width)),
        );
      assert.ok(widest < 700, `${view}: ${widest} pixels`);
    }
    await page.goto(
      `${operator.origin}/console/#/mailboxes/${encodeURIComponent(`${local}@${domain}`)}`,
    );
    await page.getByRole('heading', { level: 1, name: domain }).waitFor();
    assert.equal(await isTooWide(page), false);
    await page.getByRole('button', { name: 'Delete' }).press('Enter');
    const dialog = page.getByRole('dialog');
    const isCut = (one: Element): boolean => one.scrollWidth > one.clientWidth;
    assert.equal(await dialog.evaluate(isCut), false, 'the dialog fits its words');
    await page.keyboard.press('Escape');
  });

  test('nothing moves for who asked for that', async () => {
    await page.emulateMedia({ reducedMotion: 'reduce' });
    const moving = () => [...document.querySelectorAll('*')].flatMap((one) => one.getAnimations());
    assert.equal((await page.evaluate(moving)).length, 0);
    await page.emulateMedia({ reducedMotion: 'no-preference' });
  });
});

describe('for who may do little', () => {
  test('a token of one domain sees its sessions, its mailboxes, and nothing to be pressed', async () => {
    const asked = { label: 'desk', scopes: ['read', 'sessions'], domain: 'example.net' };
    const made = await admin.post('/tokens', asked);
    const clients = [
      await operator.login('ann@example.org', testSecret),
      await operator.login('bob@example.net', testSecret),
    ];
    const other = await openPage(operator.browser, operator.origin);
    await other.page.goto(operator.origin);
    await other.page.getByLabel('Token').fill(String(made.body.token));
    await other.page.getByRole('button', { name: 'Sign in' }).click();
    await other.page.getByRole('link', { name: 'bob@example.net' }).waitFor();
    const links = await other.page
      .getByRole('navigation', { name: 'Views' })
      .getByRole('link')
      .all();
    const labels = await Promise.all(links.map((link) => link.textContent()));
    assert.deepEqual(labels, ['Sessions', 'Domains', 'Mailboxes', 'Audit']);
    assert.equal(await other.page.getByText('ann@example.org').count(), 0);
    await other.page.getByRole('link', { name: 'Domains' }).click();
    await other.page.getByRole('row', { name: /^example\.net/ }).waitFor();
    assert.equal(await other.page.getByRole('row').count(), 2);
    assert.equal(await other.page.getByRole('button', { name: 'New domain' }).count(), 0);
    await other.page.getByRole('link', { name: 'example.net' }).click();
    await other.page.getByRole('link', { name: 'bob@example.net' }).click();
    await other.page.getByRole('heading', { name: 'bob@example.net' }).waitFor();
    assert.equal(await other.page.getByRole('button', { name: 'End session' }).count(), 1);
    assert.equal(await other.page.getByRole('button', { name: 'Delete' }).count(), 0);
    await admin.send('DELETE', `/tokens/${String(made.body.tokenId)}`);
    await other.page.getByRole('link', { name: 'Sessions' }).click();
    await other.page.getByText('The token is good no more.').waitFor();
    assert.equal(await other.page.evaluate(() => sessionStorage.length), 0);
    assert.deepEqual([other.errors, other.strangers], [[], []]);
    assert.ok(other.refusals.length > 0 && other.refusals.every((status) => status === 401));
    await other.page.context().close();
    for (const client of clients) await client.quit();
  });
});

describe('whatever comes into the page', () => {
  test('a subject with markup in it is a subject', async () => {
    await show('mailboxes/ann%40example.org');
    await page.getByRole('rowheader', { name: evil }).waitFor();
    assert.equal(await page.title(), 'ann@example.org – Poplar');
  });

  test('text cannot become markup, and nothing can be loaded from elsewhere', async () => {
    operator.wentWell();
    const outcome = await page.evaluate(async () => {
      const outcomes: string[] = [];
      try {
        document.body.insertAdjacentHTML('beforeend', '<p id="made">made</p>');
      } catch (error) {
        outcomes.push(error instanceof Error ? error.name : 'refused');
      }
      await fetch('http://127.0.0.1:9/').catch(() => outcomes.push('no request'));
      const style = document.createElement('style');
      style.textContent = 'body { display: none }';
      document.head.append(style);
      outcomes.push(getComputedStyle(document.body).display);
      return outcomes;
    });
    assert.deepEqual(outcome, ['TypeError', 'no request', 'block']);
    assert.equal(await page.locator('#made').count(), 0);
    const policy = /Content Security Policy|requires 'TrustedHTML'/;
    await eventually(() => {
      assert.ok(operator.watched.errors.length >= 3);
      assert.deepEqual(
        operator.watched.errors.filter((text) => !policy.test(text)),
        [],
      );
    });
  });
});
