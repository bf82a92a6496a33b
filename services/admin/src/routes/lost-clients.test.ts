/**
 * Clients that break their connection at any moment of a request: no place of those that are bounded stays taken,
 * no job goes on without them, and the API can end.
 */

import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ApiFixture, apiFixture } from '../testing/api-fixture.ts';

const withinMs = 30_000;
const tries = 200;
let api: ApiFixture;
let port: number;
let jobId: string;
/** One that the database is asked about. */
let token: string;

before(async () => {
  api = await apiFixture();
  await api.store.directory.addDomain({ name: 'example.org' });
  await api.store.directory.addMailbox({ address: 'ann@example.org', secret: null });
  const bound = api.app.server.address();
  port = typeof bound === 'object' && bound !== null ? bound.port : 0;
  const begun = await api.store.administration.jobs.begin({
    ...{ address: 'ann@example.org', kind: 'import', format: 'mbox', requestKey: 'key-of-all' },
    ...{ nodeName: 'node-1', totalMessages: null, totalOctets: null },
  });
  ({ token } = await api.token({ scopes: ['messages', 'mailboxes'] }));
  jobId = begun?.job.jobId ?? '';
});
after(() => api.end());

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly type?: string;
  readonly body?: string;
}

/** Asks, and is gone after so long. */
async function askAndGo({ method, path, type, body }: Asked, afterMs: number): Promise<void> {
  const { promise: gone, resolve } = Promise.withResolvers<void>();
  const sent = request({
    ...{ host: '127.0.0.1', port, method, path: `/api/v1${path}`, agent: false },
    headers: {
      authorization: `Bearer ${token}`,
      ...(type === undefined ? {} : { 'content-type': type, 'content-length': '1000000' }),
    },
  });
  sent.on('error', () => undefined);
  sent.once('close', resolve);
  sent.once('response', (response) => response.resume().on('error', () => undefined));
  sent.flushHeaders();
  if (body !== undefined) sent.write(body);
  await sleep(afterMs);
  sent.destroy();
  await gone;
}

const from = 'From ann Tue Nov 24 03:08:00 2026\n';
const mail = `${from}A: b\n\n${from}`;
const kinds: readonly (Asked & { readonly good: () => Promise<number> })[] = [
  {
    ...{ method: 'POST', path: '/mailboxes/ann@example.org/import', type: 'application/mbox' },
    body: mail,
    good: () => statusOf('POST', '/mailboxes/ann@example.org/import', 'application/mbox', mail),
  },
  {
    ...{ method: 'GET', path: '/mailboxes/ann@example.org/export' },
    good: () => statusOf('GET', '/mailboxes/ann@example.org/export'),
  },
  {
    ...{ method: 'POST', path: '/mailboxes/bulk', type: 'application/x-ndjson', body: '{' },
    good: () => statusOf('POST', '/mailboxes/bulk', 'application/x-ndjson', '{}'),
  },
  {
    ...{ method: 'POST', path: '/mailboxes/ann@example.org/messages', type: 'message/rfc822' },
    body: 'A: b\n',
    good: () => statusOf('POST', '/mailboxes/ann@example.org/messages', 'message/rfc822', 'A: b\n'),
  },
];

async function statusOf(method: string, path: string, type?: string, body?: string) {
  const headers = type === undefined ? {} : { headers: { 'content-type': type } };
  const asked = {
    method,
    path: `/api/v1${path}`,
    ...headers,
    ...(body === undefined ? {} : { body }),
  };
  return (await api.ask(asked)).status;
}

/** A place may be given back a little later. */
async function isGood(ask: () => Promise<number>): Promise<void> {
  const deadline = Date.now() + withinMs;
  for (let status = await ask(); status >= 300; status = await ask()) {
    assert.ok(Date.now() < deadline, `still ${status}`);
    await sleep(50);
  }
}

for (const { good, ...asked } of kinds) {
  test(`${asked.method} ${asked.path}: those who go give their place back`, async () => {
    for (let at = 0; at < tries; at += 1) await askAndGo(asked, (at % 40) / 8);
    await isGood(good);
  });
}

test('followers who go give their place back', async () => {
  const asked = { method: 'GET', path: `/jobs/${jobId}/events` };
  for (let at = 0; at < tries; at += 1) await askAndGo(asked, (at % 40) / 8);
  await api.call('POST', `/jobs/${jobId}/cancel`);
  await isGood(() => statusOf('GET', asked.path));
});

test('no job goes on without them', async () => {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const rows = await api.database.query(
      "select kind from mailbox_job where state = 'running' and lease_until > now()",
    );
    if (rows.length === 0) return;
    assert.ok(Date.now() < deadline, `${rows.length} of them do`);
    await sleep(100);
  }
});

test('the API ends while some come and go', async () => {
  const asked = kinds[0];
  assert.ok(asked !== undefined);
  const going = Array.from({ length: 20 }, (_, at) => askAndGo(asked, 4 + at / 4));
  await sleep(6);
  await api.app.close();
  await Promise.all(going);
});
