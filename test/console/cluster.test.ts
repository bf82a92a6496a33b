/**
 * What runs, by the console: sessions that are ended, messages that come back, a node that is drained, and the
 * audit of all that.
 */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { auditOf, keepDeleted, lockRow } from '../support/accidents.ts';
import { letter } from '../support/console-scene.ts';
import { eventually } from '../support/node-inspection.ts';
import { Operator, renewedWithinMs } from '../support/operator.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { testSecret } from '../support/test-database.ts';

let operator: Operator;
let page: Page;

before(async () => {
  operator = await Operator.begin();
  page = operator.page;
  await operator.signIn();
});
after(() => operator.end());

describe('sessions, messages, nodes', () => {
  test('a session is ended: its client hears of it, and there is no lock', async () => {
    const letters = ['first', 'second', 'third'].map((subject) => ({ content: letter(subject) }));
    const box = await operator.database.addMailbox('kicked@example.org', letters);
    await keepDeleted(operator.database, 3_600);
    const client = await operator.login(box.address, testSecret);
    await client.ok('DELE 1');
    await operator.go('Sessions');
    await operator.press('End the session of kicked@example.org');
    await operator.answer('End session');
    await operator.said(/The session of kicked@example\.org was told to end/);
    const word = await client.reply();
    assert.deepEqual([word.ok, word.code], [false, 'SYS/TEMP']);
    await client.wire.closed();
    await eventually(async () =>
      assert.equal((await lockRow(operator.database, box))?.token, null),
    );
    assert.equal(
      (await operator.database.visible(box)).length,
      3,
      'nothing that it marked is gone',
    );
    await page.getByText('No maildrop is open.').waitFor();
  });

  test('a lock is broken: the maildrop is free at once', async () => {
    const box = { address: 'kicked@example.org' };
    const client = await operator.login(box.address, testSecret);
    await operator.press(`Break the lock of ${box.address}`);
    await operator.answer('Break lock');
    await operator.said(/The lock of kicked@example\.org is broken/);
    assert.deepEqual(await operator.database.locked(), []);
    assert.equal((await client.reply()).ok, false);
    client.destroy();
  });

  test('messages that a QUIT removed are restored, one and all', async () => {
    await page.goto(`${operator.origin}/console/#/mailboxes/kicked%40example.org`);
    await operator.heading('kicked@example.org');
    const all = page.getByRole('button', { name: 'Restore all messages that were removed' });
    assert.equal(await all.isVisible(), false, 'nothing is flagged');
    const client = await operator.login('kicked@example.org', testSecret);
    for (const number of [1, 2, 3]) await client.ok(`DELE ${number}`);
    await client.quit();
    await operator.go('Mailboxes');
    await page.getByLabel('Search').fill('kicked');
    await page.getByRole('link', { name: 'kicked@example.org' }).click();
    await page.getByLabel('Show').selectOption({ label: 'Removed by a QUIT' });
    await operator.press('Restore “second”');
    await operator.said(/^1 message restored/);
    const again = await operator.login('kicked@example.org', testSecret);
    assert.match(await again.content('RETR 1'), /Subject: second/);
    assert.match((await again.ok('STAT')).text, /^1 /);
    await again.quit();
    await operator.press('Restore all messages that were removed');
    await operator.said(/^2 messages restored/);
    await page.getByText('There is no such message.').waitFor();
    await all.waitFor({ state: 'hidden' });
    const last = await operator.login('kicked@example.org', testSecret);
    assert.match((await last.ok('STAT')).text, /^3 /);
    await last.quit();
  });

  test('a node is drained and put back: clients are refused meanwhile', async () => {
    await operator.go('Nodes');
    await operator.press('Take pop1 out of service');
    await operator.press('Drain');
    await operator.said(/pop1 drains/);
    await eventually(
      async () => assert.rejects(Pop3Client.connect({ port: operator.node.pop3 })),
      renewedWithinMs,
    );
    await page.getByRole('row', { name: /pop1 draining/ }).waitFor();
    assert.equal((await operator.database.store.cluster.drains()).length, 1);
    await operator.press('Put pop1 back into service');
    await operator.said(/pop1 is put back/);
    await eventually(async () => {
      await (await Pop3Client.connect({ port: operator.node.pop3 })).quit();
    }, renewedWithinMs);
    assert.deepEqual(await operator.database.store.cluster.drains(), []);
  });

  test('the audit has a row of each of these', async () => {
    await operator.go('Audit');
    const rows = page.getByRole('region', { name: 'Changes, the latest first' });
    for (const [action, subject] of [
      ['node.undrain', 'pop1'],
      ['node.drain', 'pop1'],
      ['message.restore', 'kicked@example.org'],
      ['session.break', 'kicked@example.org'],
      ['session.kick', 'kicked@example.org'],
    ]) {
      const row = rows.getByRole('row', { name: new RegExp(`root ${action} ${subject}`) });
      await row.first().waitFor();
    }
    await page.getByLabel('Only of the mailbox').fill('kicked@example.org');
    await operator.press('Show');
    await eventually(async () =>
      assert.doesNotMatch(String(await rows.textContent()), /node\.drain/),
    );
    const audit = await auditOf(operator.database, 'kicked@example.org');
    assert.deepEqual(audit.slice(1), [
      ...['session.kick by root', 'session.break by root'],
      ...['message.restore by root', 'message.restore by root'],
    ]);
    assert.equal(await rows.getByRole('row').count(), audit.length + 1);
  });
});

test('nothing went wrong in the page, and nothing was asked of another origin', () => {
  operator.wentWell();
});
