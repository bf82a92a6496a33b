/**
 * Webhooks by the API: what is kept, what is shown, what a token of one domain reaches, and that each change
 * is in the audit without a secret.
 */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type ApiFixture, apiFixture } from '../testing/api-fixture.ts';

let api: ApiFixture;
before(async () => {
  api = await apiFixture({ POPLAR_WEBHOOK_NETWORKS: '10.9.0.0/16' });
  await api.store.directory.addDomain({ name: 'example.org' });
  await api.store.directory.addDomain({ name: 'example.net' });
});
after(() => api.end());

const url = 'https://hooks.example.com/poplar?key=hidden';
const events = ['message.delivered', 'lock.broken'];
const secretForm = /^whsec_[\w-]{43}$/;

async function row(webhookId: unknown): Promise<Record<string, unknown>> {
  const [found] = await api.database.query('select * from webhook where webhook_id = $1', [
    webhookId,
  ]);
  return found ?? {};
}

async function auditOf(subject: unknown): Promise<Record<string, unknown>[]> {
  return api.database.query(
    `select actor, action, detail from audit
     where action like 'webhook.%' and subject = $1 order by audit_id`,
    [subject],
  );
}

test('one is made with a secret that is shown once, and changed', async () => {
  const made = await api.call('POST', '/webhooks', { url, events });
  assert.equal(made.status, 201, made.text);
  const { webhookId, secret } = made.body;
  assert.match(String(secret), secretForm);
  assert.partialDeepStrictEqual(await row(webhookId), { url, events, secret, domain_id: null });
  const path = `/webhooks/${webhookId}`;
  const shown = await api.call('GET', path);
  assert.partialDeepStrictEqual(shown.body, {
    ...{ webhookId, url, events, enabled: true, domain: null, createdBy: 'root', pending: 0 },
  });
  const listed = await api.call('GET', '/webhooks');
  assert.doesNotMatch(shown.text + listed.text, /whsec_/);
  const changed = await api.call('PATCH', path, { enabled: false, events: ['quota.near'] });
  assert.partialDeepStrictEqual(changed.body, { enabled: false, events: ['quota.near'], url });
  assert.partialDeepStrictEqual(await row(webhookId), { enabled: false, events: ['quota.near'] });
  const rotated = await api.call('POST', `${path}/secret`);
  assert.equal(rotated.status, 201);
  assert.match(String(rotated.body.secret), secretForm);
  const { secret: newSecret } = rotated.body;
  assert.notEqual(newSecret, secret);
  assert.partialDeepStrictEqual(await row(webhookId), { secret: newSecret, former_secret: secret });
  assert.notEqual((await api.call('GET', path)).body.formerSecretUntil, null);
  assert.equal((await api.call('DELETE', path)).status, 204);
  assert.deepEqual(await row(webhookId), {});
  assert.equal((await api.call('GET', path)).status, 404);
  const audit = await auditOf(webhookId);
  assert.deepEqual(
    audit.map(({ actor, action }) => `${action} by ${actor}`),
    ['webhook.add', 'webhook.set', 'webhook.rotate', 'webhook.remove'].map((a) => `${a} by root`),
  );
  assert.deepEqual(audit[0]?.detail, { to: 'https://hooks.example.com', events });
  assert.doesNotMatch(JSON.stringify(audit), /whsec_|hidden/);
});

test('a secret that has leaked signs no more, with the rotation or behind it', async () => {
  const { webhookId, secret } = (await api.call('POST', '/webhooks', { url, events })).body;
  const path = `/webhooks/${webhookId}`;
  const second = (await api.call('POST', `${path}/secret?dropFormer=true`)).body.secret;
  assert.notEqual(second, secret);
  const alone = { former_secret: null, former_until: null };
  assert.partialDeepStrictEqual(await row(webhookId), { secret: second, ...alone });
  const third = (await api.call('POST', `${path}/secret`)).body.secret;
  assert.partialDeepStrictEqual(await row(webhookId), { secret: third, former_secret: second });
  assert.equal((await api.call('DELETE', `${path}/former-secret`)).status, 204);
  assert.partialDeepStrictEqual(await row(webhookId), { secret: third, ...alone });
  assert.equal((await api.call('GET', path)).body.formerSecretUntil, null);
  const [, first, , dropped] = await auditOf(webhookId);
  assert.deepEqual([first?.action, first?.detail], ['webhook.rotate', { dropFormer: true }]);
  assert.deepEqual([dropped?.action, dropped?.detail], ['webhook.set', { dropFormer: true }]);
  assert.equal((await api.call('DELETE', '/webhooks/999999/former-secret')).status, 404);
});

