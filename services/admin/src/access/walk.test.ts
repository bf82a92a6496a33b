/**
 * Every route with every kind of token and every way of writing its path: who may not is refused, and
 * nothing is changed. The table says who may; a route that it does not have fails the test.
 */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type ApiFixture, apiFixture } from '../testing/api-fixture.ts';
import { type Scope, scopes } from './scopes.ts';
import { makeToken } from './tokens.ts';

interface Row {
  readonly route: string;
  readonly anyOf: readonly Scope[];
  /** Whether a token of example.org may use it for example.org. */
  readonly ofDomain: boolean;
}

const table: readonly Row[] = [
  ...rows(['read', 'mailboxes'], true, [
    'GET /domains',
    'GET /domains/{domain}',
    'GET /mailboxes',
    'GET /mailboxes/{address}',
    'GET /mailboxes/{address}/credentials',
    'GET /mailboxes/{address}/grants',
    'GET /mailboxes/{address}/login-names',
  ]),
  ...rows(['mailboxes'], true, [
    'PATCH /domains/{domain}',
    'POST /mailboxes',
    'POST /mailboxes/bulk',
    'POST /mailboxes/password-hashes',
    'PATCH /mailboxes/{address}',
    'DELETE /mailboxes/{address}',
    'POST /mailboxes/{address}/undelete',
    'PUT /mailboxes/{address}/password',
    'PUT /mailboxes/{address}/apop-secret',
    'DELETE /mailboxes/{address}/apop-secret',
    'POST /mailboxes/{address}/app-passwords',
    'POST /mailboxes/{address}/certificate-names',
    'DELETE /mailboxes/{address}/credentials/{credentialId}',
    'POST /mailboxes/{address}/login-names',
    'DELETE /mailboxes/{address}/login-names/{name}',
    'PUT /mailboxes/{address}/grants/{grantee}',
    'DELETE /mailboxes/{address}/grants/{grantee}',
  ]),
  ...rows(['mailboxes'], false, [
    'POST /domains',
    'DELETE /domains/{domain}',
    'PUT /mailboxes/{address}/master-grant',
    'DELETE /mailboxes/{address}/master-grant',
  ]),
  ...rows(['messages'], true, [
    'GET /mailboxes/{address}/messages',
    'POST /mailboxes/{address}/messages',
    'POST /mailboxes/{address}/messages/restore',
    'POST /mailboxes/{address}/messages/purge',
    'POST /mailboxes/{address}/import',
    'GET /mailboxes/{address}/export',
    'GET /jobs',
    'GET /jobs/{jobId}',
    'GET /jobs/{jobId}/events',
    'POST /jobs/{jobId}/cancel',
  ]),
  ...rows(['read', 'sessions'], true, [
    'GET /sessions',
    'GET /sessions/{address}',
    'GET /throttles',
  ]),
  ...rows(['sessions'], true, ['DELETE /sessions/{address}', 'DELETE /throttles']),
  ...rows(['sessions'], false, ['DELETE /throttles/{throttleId}']),
  ...rows(['read', 'nodes'], false, ['GET /nodes', 'GET /nodes/{node}/log-level']),
  ...rows(['nodes'], false, ['PUT /nodes/{node}/drain', 'DELETE /nodes/{node}/drain']),
  ...rows(['nodes'], false, ['PATCH /nodes/{node}/log-level']),
  ...rows(['tokens'], false, ['GET /tokens', 'POST /tokens', 'DELETE /tokens/{tokenId}']),
  ...rows(['webhooks'], true, [
    'GET /webhooks',
    'POST /webhooks',
    'GET /webhooks/{webhookId}',
    'PATCH /webhooks/{webhookId}',
    'DELETE /webhooks/{webhookId}',
    'POST /webhooks/{webhookId}/secret',
    'DELETE /webhooks/{webhookId}/former-secret',
    'POST /webhooks/{webhookId}/test',
    'GET /webhooks/{webhookId}/deliveries',
    'POST /webhook-deliveries/{deliveryId}/resend',
  ]),
  ...rows(['read'], true, ['GET /audit']),
  ...rows(['read'], false, ['GET /config', 'GET /overview', 'GET /metrics']),
  ...rows(scopes, true, ['GET /self']),
];

