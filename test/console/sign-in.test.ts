/**
 * Signing in and the overview, in a real browser against a real node: what the page shows is what the database
 * holds, while a client of mail comes and goes.
 */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { isLocked } from '../support/accidents.ts';
import { openPage } from '../support/browser.ts';
import { letter } from '../support/console-scene.ts';
import { eventually } from '../support/node-inspection.ts';
import { Operator, renewedWithinMs } from '../support/operator.ts';
import { testSecret } from '../support/test-database.ts';

let operator: Operator;
let page: Page;

before(async () => {
  operator = await Operator.begin();
  page = operator.page;
});
after(() => operator.end());

/** The figure of a tile of the overview. */
async function tile(name: string): Promise<string> {
  const place = page.locator('.tile').filter({ has: page.getByText(name, { exact: true }) });
  return ((await place.locator('dd').textContent()) ?? '').trim();
}

describe('signing in', () => {
  test('a wrong token is refused in words, and nothing is kept of it', async () => {
    await page.goto(operator.origin);
    assert.equal(page.url(), `${operator.origin}/console/`);
    await page.getByLabel('Token').fill('poplar_wrong');
    await operator.press('Sign in');
    await page.getByRole('alert').filter({ hasText: 'This token is not good.' }).waitFor();
    assert.equal(await page.evaluate(() => sessionStorage.length), 0);
    assert.equal(await page.getByLabel('Token').inputValue(), '');
  });

  test('a good one opens the overview, and stays in this tab until it is signed out', async () => {
    await page.getByLabel('Token').fill(operator.token);
    await page.keyboard.press('Enter');
    await operator.heading('Overview');
    assert.equal(await page.locator('#who').textContent(), 'root');
    await page.reload();
    await operator.heading('Overview');
    const other = await openPage(operator.browser, operator.origin);
    await other.page.goto(`${operator.origin}/console/`);
    await other.page.getByLabel('Token').waitFor();
    await other.page.context().close();
    await operator.press('Sign out');
    await page.getByLabel('Token').waitFor();
    assert.equal(await page.evaluate(() => sessionStorage.length), 0);
    await page.getByLabel('Token').fill(operator.token);
    await operator.press('Sign in');
    await operator.heading('Overview');
  });
});

describe('the overview', () => {
  test('shows a session while it is open, and the login that opened it', async () => {
    const box = await operator.database.addMailbox('live@example.org', [
      { content: letter('one') },
    ]);
    await eventually(async () => assert.equal(await tile('Sessions open'), '0'), renewedWithinMs);
    const opened = page
      .getByRole('region', { name: 'Logins by outcome' })
      .getByRole('row', { name: /^opened/ });
    const client = await operator.login(box.address, testSecret);
    await eventually(async () => {
      assert.equal(await tile('Sessions open'), '1');
      assert.match(String(await opened.textContent()), /\/s1$/);
      const chart = page.getByRole('img', { name: /^Sessions open, now: all nodes 1$/ });
      assert.equal(await chart.count(), 1);
      assert.ok((await chart.locator('path').count()) === 1, 'a line is drawn');
    }, renewedWithinMs);
    assert.equal(await isLocked(operator.database, box), true);
    await client.quit();
    await eventually(async () => assert.equal(await tile('Sessions open'), '0'), renewedWithinMs);
    const { nodes } = await operator.database.store.cluster.figures();
    assert.equal(nodes[0]?.report?.figures.loginsOpened, 1);
  });
});

test('nothing went wrong in the page, and nothing was asked of another origin', () => {
  operator.wentWell([], [401]);
});
