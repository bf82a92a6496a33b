/**
 * What the API answers to bad requests, whoever sends them: a problem that says what is wrong, and
 * nothing changed.
 */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import Fastify from 'fastify';
import { Value } from 'typebox/value';
import { guard } from './access/guard.ts';
import { type ApiFixture, apiFixture } from './testing/api-fixture.ts';

/** What the description says of one operation, as far as these tests look at it. */
interface Described {
  readonly requestBody?: Body;
  readonly responses: Readonly<Record<string, Body>>;
}
interface Body {
  readonly content?: Readonly<Record<string, Media>>;
}
interface Media {
  readonly schema?: { readonly type?: string; readonly format?: string };
  readonly example?: unknown;
  readonly examples?: unknown;
}

async function described(): Promise<Record<string, Record<string, Described>>> {
  const { body } = await api.ask({ path: '/docs/json', token: null });
  return Object(body.paths);
}

let api: ApiFixture;
before(async () => {
  api = await apiFixture();
  await api.store.directory.addDomain({ name: 'example.org' });
});
after(() => api.end());

async function audits(): Promise<number> {
  const [row] = await api.database.query('select count(*)::int as n from audit');
  return Number(row?.n);
}

test('a route that does not say who may use it cannot be made', async () => {
  const app = Fastify();
  app.decorate('createRateLimit', () => async () => ({ isAllowed: true, key: '' }));
  guard(app, { store: api.store, rootDigest: new Uint8Array(32) });
  assert.throws(() => app.get('/open', async () => 'x'), /does not say who may use it/);
  await app.close();
});

describe('a request that is wrong', () => {
  const add = { method: 'POST', path: '/api/v1/domains' };
  const deep = `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`;
  const wrong: readonly [string, Parameters<ApiFixture['ask']>[0], number][] = [
    ['not JSON', { ...add, body: '{"domain":' }, 400],
    ['no body', add, 400],
    ['a list', { ...add, body: [] }, 400],
    ['a field too many', { ...add, body: { domain: 'a.example', x: 1 } }, 400],
    ['a field of the wrong kind', { ...add, body: { domain: 1 } }, 400],
    ['no domain', { ...add, body: { domain: 'a b' } }, 400],
    ['a number too large', { ...add, body: { domain: 'a.example', loginDelaySeconds: 1e6 } }, 400],
    ['a prototype', { ...add, body: '{"domain":"a.example","__proto__":{"x":1}}' }, 400],
    [
      'a constructor',
      { ...add, body: '{"domain":"a.example","constructor":{"prototype":{}}}' },
      400,
    ],
    ['deep JSON', { ...add, body: deep }, 400],
    ['too much', { ...add, body: JSON.stringify({ domain: 'x'.repeat(70_000) }) }, 413],
    ['a limit of 0', { path: '/api/v1/domains?limit=0' }, 400],
    ['a limit twice', { path: '/api/v1/domains?limit=1&limit=2' }, 400],
    ['a query that is not known', { path: '/api/v1/domains?offset=2' }, 400],
    ['a cursor of someone else', { path: '/api/v1/domains?cursor=AAAA' }, 400],
    ['an escape that is none', { path: '/api/v1/domains/%E0%A4%A' }, 400],
    ['a NUL in a name', { path: '/api/v1/mailboxes/ann%00@example.org' }, 400],
    ['two signs', { path: '/api/v1/mailboxes/a@b@example.org' }, 400],
    ['a long name', { path: `/api/v1/mailboxes/${'a'.repeat(900)}@example.org` }, 400],
    ['an unknown mailbox', { path: '/api/v1/mailboxes/nobody@example.org' }, 404],
    ['an unknown domain', { path: '/api/v1/domains/nowhere.example' }, 404],
    ['an unknown path', { path: '/api/v2/domains' }, 404],
    ['a method that is none of the route', { method: 'PUT', path: '/api/v1/domains' }, 405],
    ['a domain twice', { ...add, body: { domain: 'EXAMPLE.org' } }, 409],
  ];
  for (const [name, asked, expected] of wrong) {
    test(name, async () => {
      const known = await audits();
      const { status, headers, body, text } = await api.ask(asked);
      assert.equal(status, expected, text);
      assert.match(String(headers['content-type']), /^application\/problem\+json/);
      assert.equal(body.status, expected);
      assert.ok(String(body.detail).length > 5);
      assert.doesNotMatch(text, /SQLSTATE|node_modules|StoreError|Error:/);
      assert.equal(await audits(), known);
    });
  }

  test('a body in another type than it should have', async () => {
    const body = '{"domain":"a.example"}';
    const types = ['text/plain', 'application/x-www-form-urlencoded', 'application/json+x', 'x'];
    for (const type of types) {
      const headers = { 'content-type': type };
      assert.equal((await api.ask({ ...add, body, headers })).status, 415, type);
    }
    for (const type of [
      'application/json ;charset=utf-8',
      'APPLICATION/JSON',
      'application/json;x',
    ]) {
      const headers = { 'content-type': type };
      const { status } = await api.ask({ ...add, body: '{"domain":"a.example","x":1}', headers });
      assert.ok([400, 415].includes(status), `${type} skips no validation: ${status}`);
    }
    assert.equal(await api.store.directory.findDomain('a.example'), null);
  });
});