test('one that may not lead there is not made', async () => {
  const count = async () => (await api.database.query('select from webhook')).length;
  const known = await count();
  const refused = [
    ...['http://hooks.example.com/', 'https://127.0.0.1/', 'https://127.1/', 'https://[::1]/'],
    ...['https://0x7f000001/', 'https://169.254.169.254/', 'https://user:pw@hooks.example.com/'],
    ...['https://[::ffff:10.0.0.1]/', 'https://10.10.0.1/', 'https://hooks.example.com:25/', 'x'],
  ];
  for (const to of refused) {
    const { status, text } = await api.call('POST', '/webhooks', { url: to, events });
    assert.equal(status, 422, `${to}: ${text}`);
    assert.doesNotMatch(text, /user:pw/);
  }
  for (const body of [
    { url },
    { url, events: [] },
    { url, events: ['everything'] },
    { url, events: ['webhook.test'] },
    { url, events, secret: 'mine' },
    { url: `https://hooks.example.com/${'x'.repeat(2_048)}`, events },
  ]) {
    assert.equal((await api.call('POST', '/webhooks', body)).status, 400, JSON.stringify(body));
  }
  const nowhere = { url, events, domain: 'nowhere.example' };
  assert.equal((await api.call('POST', '/webhooks', nowhere)).status, 404);
  assert.equal(await count(), known);
  const allowed = await api.call('POST', '/webhooks', { url: 'https://10.9.1.1/', events });
  assert.equal(allowed.status, 201);
  const { webhookId } = allowed.body;
  const changed = await api.call('PATCH', `/webhooks/${webhookId}`, { url: 'https://10.8.1.1/' });
  assert.equal(changed.status, 422);
  assert.equal((await row(webhookId)).url, 'https://10.9.1.1/');
});

test('a token of one domain has webhooks of that domain, and sees no other', async () => {
  const { token } = await api.token({ scopes: ['webhooks'], domain: 'example.org' });
  const ask = (method: string, path: string, body?: unknown) =>
    api.ask({ method, path: `/api/v1${path}`, token, ...(body === undefined ? {} : { body }) });
  const made = await ask('POST', '/webhooks', { url, events });
  assert.equal(made.status, 201, made.text);
  const own = `/webhooks/${made.body.webhookId}`;
  assert.equal((await ask('GET', own)).body.domain, 'example.org');
  assert.equal(
    (await ask('POST', '/webhooks', { url, events, domain: 'example.net' })).status,
    403,
  );
  const wide = (await api.call('POST', '/webhooks', { url, events })).body.webhookId;
  const others = (await api.call('POST', '/webhooks', { url, events, domain: 'example.net' })).body;
  for (const id of [wide, others.webhookId]) {
    const before = await row(id);
    await api.call('POST', `/webhooks/${id}/test`);
    const [delivery] = await api.database.query(
      `update webhook_delivery set state = 'dead', finished_at = now() where webhook_id = $1
       returning delivery_id`,
      [id],
    );
    const refused = [
      await ask('GET', `/webhooks/${id}`),
      await ask('PATCH', `/webhooks/${id}`, { enabled: false }),
      await ask('POST', `/webhooks/${id}/secret?dropFormer=true`),
      await ask('DELETE', `/webhooks/${id}/former-secret`),
      await ask('POST', `/webhooks/${id}/test`),
      await ask('GET', `/webhooks/${id}/deliveries`),
      await ask('POST', `/webhook-deliveries/${delivery?.delivery_id}/resend`),
      await ask('DELETE', `/webhooks/${id}`),
    ];
    assert.deepEqual(new Set(refused.map(({ status }) => status)), new Set([404]));
    assert.deepEqual(await row(id), before);
  }
  const { items } = (await ask('GET', '/webhooks')).body;
  assert.partialDeepStrictEqual(items, [{ webhookId: made.body.webhookId }]);
  assert.equal(Object(items).length, 1);
  assert.equal((await ask('DELETE', own)).status, 204);
});

