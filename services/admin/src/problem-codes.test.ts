/**
 * Every problem has a code of the closed list, with the status of the list, and docs/errors.md has the same list.
 */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { problemCodes } from './problem-codes.ts';
import { type ApiFixture, apiFixture } from './testing/api-fixture.ts';

const folder = new URL('.', import.meta.url);
const page = readFileSync(new URL('../../../docs/errors.md', folder), 'utf8');

let api: ApiFixture;

before(async () => {
  api = await apiFixture();
  for (const domain of ['example.org', 'example.net'])
    await api.call('POST', '/domains', { domain });
  await api.call('POST', '/mailboxes', { address: 'ann@example.org' });
});
after(() => api.end());

const known: ReadonlyMap<string, { readonly status: number }> = new Map(
  Object.entries(problemCodes),
);

interface Told {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Readonly<Record<string, unknown>>;
}

/** What every problem must be like. */
function checkProblem({ status, headers, body }: Told, what: string): void {
  assert.match(String(headers['content-type']), /^application\/problem\+json/, what);
  const listed = known.get(String(body.code));
  assert.ok(listed, `${what}: ${body.code}`);
  assert.equal(listed.status, status, `${what}: ${body.code}`);
  assert.equal(body.status, status, what);
  const id = String(headers['x-request-id']);
  assert.ok(
    body.instance === `urn:uuid:${id}` || body.instance === id,
    `${what}: ${body.instance}`,
  );
}

test('docs/errors.md has each code with its status and meaning, and no other', () => {
  const rows = [...page.matchAll(/^\| `([a-z-]+)` +\| (\d{3}) +\| (.*?) +\|$/gm)];
  assert.deepEqual(
    rows.map(([, code, status, meaning]) => [code, Number(status), meaning]),
    Object.entries(problemCodes).map(([code, { status, meaning }]) => [code, status, meaning]),
  );
});

test('each code is given by some line of the program', () => {
  const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .map((name) => readFileSync(new URL(name, folder), 'utf8'));
  for (const code of known.keys()) {
    // Twice: in the list, and where it is given.
    const given = sources.join('\n').split(`'${code}'`).length - 1;
    const isKey = new RegExp(`^  ${code}: row\\(`, 'm').test(sources.join('\n'));
    assert.ok(given + Number(isKey) >= 2, code);
  }
});

describe('a problem has its code and the name of its request', () => {
  const nobody = '/mailboxes/no@example.org';
  const ann = '/mailboxes/ann@example.org';
  const table: readonly [method: string, path: string, body: unknown, code: string][] = [
    ['GET', '/domains?limit=x', undefined, 'malformed-request'],
    ['POST', '/domains', '{', 'unreadable-body'],
    ['GET', '/domains?cursor=zzz', undefined, 'unknown-cursor'],
    ['GET', '/mailboxes/%ff', undefined, 'unreadable-path'],
    ['GET', '/nothing', undefined, 'path-not-found'],
    ['PUT', '/domains', {}, 'method-not-allowed'],
    ['GET', nobody, undefined, 'mailbox-not-found'],
    ['PATCH', nobody, { status: 'active' }, 'mailbox-not-found'],
    ['GET', `${nobody}/credentials`, undefined, 'mailbox-not-found'],
    ['POST', `${nobody}/messages/restore`, {}, 'mailbox-not-found'],
    ['POST', '/mailboxes', { address: 'a@no.example' }, 'domain-not-found'],
    ['GET', '/domains/no.example', undefined, 'domain-not-found'],
    ['POST', '/domains', { domain: 'example.org' }, 'domain-exists'],
    ['POST', '/mailboxes', { address: 'ann@example.org' }, 'address-exists'],
    ['DELETE', '/domains/example.org', undefined, 'domain-not-empty'],
    ['DELETE', `${ann}/login-names/annie`, undefined, 'login-name-not-found'],
    ['DELETE', `${ann}/credentials/999`, undefined, 'credential-not-found'],
    ['DELETE', `${ann}/grants/ann@example.org`, undefined, 'grant-not-found'],
    ['PUT', `${ann}/grants/no@example.org`, undefined, 'grantee-not-found'],
    ['PUT', `${ann}/grants/ann@example.org`, undefined, 'grant-to-itself'],
    ['PUT', `${ann}/password`, { password: 'a\u0007' }, 'password-refused'],
    ['POST', `${ann}/messages/restore`, { messageIds: ['77'] }, 'message-not-found'],
    ['GET', '/jobs/999', undefined, 'job-not-found'],
    ['POST', '/jobs/999/cancel', undefined, 'job-not-found'],
    ['DELETE', '/sessions/ann@example.org', undefined, 'session-not-found'],
    ['PUT', '/nodes/none/drain', undefined, 'node-not-found'],
    ['DELETE', '/nodes/none/drain', undefined, 'node-not-drained'],
    ['DELETE', '/tokens/999', undefined, 'token-not-found'],
    ['GET', '/webhooks/999', undefined, 'webhook-not-found'],
    ['POST', '/webhook-deliveries/999/resend', undefined, 'webhook-delivery-not-found'],
    ['POST', `${ann}/messages`, {}, 'unsupported-media-type'],
    ['POST', '/domains', `"${'x'.repeat(70_000)}"`, 'too-large'],
  ];
  for (const [method, path, body, code] of table) {
    test(`${method} ${path}: ${code}`, async () => {
      const told = await api.call(method, path, body);
      checkProblem(told, path);
      assert.equal(told.body.code, code, told.text);
    });
  }

  test('what a token may not do', async () => {
    const reader = await api.token({ scopes: ['read'] });
    const giver = await api.token({ scopes: ['tokens'] });
    const ours = await api.token({ scopes: ['mailboxes'], domain: 'example.net' });
    const asked: readonly [
      token: string,
      method: string,
      path: string,
      body: unknown,
      code: string,
    ][] = [
      ['x', 'GET', '/domains', undefined, 'not-authenticated'],
      [reader.token, 'POST', '/domains', { domain: 'x.example' }, 'scope-missing'],
      [giver.token, 'POST', '/tokens', { label: 'x', scopes: ['read'] }, 'scope-not-held'],
      [ours.token, 'POST', '/domains', { domain: 'x.example' }, 'cluster-only'],
      [ours.token, 'GET', '/domains/example.org', undefined, 'outside-domain'],
    ];
    for (const [token, method, path, body, code] of asked) {
      const to = { method, path: `/api/v1${path}`, token };
      const told = await api.ask(body === undefined ? to : { ...to, body });
      checkProblem(told, path);
      assert.equal(told.body.code, code, told.text);
    }
  });
});

