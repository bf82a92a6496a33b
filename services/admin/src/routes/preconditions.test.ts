/**
 * Who writes over a state that he has not seen changes nothing: `ETag` and `If-Match` of mailboxes and domains.
 */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ApiFixture, apiFixture } from '../testing/api-fixture.ts';

let api: ApiFixture;

before(async () => {
  api = await apiFixture();
  for (const domain of ['example.org', 'empty.example', 'going.example']) {
    assert.equal((await api.call('POST', '/domains', { domain })).status, 201);
  }
});
after(() => api.end());

let mailboxes = 0;

async function newMailbox(): Promise<{ path: string; tag: string }> {
  mailboxes += 1;
  const address = `user${mailboxes}@example.org`;
  const { status, headers } = await api.call('POST', '/mailboxes', { address });
  assert.equal(status, 201);
  return { path: `/mailboxes/${address}`, tag: String(headers.etag) };
}

function changed(method: string, path: string, tag: string | null, body?: unknown) {
  const headers = tag === null ? {} : { 'if-match': tag };
  const given = body === undefined ? {} : { body };
  return api.ask({ method, path: `/api/v1${path}`, headers, ...given });
}

async function tagOf(path: string): Promise<string> {
  const { status, headers } = await api.call('GET', path);
  assert.equal(status, 200);
  return String(headers.etag);
}

/** All of one mailbox that could be changed here, and how many rows the audit has of it. */
async function held(path: string): Promise<unknown> {
  return api.database.query(
    `select m.status, m.pop3_enabled, m.quota_octets, m.credential_version,
            (select count(*)::int from audit a where a.mailbox_id = m.mailbox_id) as audits
     from mailbox m where m.address = $1`,
    [path.slice('/mailboxes/'.length)],
  );
}

describe('a mailbox', () => {
  test('has a tag that changes with its settings and not with its mail', async () => {
    const { path, tag } = await newMailbox();
    assert.match(tag, /^"\d+-\d+"$/);
    assert.equal(await tagOf(path), tag);
    await api.ask({
      ...{ method: 'POST', path: `/api/v1${path}/messages`, body: 'Subject: x\r\n\r\nx\r\n' },
      headers: { 'content-type': 'message/rfc822' },
    });
    assert.equal((await api.call('GET', path)).body.messages, 1);
    assert.equal(await tagOf(path), tag);
    const { status, headers } = await changed('PATCH', path, tag, { pop3Enabled: false });
    assert.equal(status, 200);
    assert.notEqual(headers.etag, tag);
    assert.equal(await tagOf(path), headers.etag);
    await api.call('PUT', `${path}/password`, { password: 'open sesame' });
    assert.notEqual(await tagOf(path), headers.etag);
  });

  test('is not changed and not deleted by who has seen another state', async () => {
    const { path, tag } = await newMailbox();
    const other = await newMailbox();
    assert.equal((await changed('PATCH', path, tag, { quotaOctets: 5 })).status, 200);
    const state = await held(path);
    const now = await tagOf(path);
    for (const stale of [tag, other.tag, '""', `W/${now}`, `${tag}, W/${now} ,${other.tag}`]) {
      const patched = await changed('PATCH', path, stale, { quotaOctets: 6 });
      assert.deepEqual([patched.status, patched.body.status], [412, 412], stale);
      assert.equal((await changed('DELETE', path, stale)).status, 412, stale);
    }
    assert.deepEqual(await held(path), state);
    const good = await changed('PATCH', path, `${tag}, ${now}`, { quotaOctets: 7 });
    assert.deepEqual([good.status, good.body.quotaOctets], [200, 7]);
    assert.equal((await changed('PATCH', path, '*', { quotaOctets: 8 })).body.quotaOctets, 8);
    assert.equal((await changed('PATCH', path, null, { quotaOctets: 9 })).body.quotaOctets, 9);
    const deleted = await changed('DELETE', path, await tagOf(path));
    assert.deepEqual([deleted.status, deleted.body.status], [202, 'deleting']);
    assert.equal(deleted.headers.etag, await tagOf(path));
  });

  test('what is no precondition is 400, and what is not there 404 whatever was seen of it', async () => {
    const { path } = await newMailbox();
    const state = await held(path);
    for (const wrong of ['x', '"x', 'w/"x"', '"a" "b"', '*, "a"', `"${'x'.repeat(1_100)}"`]) {
      const { status } = await changed('PATCH', path, wrong, { quotaOctets: 1 });
      assert.equal(status, 400, wrong);
    }
    assert.deepEqual(await held(path), state);
    for (const tag of ['"1-1"', '*']) {
      for (const nobody of ['/mailboxes/no@example.org', '/domains/no.example']) {
        const patch = { pop3Enabled: true };
        assert.equal((await changed('PATCH', nobody, tag, patch)).status, 404);
        assert.equal((await changed('DELETE', nobody, tag)).status, 404);
      }
    }
  });

  test('of many writers at once that saw one state, one wins', async () => {
    const { path, tag } = await newMailbox();
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, quotaOctets) => changed('PATCH', path, tag, { quotaOctets })),
    );
    const won = answers.filter(({ status }) => status === 200);
    assert.equal(won.length, 1);
    assert.equal(answers.filter(({ status }) => status === 412).length, 7);
    const [row] = await api.database.query(
      'select quota_octets::int as quota from mailbox where address = $1',
      [path.slice('/mailboxes/'.length)],
    );
    assert.equal(row?.quota, won[0]?.body.quotaOctets);
  });

  test('a writer that waits for another one compares with what that one has left', async () => {
    const { path, tag } = await newMailbox();
    const first = await api.database.client();
    await first.query('begin');
    const address = path.slice('/mailboxes/'.length);
    await first.query('update mailbox set quota_octets = 77 where address = $1', [address]);
    const waiting = changed('PATCH', path, tag, { quotaOctets: 1 });
    const deleting = changed('DELETE', path, tag);
    for (let tries = 0; tries < 200; tries += 1) {
      const [row] = await api.database.query(
        "select count(*)::int as n from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()",
      );
      if (Number(row?.n) >= 2) break;
      await sleep(25);
    }
    await first.query('commit');
    await first.end();
    assert.deepEqual([(await waiting).status, (await deleting).status], [412, 412]);
    const { body } = await api.call('GET', path);
    assert.deepEqual([body.quotaOctets, body.status], [77, 'active']);
  });
});

