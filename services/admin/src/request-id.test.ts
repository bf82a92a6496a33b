/**
 * A request is found in the log by the name that its answer has: one that failed here, and one that changed something.
 */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type LogFields, loadConfig, silentLog } from '@poplar/runtime';
import type { FastifyInstance } from 'fastify';
import { digestOf, makeToken } from './access/tokens.ts';
import { buildApi } from './api.ts';
import { type ApiFixture, apiFixture } from './testing/api-fixture.ts';

let base: ApiFixture;
let app: FastifyInstance;
const root = makeToken();
const lines: (LogFields & { readonly level: string })[] = [];

before(async () => {
  base = await apiFixture();
  const say = (level: string) => (fields: LogFields) => {
    lines.push({ level, ...fields });
  };
  app = await buildApi({
    store: base.store,
    config: loadConfig({ DATABASE_URL: base.database.url }, { file: null }),
    ...{ rootDigest: digestOf(root), version: '0.0.0' },
    log: { ...silentLog, info: say('info'), error: say('error') },
  });
});
after(async () => {
  await app.close();
  await base.end();
});

async function ask(method: 'GET' | 'POST' | 'PATCH', url: string, id: string, body?: object) {
  const headers = { authorization: `Bearer ${root}`, 'x-request-id': id };
  const given = body === undefined ? {} : { payload: body };
  return app.inject({ method, url: `/api/v1${url}`, headers, ...given });
}

test('a change has its line, a question and what was refused have none', async () => {
  const made = await ask('POST', '/domains', 'first', { domain: 'example.org' });
  assert.equal(made.statusCode, 201);
  await ask('GET', '/domains/example.org', 'second');
  await ask('POST', '/domains', 'third', { domain: 'example.org' });
  const set = await ask('PATCH', '/domains/example.org', 'x y', { loginDelaySeconds: 1 });
  const id = String(set.headers['x-request-id']);
  assert.deepEqual(lines.splice(0), [
    {
      ...{ level: 'info', event: 'change', route: 'POST /api/v1/domains', status: 201 },
      ...{ requestId: 'first', actor: 'root' },
    },
    {
      ...{ level: 'info', event: 'change', route: 'PATCH /api/v1/domains/:domain', status: 200 },
      ...{ requestId: id, actor: 'root' },
    },
  ]);
  const [row] = await base.database.query(
    "select count(*)::int as n from audit where action like 'domain.%'",
  );
  assert.equal(row?.n, 2);
});

test('a failure has the name that its problem has', async () => {
  await base.database.query('alter table domain rename to elsewhere');
  const failed = await ask('GET', '/domains', 'my-request');
  await base.database.query('alter table elsewhere rename to domain');
  const problem: Record<string, unknown> = failed.json();
  assert.deepEqual([failed.statusCode, problem.code], [503, 'schema-incompatible']);
  assert.deepEqual(
    [failed.headers['x-request-id'], problem.instance],
    ['my-request', 'my-request'],
  );
  const [line, ...others] = lines.splice(0);
  assert.deepEqual([line?.event, line?.level, line?.requestId], ['failure', 'error', 'my-request']);
  assert.deepEqual([line?.code, line?.actor], ['STORE_INCOMPATIBLE', 'root']);
  assert.equal(line?.route, 'GET /api/v1/domains');
  assert.deepEqual(others, []);
  await base.database.query('alter table mailbox rename to elsewhere');
  await ask('GET', '/mailboxes/ann@example.org', 'another');
  await base.database.query('alter table elsewhere rename to mailbox');
  const [named] = lines.splice(0);
  assert.equal(named?.route, 'GET /api/v1/mailboxes/:address');
  assert.doesNotMatch(JSON.stringify(named), /ann@/);
});