test('deliveries are listed by state, a test is one, and a dead letter is sent again', async () => {
  const { webhookId } = (await api.call('POST', '/webhooks', { url, events })).body;
  const path = `/webhooks/${webhookId}`;
  const tested = await api.call('POST', `${path}/test`);
  assert.equal(tested.status, 202, tested.text);
  const { deliveryId, eventId } = tested.body;
  const listed = await api.call('GET', `${path}/deliveries?state=pending`);
  assert.partialDeepStrictEqual(listed.body.items, [
    {
      ...{ deliveryId, eventId, event: 'webhook.test', state: 'pending', attempts: 0 },
      payload: { id: eventId, event: 'webhook.test', mailbox: null },
    },
  ]);
  assert.equal((await api.call('POST', `/webhook-deliveries/${deliveryId}/resend`)).status, 404);
  await api.database.query(
    `update webhook_delivery set state = 'dead', finished_at = now(), attempts = 16,
       last_error = 'timeout' where delivery_id = $1`,
    [deliveryId],
  );
  assert.deepEqual((await api.call('GET', `${path}/deliveries?state=pending`)).body.items, []);
  assert.partialDeepStrictEqual((await api.call('GET', `${path}/deliveries`)).body.items, [
    { deliveryId, state: 'dead', lastError: 'timeout', nextAttemptAt: null },
  ]);
  assert.equal((await api.call('GET', path)).body.dead, 1);
  assert.equal((await api.call('POST', `/webhook-deliveries/${deliveryId}/resend`)).status, 202);
  const [again] = await api.database.query(
    'select state, attempts from webhook_delivery where delivery_id = $1',
    [deliveryId],
  );
  assert.deepEqual(again, { state: 'pending', attempts: 0 });
  assert.equal((await api.call('GET', `${path}/deliveries?state=lost`)).status, 400);
  assert.deepEqual(
    (await auditOf(webhookId)).map(({ action }) => action),
    ['webhook.add', 'webhook.test', 'webhook.resend'],
  );
});

test('a message that is put in is told of in its transaction', async () => {
  await api.store.directory.addMailbox({ address: 'ann@example.org', secret: null });
  await api.ask({
    ...{ method: 'POST', path: '/api/v1/mailboxes/ann@example.org/messages' },
    ...{
      token: api.root,
      body: 'Subject: x\n\nx\n',
      headers: { 'content-type': 'message/rfc822' },
    },
  });
  const told = await api.database.query(
    "select payload from webhook_delivery where event = 'message.delivered'",
  );
  assert.ok(told.length > 0);
  assert.partialDeepStrictEqual(Object(told[0]?.payload), { mailbox: 'ann@example.org' });
});

test('a name that leads where none may is refused when it is given, and what is not known is let through', async () => {
  const count = async () => (await api.database.query('select from webhook')).length;
  const before = await count();
  for (const to of ['https://localhost/', 'https://hooks.localhost:8443/', 'https://LOCALHOST./']) {
    const { status, body } = await api.call('POST', '/webhooks', { url: to, events });
    assert.deepEqual([status, body.code], [422, 'not-possible'], to);
    assert.match(JSON.stringify(body.errors), /leads to an address .*webhooks\.allowedNetworks/);
    assert.doesNotMatch(JSON.stringify(body), /127\.0|::1/);
  }
  const plain = await api.call('POST', '/webhooks', { url: 'http://hooks.example.com/', events });
  assert.equal(plain.status, 422);
  assert.match(JSON.stringify(plain.body.errors), /begin with https; .*webhooks\.http/);
  assert.equal(await count(), before);
  const unknown = await api.call('POST', '/webhooks', { url, events });
  assert.equal(unknown.status, 201, unknown.text);
  const path = `/webhooks/${unknown.body.webhookId}`;
  assert.equal((await api.call('PATCH', path, { url: 'https://localhost/' })).status, 422);
  assert.equal((await row(unknown.body.webhookId)).url, url);
});

test('a suspended webhook is told from one that is not there', async () => {
  const { webhookId } = (await api.call('POST', '/webhooks', { url, events })).body;
  await api.call('PATCH', `/webhooks/${webhookId}`, { enabled: false });
  const suspended = await api.call('POST', `/webhooks/${webhookId}/test`);
  assert.deepEqual([suspended.status, suspended.body.code], [409, 'webhook-suspended']);
  const none = await api.call('POST', '/webhooks/999999/test');
  assert.deepEqual([none.status, none.body.code], [404, 'webhook-not-found']);
  assert.equal(none.body.detail, 'there is no such webhook: 999999');
  const rows = await api.database.query('select from webhook_delivery where webhook_id = $1', [
    webhookId,
  ]);
  assert.equal(rows.length, 0);
});