describe('a domain', () => {
  test('is not changed and not removed by who has seen another state', async () => {
    const path = '/domains/empty.example';
    const tag = await tagOf(path);
    const set = await changed('PATCH', path, tag, { loginDelaySeconds: 5 });
    assert.equal(set.status, 200);
    assert.equal(set.headers.etag, await tagOf(path));
    const audits = 'select count(*)::int as n from audit where subject = $1';
    const before = await api.database.query(audits, ['empty.example']);
    for (const stale of [tag, await tagOf('/domains/example.org'), `W/${set.headers.etag}`]) {
      const { status } = await changed('PATCH', path, stale, { loginDelaySeconds: 6 });
      assert.equal(status, 412, stale);
      assert.equal((await changed('DELETE', path, stale)).status, 412, stale);
    }
    assert.equal((await api.call('GET', path)).body.loginDelaySeconds, 5);
    assert.deepEqual(await api.database.query(audits, ['empty.example']), before);
    assert.equal((await changed('DELETE', '/domains/example.org', '*')).status, 409);
    assert.equal((await changed('DELETE', path, String(set.headers.etag))).status, 204);
    assert.equal((await api.call('GET', path)).status, 404);
  });

  test('a removal that waits for a change compares with what it has left', async () => {
    const path = '/domains/going.example';
    const tag = await tagOf(path);
    const first = await api.database.client();
    await first.query('begin');
    await first.query("update domain set login_delay = '9 s' where name = 'going.example'");
    const removing = changed('DELETE', path, tag);
    await sleep(200);
    await first.query('commit');
    await first.end();
    assert.equal((await removing).status, 412);
    assert.equal((await api.call('GET', path)).body.loginDelaySeconds, 9);
  });
});

test('the description names the header and its answer', () => {
  const { paths = {} } = api.app.swagger();
  for (const path of ['/api/v1/mailboxes/{address}', '/api/v1/domains/{domain}']) {
    for (const method of ['patch', 'delete']) {
      const route = JSON.stringify(Object(paths[path])[method]);
      assert.match(route, /"if-match"/, `${method} ${path}`);
      assert.match(route, /"412":/, `${method} ${path}`);
    }
    assert.match(JSON.stringify(Object(paths[path]).get), /"etag"/);
  }
});
