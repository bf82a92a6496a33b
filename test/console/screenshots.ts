/**
 * Takes the pictures of docs/operations/console.md, light and dark, of a cluster of two nodes under some load:
 *
 *   node_modules/.bin/node test/console/screenshots.ts
 *
 * Never: a picture of anything that is not ours.
 */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startServer } from '@poplar/store/testing';
import type { Page } from 'playwright-core';
import { keepDeleted } from '../support/accidents.ts';
import { AdminClient } from '../support/admin-client.ts';
import { openPage, startBrowser } from '../support/browser.ts';
import { letter, readToken, startAdminNode, startLoad } from '../support/console-scene.ts';
import { startEventReceiver } from '../support/event-receiver.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { beginImport } from '../support/slow-import.ts';
import { root } from '../support/source-tree.ts';
import { openTestDatabase, testSecret } from '../support/test-database.ts';

const folder = join(root, 'docs/operations/images');
/** Of load, so that the charts have something to show. */
const loadMs = Number(process.env.POPLAR_SCREENSHOT_LOAD_MS ?? 120_000);

/** Those that the pages of docs/ have. */
const shown = new Set([
  ...['overview-light', 'overview-dark', 'sessions-light'],
  ...['mailbox-light', 'mailbox-dark', 'nodes-light', 'jobs-light', 'job-dark'],
  ...['webhook-light', 'tokens-light', 'domains-light', 'domain-dark'],
  ...['phone-light'],
]);

const names = ['ann', 'ben', 'cleo', 'dora', 'emil', 'finn', 'gwen', 'hugo', 'ida', 'jonas'];
const subjects = ['Minutes of Monday', 'Offer 4711', 'Re: the contract', 'Invoice November'];

await using started = new AsyncDisposableStack();
const server = await startServer();
started.defer(() => server.stop());
process.env.POPLAR_TEST_DATABASE_URL = server.url;
const database = await openTestDatabase();
started.defer(() => database.drop());
await keepDeleted(database, 86_400);
const nodes = [];
for (const name of ['pop1', 'pop2']) {
  const node = await startAdminNode(database, name, {
    POPLAR_WEBHOOK_NETWORKS: '127.0.0.0/8',
    POPLAR_WEBHOOK_HTTP: 'true',
  });
  started.defer(() => node.stop());
  nodes.push(node);
}
for (const [name, delay] of [
  ['example.com', 30],
  ['poplar.example', 0],
] as const) {
  await database.store.directory.addDomain({
    name,
    loginDelaySeconds: delay,
    quotaOctets: 2 ** 31,
  });
}
const [first] = nodes;
if (first === undefined) throw new Error('no node');
const admin = new AdminClient(first.admin, readToken(first));
for (const name of names) {
  const box = await database.addMailbox(`${name}@example.org`);
  for (const subject of subjects) await database.deliver(box, { content: letter(subject) });
}
await keepDeleted(database, 86_400);
await admin.send('PATCH', '/mailboxes/jonas@example.org', { status: 'suspended' });
await admin.post('/mailboxes/emil@example.org/login-names', { name: 'e.m@example.org' });
await admin.send('PUT', '/mailboxes/emil@example.org/grants/ann@example.org');
await admin.post('/mailboxes/ann@example.org/app-passwords', { label: 'phone' });
const held = [];
for (const name of names.slice(0, 4)) {
  const client = await Pop3Client.connect({ port: first.pop3 });
  await client.login(`${name}@example.org`, testSecret);
  held.push(client);
}
const quits = await Pop3Client.connect({ port: first.pop3 });
await quits.login('emil@example.org', testSecret);
await quits.ok('DELE 2');
await quits.ok('DELE 3');
await quits.quit();

const receiver = await startEventReceiver();
started.defer(() => receiver.end());
const hook = await admin.post('/webhooks', {
  ...{ url: receiver.url, events: ['message.delivered', 'quota.near'], domain: 'example.org' },
});
receiver.secret = String(hook.body.secret);
receiver.status = 503;
await admin.post('/webhooks/1/test');
for (const name of ['ida', 'hugo'])
  await admin.get(`/mailboxes/${name}@example.org/export?format=mbox`);
const done = beginImport({ port: first.admin, token: readToken(first) }, 'ben@example.org');
done.send(64);
await done.end();
const again = beginImport({ port: first.admin, token: readToken(first) }, 'ben@example.org');
again.send(70);
await again.end();
await fetch(`http://127.0.0.1:${first.admin}/api/v1/mailboxes/dora%40example.org/import`, {
  ...{ method: 'POST', body: 'This is no mail.\n', signal: AbortSignal.timeout(20_000) },
  headers: { authorization: `Bearer ${readToken(first)}`, 'content-type': 'application/mbox' },
}).then((answer) => answer.text());
const slow = beginImport({ port: first.admin, token: readToken(first) }, 'cleo@example.org');
slow.send(640);
const soon = new Date(Date.now() + 30 * 86_400_000).toISOString();
const desk = { label: 'help desk', scopes: ['read', 'mailboxes', 'sessions'], expiresAt: soon };
await admin.post('/tokens', desk);
await admin.post('/tokens', { label: 'monitoring', scopes: ['read'] });
await admin.post('/tokens', {
  ...{ label: 'migration', scopes: ['messages'], domain: 'example.org', expiresAt: soon },
});
const former = await admin.post('/tokens', {
  label: 'former colleague',
  scopes: ['read', 'nodes'],
});
await admin.send('DELETE', `/tokens/${String(former.body.tokenId)}`);
const origin = `http://127.0.0.1:${first.admin}`;
const browser = await startBrowser();
started.defer(() => browser.close());
const load = startLoad(
  nodes,
  names.slice(5, 9).map((name) => `${name}@example.org`),
);
started.defer(() => load.stop());
mkdirSync(folder, { recursive: true });

const { page, errors } = await openPage(browser, origin, {
  viewport: { width: 1280, height: 860 },
});
await page.goto(`${origin}/console/`);
await page.getByLabel('Token').fill(readToken(first));
await page.getByRole('button', { name: 'Sign in' }).click();
await page.getByRole('heading', { name: 'Overview' }).waitFor();
await sleep(loadMs);
await take(page, 'overview');
receiver.status = 204;
const [{ jobId = '' } = {}] = await database.store.administration.jobs.list({ limit: 1 });
const views = {
  sessions: '#/sessions',
  domains: '#/domains',
  domain: '#/domains/example.org',
  mailbox: '#/mailboxes/emil%40example.org',
  nodes: '#/nodes',
  jobs: '#/jobs',
  job: `#/jobs/${jobId}`,
  webhook: '#/webhooks/1',
  tokens: '#/tokens',
};
for (const [name, hash] of Object.entries(views)) {
  // All of its lists are to be seen.
  await page.setViewportSize({ width: 1280, height: name === 'mailbox' ? 1_250 : 860 });
  await page.goto(`${origin}/console/${hash}`);
  await page.locator('main#main h1').waitFor();
  await sleep(1_500);
  await take(page, name);
}
await page.setViewportSize({ width: 390, height: 844 });
await page.goto(`${origin}/console/#/domains`);
await page.getByRole('row').nth(1).waitFor();
await take(page, 'phone');
for (const client of held) client.destroy();
await slow.end();
process.stdout.write(`${errors.join('\n')}\n`);

async function take(of: Page, name: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    if (!shown.has(`${name}-${colorScheme}`)) continue;
    await of.emulateMedia({ colorScheme });
    const path = join(folder, `console-${name}-${colorScheme}.png`);
    await of.screenshot({ path, animations: 'disabled' });
  }
}