function rows(anyOf: readonly Scope[], ofDomain: boolean, routes: readonly string[]): Row[] {
  return routes.map((route) => ({ route, anyOf, ofDomain }));
}

let api: ApiFixture;
let state: string;

before(async () => {
  // Refusals are counted by address and all of these come from one.
  api = await apiFixture();
  await api.store.directory.addDomain({ name: 'example.org' });
  await api.store.directory.addDomain({ name: 'example.net' });
  for (const address of ['ann@example.org', 'ben@example.org']) {
    await api.store.directory.addMailbox({ address, secret: '$x$' });
  }
  const events = ['message.delivered'];
  const to = { url: 'https://hooks.example.com/', origin: 'https://hooks.example.com', events };
  const own = { ...to, secret: 'whsec_x', domain: 'example.org' };
  assert.equal(await api.store.administration.webhooks.add(own), '1');
  await api.store.administration.webhooks.test({ webhookId: '1', domain: null });
  await api.database.query(
    "update webhook_delivery set state = 'dead', finished_at = now() where delivery_id = 1",
  );
  const job = await api.store.administration.jobs.begin({
    ...{ address: 'ann@example.org', kind: 'import', format: 'mbox', requestKey: null },
    ...{ nodeName: 'node-1', totalMessages: null, totalOctets: null },
  });
  values.jobId = job?.job.jobId ?? '';
  state = await everything();
});
after(() => api.end());

/** All rows that a request could change; that a token was used is no change. */
async function everything(): Promise<string> {
  const tables = ['domain', 'mailbox', 'login_name', 'credential', 'mailbox_grant', 'master_grant'];
  const all = [
    ...tables,
    'node_drain',
    'node_log_level',
    'message',
    'maildrop',
    'maildrop_lock',
    'mailbox_job',
    'webhook',
    'webhook_delivery',
    'login_penalty',
    'audit',
  ];
  const found = await Promise.all(
    all.map((name) =>
      // Tokens are made by this test itself, with their audit rows.
      api.database.query(
        `select to_jsonb(t) as row from ${name} t ${name === 'audit' ? "where action not like 'token.%'" : ''} order by 1`,
      ),
    ),
  );
  return JSON.stringify(found);
}

const values: Record<string, string> = {
  domain: 'example.org',
  address: 'ann@example.org',
  grantee: 'ben@example.org',
  name: 'annie@example.org',
  credentialId: '1',
  node: 'node-1',
  tokenId: '999',
  webhookId: '1',
  deliveryId: '1',
  jobId: '1',
  throttleId: '8e0c1f6d2b7a4c31',
};

function request(route: string, domain = 'example.org'): { method: string; path: string } {
  const [method = '', path = ''] = route.split(' ');
  const filled = path.replace(/\{(\w+)\}/g, (_all, name: string) =>
    (values[name] ?? '').replace('example.org', domain),
  );
  const isAudit = path === '/audit' && domain !== 'example.org';
  const query = isAudit ? `?address=ann@${domain}` : '';
  // Beside the API, where Prometheus looks for it.
  const prefix = path === '/metrics' ? '' : '/api/v1';
  return { method, path: `${prefix}${filled}${query}` };
}

/** Good enough to get as far as the guard, and no further: what passes is refused for its body. */
const nothing = { nothing: true };
const hasBody = (method: string): boolean => !['GET', 'HEAD', 'DELETE'].includes(method);

async function ask(method: string, path: string, token: string | null): Promise<number> {
  const body = hasBody(method) ? { body: nothing } : {};
  const { status } = await api.ask({ method, path, token, ...body });
  return status;
}

test('the table has every route, and nothing else has one', () => {
  const { paths = {} } = api.app.swagger();
  const routes = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods ?? {}).map(
      (name) => `${name.toUpperCase()} ${path.replace('/api/v1', '')}`,
    ),
  );
  assert.deepEqual(routes.sort(), table.map(({ route }) => route).sort());
});