test('answers carry no cookie and may not be framed or sniffed', async () => {
  const { headers } = await api.call('GET', '/domains');
  assert.equal(headers['set-cookie'], undefined);
  assert.equal(headers['x-content-type-options'], 'nosniff');
  assert.match(String(headers['content-security-policy']), /default-src 'self'/);
});

test('whoever guesses tokens is told to wait, and a good token is served meanwhile', async () => {
  let status = 401;
  for (let tries = 0; tries < 100 && status === 401; tries += 1) {
    ({ status } = await api.ask({ path: '/api/v1/domains', token: 'x' }));
  }
  assert.equal(status, 429);
  assert.equal((await api.call('GET', '/domains')).status, 200);
});

describe('the description', () => {
  test('is OpenAPI 3.1 with a problem for each failure and the token that is needed', async () => {
    const { status, body } = await api.ask({ path: '/docs/json', token: null });
    assert.equal(status, 200);
    assert.equal(body.openapi, '3.1.0');
    const paths: Record<string, Record<string, Record<string, unknown>>> = Object(body.paths);
    for (const [path, methods] of Object.entries(paths)) {
      for (const [method, route] of Object.entries(methods)) {
        assert.ok(route.summary, `${method} ${path} has a summary`);
        assert.deepEqual(route.security, [{ token: [] }], path);
        assert.ok(Object.keys(Object(route.responses)).includes('4XX'), `${method} ${path}`);
      }
    }
  });

  test('has a body for each stream that is sent, and an example of each body and answer', async () => {
    const paths = await described();
    const found = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).flatMap(([method, { requestBody, responses }]) => {
        const good = Object.entries(responses).filter(([status]) => status.startsWith('2'));
        return [...(requestBody === undefined ? [] : [requestBody]), ...good.map(([, one]) => one)]
          .flatMap(({ content = {} }) => Object.entries(content))
          .map(([type, media]) => ({ name: `${method} ${path} ${type}`, type, media }));
      }),
    );
    assert.ok(found.length > 60, `${found.length} bodies`);
    // An archive has no text that could stand for it.
    const lacking = found.filter(
      ({ type, media }) =>
        type !== 'application/x-tar' && media.example === undefined && media.examples === undefined,
    );
    assert.deepEqual(
      lacking.map(({ name }) => name),
      [],
    );
    for (const { name, media } of found) {
      if (media.example === undefined || media.schema?.type !== 'object') continue;
      const isGood = Value.Check(Object(media.schema), media.example);
      assert.ok(isGood, `${name}: ${JSON.stringify(media.example)} is not of its schema`);
    }
    const streams = {
      '/api/v1/mailboxes/bulk': ['application/x-ndjson', 'text/csv'],
      '/api/v1/mailboxes/{address}/messages': ['message/rfc822'],
      '/api/v1/mailboxes/{address}/import': ['application/mbox', 'application/x-tar'],
    };
    for (const [path, types] of Object.entries(streams)) {
      const taken = paths[path]?.post?.requestBody?.content ?? {};
      assert.deepEqual(Object.keys(taken), types, path);
      for (const { schema } of Object.values(taken)) assert.equal(schema?.format, 'binary');
    }
  });

  test('what it shows of streams can be sent as it is', async () => {
    const address = 'ann@example.org';
    await api.store.directory.addMailbox({ address, secret: '$x$' });
    let sent = 0;
    for (const [path, methods] of Object.entries(await described())) {
      const content = methods.post?.requestBody?.content ?? {};
      for (const [type, { example }] of Object.entries(content)) {
        if (type === 'application/json' || typeof example !== 'string') continue;
        const asked = { method: 'POST', path: path.replace('{address}', address), body: example };
        const answer = await api.ask({ ...asked, headers: { 'content-type': type } });
        assert.ok([200, 201].includes(answer.status), `${path} ${type}: ${answer.text}`);
        assert.doesNotMatch(answer.text, /"done":false|refused":[1-9]/, path);
        sent += 1;
      }
    }
    assert.equal(sent, 4);
    const shown = await api.store.directory.findMailbox(address);
    assert.equal(shown?.messages, 2, 'one was put in, one was imported');
  });

  test('is shown by a page that takes nothing from elsewhere', async () => {
    const page = await api.ask({ path: '/docs/', token: null });
    assert.equal(page.status, 200);
    for (const path of ['/docs/', '/api/v1/domains']) {
      const { headers } = await api.ask({ path });
      const rule = String(headers['content-security-policy']);
      assert.match(rule, /default-src 'self'/);
      assert.doesNotMatch(rule, /upgrade-insecure-requests/, 'HTTP stays HTTP');
    }
    const initializer = await api.ask({ path: '/docs/static/swagger-initializer.js', token: null });
    assert.doesNotMatch(page.text, /(?:src|href)="(?:https?:)?\/\//);
    assert.doesNotMatch(initializer.text, /url: ?"https?:/);
  });
});