test('every route that is refused, for a body, a name or a token, says so by a code', async () => {
  const { paths = {} } = api.app.swagger();
  for (const [form, methods] of Object.entries(paths)) {
    const path = form.replace(/\{\w+\}/g, '~no~');
    for (const method of Object.keys(methods ?? {})) {
      if (method === 'head') continue;
      const to = { method: method.toUpperCase(), path };
      const body = ['get', 'delete'].includes(method) ? {} : { body: { nothing: true } };
      const tries = [
        await api.ask({ ...to, ...body }),
        await api.ask({ ...to, ...body, path: `${path}?nothing=1` }),
      ];
      for (const told of tries.filter(({ status }) => status >= 400)) {
        checkProblem(told, `${method} ${path}`);
      }
    }
  }
});

test('a known path with another method is 405 and names those that it has', async () => {
  const wrong: readonly [method: string, path: string, allow: RegExp][] = [
    ['PUT', '/domains', /^GET, (HEAD, )?POST$/],
    ['POST', '/mailboxes/ann@example.org?x=1', /^DELETE, GET, (HEAD, )?PATCH$/],
    ['PATCH', '/mailboxes/bulk', /\bPATCH\b/],
    ['OPTIONS', '/jobs/1/cancel', /^POST$/],
  ];
  for (const [method, path, allow] of wrong) {
    const told = await api.call(method, path);
    if (path === '/mailboxes/bulk') {
      // It is the address of a mailbox there.
      assert.equal(told.status, 400);
      continue;
    }
    checkProblem(told, path);
    assert.equal(told.status, 405, path);
    assert.match(String(told.headers.allow), allow, path);
  }
  assert.equal((await api.call('GET', '/domain')).status, 404);
  assert.equal((await api.call('GET', '/mailboxes/a/b/c')).status, 404);
});

describe('a request has a name', () => {
  const named = async (id: string | string[] | null): Promise<string> => {
    const headers = {
      authorization: `Bearer ${api.root}`,
      ...(id === null ? {} : { 'x-request-id': id }),
    };
    const bound = api.app.server.address();
    const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
    return new Promise((resolve, reject) => {
      const to = { host: '127.0.0.1', port, path: '/api/v1/domains', headers: { ...headers } };
      request({ ...to, agent: false, timeout: 10_000 }, (response) => {
        response.resume();
        response.once('end', () => resolve(String(response.headers['x-request-id'])));
      })
        .once('error', reject)
        .end();
    });
  };
  const uuid = /^[\da-f]{8}-[\da-f-]{27}$/;

  test('that of the client if it is short and plain, else one that is made', async () => {
    for (const good of ['a', 'build-4711.3_x', 'x'.repeat(64)])
      assert.equal(await named(good), good);
    for (const bad of ['', 'x'.repeat(65), 'a b', 'a"b', '{}', 'ä', 'a,b', ['a', 'b']]) {
      assert.match(await named(bad), uuid, String(bad));
    }
    const [one, other] = [await named(null), await named(null)];
    assert.match(one, uuid);
    assert.notEqual(one, other);
  });

  test('also where there is no route, no token and no path that can be read', async () => {
    for (const path of ['/nothing', '/api/v1/nothing', '/%ff', '/api/v1/domains', '/docs/json']) {
      const { headers } = await api.ask({ path, token: null, headers: { 'x-request-id': 'mine' } });
      assert.equal(headers['x-request-id'], 'mine', path);
    }
  });
});