describe('who may not is refused', () => {
  test('without a token, with a wrong one, one that is over, one that was revoked', async () => {
    const over = await api.token({ scopes, expiresAt: new Date(Date.now() + 3_600_000) });
    await api.database.query(
      "update api_token set expires_at = now() - interval '1 second' where api_token_id = $1",
      [over.tokenId],
    );
    const revoked = await api.token({ scopes });
    await api.store.administration.revokeToken({ tokenId: revoked.tokenId });
    const bad = [null, '', 'x', makeToken(), `${api.root}x`, api.root.slice(0, -1)];
    for (const { route } of table) {
      const { method, path } = request(route);
      for (const token of [...bad, over.token, revoked.token]) {
        const status = await ask(method, path, token);
        assert.ok([401, 429].includes(status), `${route} with ${token}: ${status}`);
      }
    }
    assert.equal(await everything(), state);
  });

  test('with each scope alone, unless it is one that is asked for', async () => {
    for (const scope of scopes) {
      const { token } = await api.token({ scopes: [scope] });
      for (const { route, anyOf } of table) {
        if (anyOf.includes(scope)) continue;
        const { method, path } = request(route);
        assert.equal(await ask(method, path, token), 403, `${route} with ${scope}`);
      }
    }
    assert.equal(await everything(), state);
  });

  test('with a token of another domain', async () => {
    const { token } = await api.token({ scopes, domain: 'example.net' });
    for (const { route, ofDomain } of table) {
      const { method, path } = request(route);
      const [, url = ''] = route.split(' ');
      // These name nothing: they list what the token may see, or their body does.
      if (ofDomain && !url.includes('{')) continue;
      const status = await ask(method, path, token);
      const isRefusedForBody = hasBody(method) && status === 400;
      // What has a number and no name is not there for such a token.
      const isUnseen = /webhookId|deliveryId|jobId/.test(url) && status === 404;
      assert.ok(
        status === 403 || isUnseen || (ofDomain && isRefusedForBody),
        `${route}: ${status}`,
      );
    }
    assert.equal(await everything(), state);
  });

  test('with a token of another domain and a body that is good', async () => {
    const { token } = await api.token({ scopes, domain: 'example.net' });
    const refused = async (method: string, path: string, body?: unknown): Promise<void> => {
      const asked = { method, path: `/api/v1${path}`, token };
      const { status, text } = await api.ask(body === undefined ? asked : { ...asked, body });
      assert.equal(status, 403, `${method} ${path}: ${text}`);
    };
    const ann = '/mailboxes/ann@example.org';
    await refused('PATCH', '/domains/example.org', { loginDelaySeconds: 1 });
    await refused('POST', '/mailboxes', { address: 'x@example.org' });
    const items = [{ address: 'ann@example.org', hash: '$2y$' }];
    await refused('POST', '/mailboxes/password-hashes', { items, create: true });
    await refused('GET', '/mailboxes?domain=example.org');
    await refused('GET', '/sessions?domain=example.org');
    await refused('GET', '/audit?domain=example.org');
    await refused('GET', '/throttles');
    await refused('GET', '/throttles?account=ann@example.org');
    await refused('GET', '/throttles?address=192.0.2.1');
    await refused('DELETE', '/throttles?account=ann@example.org');
    await refused('DELETE', '/throttles?address=192.0.2.1');
    await refused('GET', '/audit?address=ann@example.org');
    await refused('PATCH', ann, { status: 'suspended' });
    await refused('POST', `${ann}/undelete`);
    await refused('PUT', `${ann}/password`, { password: 'open sesame' });
    await refused('PUT', `${ann}/apop-secret`, { password: 'open sesame' });
    await refused('POST', `${ann}/app-passwords`, { label: 'x' });
    await refused('POST', `${ann}/certificate-names`, { name: 'email:ann@example.org' });
    await refused('POST', `${ann}/login-names`, { name: 'annie@example.net' });
    await api.store.directory.addMailbox({ address: 'own@example.net', secret: null });
    const own = '/mailboxes/own@example.net';
    await refused('POST', `${own}/login-names`, { name: 'annie@example.org' });
    await refused('POST', `${own}/login-names`, { name: 'annie' });
    await refused('PUT', `${own}/grants/ann@example.org`);
    await refused('PUT', `${ann}/grants/own@example.net`);
    state = await everything();
    const seen = await api.ask({ path: '/api/v1/mailboxes', token });
    assert.match(seen.text, /own@example\.net/);
    assert.doesNotMatch(seen.text, /example\.org/);
    assert.doesNotMatch((await api.ask({ path: '/api/v1/domains', token })).text, /example\.org/);
  });
});

describe('HEAD is GET without its body', () => {
  const gets = table.filter(({ route }) => route.startsWith('GET '));

  test('who may not is refused as with GET', async () => {
    const { token: domainToken } = await api.token({ scopes, domain: 'example.net' });
    const { token: messages } = await api.token({ scopes: ['messages'] });
    for (const { route } of gets) {
      const { path } = request(route);
      for (const token of [null, makeToken(), domainToken, messages]) {
        // Who may would begin a job, or follow one.
        if (token === messages && /export|events/.test(path)) continue;
        const get = await ask('GET', path, token);
        const head = await ask('HEAD', path, token);
        const isSame = head === get || [head, get].includes(429);
        assert.ok(isSame, `${route}: ${get}, and HEAD ${head}`);
      }
    }
  });

  test('who may is answered alike, without a body; nothing is begun, and nothing is for a cache', async () => {
    const before = await everything();
    for (const { route } of gets) {
      const { path } = request(route);
      const head = await api.ask({ method: 'HEAD', path });
      // Nobody has a session, and no node runs.
      const isThere = !/^GET \/(?:sessions|nodes)\/\{/.test(route);
      const expected = isThere ? 200 : 404;
      assert.deepEqual([head.status, head.text], [expected, ''], route);
      if (path !== '/metrics') assert.equal(head.headers['cache-control'], 'no-store', route);
      if (/export|events/.test(path)) continue;
      const get = await api.ask({ path });
      assert.equal(get.status, expected, route);
      assert.equal(get.headers['content-type'], head.headers['content-type'], route);
      if (path !== '/metrics') assert.equal(get.headers['cache-control'], 'no-store', route);
    }
    assert.equal(await everything(), before);
  });
});

describe('a path written otherwise opens nothing', () => {
  const variants: readonly ((path: string) => string)[] = [
    (path) => path.replace('/api/', '//api/'),
    (path) => path.replace('/v1/', '//v1/'),
    (path) => path.replace('/v1/', '%2Fv1%2F'),
    (path) => path.replace('/api', '/x/%2e%2e/api'),
    (path) => path.replace('/api', '/docs/../api'),
    (path) => path.replace('/api', '/docs/%2e%2e/api'),
    (path) => path.replace('/api', '/docs/static/..%2f..%2fapi'),
    (path) => path.replace('api', '%61pi'),
    (path) => path.replace('api', 'API'),
    (path) => path.replace('metrics', '%6Detrics'),
    (path) => `/console/..${path}`,
    (path) => `/console/%2e%2e${path}`,
    (path) => `${path}/`,
    (path) => `${path}//`,
    (path) => `${path}%00`,
    (path) => `${path};x=1`,
    (path) => `${path}%20`,
    (path) => `/%00${path}`,
    (path) => path.toUpperCase(),
  ];

  test('no route, however it is written, answers without a token or changes anything', async () => {
    for (const { route } of table) {
      const { method, path } = request(route);
      for (const [index, write] of variants.entries()) {
        const status = await ask(method, write(path), null);
        const isRefused = [400, 401, 403, 404, 405, 429].includes(status);
        assert.ok(isRefused, `${method} ${write(path)} (${index}): ${status}`);
      }
    }
    assert.equal(await everything(), state);
  });

  test('nor with a token that lacks the scope', async () => {
    const { token } = await api.token({ scopes: ['messages'] });
    for (const { route, anyOf } of table) {
      if (anyOf.includes('messages')) continue;
      const { method, path } = request(route);
      for (const write of variants) {
        const status = await ask(method, write(path), token);
        assert.ok(
          [400, 401, 403, 404, 405].includes(status),
          `${method} ${write(path)}: ${status}`,
        );
      }
    }
    assert.equal(await everything(), state);
  });
});
