/**
 * Cursors that were not given out are refused by every listing, in words for the field; those that were lead on.
 */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type ApiFixture, apiFixture } from './testing/api-fixture.ts';

let api: ApiFixture;

before(async () => {
  api = await apiFixture();
  for (const name of ['a', 'b', 'c']) {
    await api.call('POST', '/domains', { domain: `${name}.example` });
    await api.call('POST', '/mailboxes', { address: `${name}@a.example` });
    await api.token({ scopes: ['read'] });
  }
});
after(() => api.end());

const of = (key: string): string => Buffer.from(key).toString('base64url');

/** Not base64url, not canonical, not UTF-8, an empty key, a control character, a text that is no key. */
const bad = [
  'zzz',
  '-1',
  'eyJ9',
  'e30',
  'YQ=',
  'Y R',
  `${of('41')}==`,
  '',
  '_w',
  of('a\u0000b@x'),
  of(' '),
];
const listings = [
  ...['/domains', '/mailboxes', '/mailboxes/a@a.example/messages', '/sessions', '/throttles'],
  ...['/tokens', '/webhooks', '/audit', '/jobs'],
];

test('no listing takes a cursor that was not given out', async () => {
  for (const path of listings) {
    for (const cursor of bad) {
      const told = await api.call('GET', `${path}?cursor=${encodeURIComponent(cursor)}`);
      assert.deepEqual([told.status, told.body.code], [400, 'unknown-cursor'], `${path} ${cursor}`);
      assert.match(told.text, /"pointer":"\/querystring\/cursor"/);
    }
  }
  // Of a node any text may be the name.
  for (const cursor of ['zzz', '-1', '', 'YQ=']) {
    assert.equal((await api.call('GET', `/nodes?cursor=${cursor}`)).status, 400, cursor);
  }
  const { token } = await api.token({ scopes: ['read'], domain: 'a.example' });
  const told = await api.ask({ path: '/api/v1/domains?cursor=zzz', token });
  assert.equal(told.body.code, 'unknown-cursor', 'also for who sees one domain');
});

test('those that are given out lead from page to page to the end', async () => {
  for (const path of ['/domains', '/mailboxes', '/tokens', '/audit']) {
    const seen: unknown[] = [];
    let cursor = '';
    for (let pages = 0; pages < 40; pages += 1) {
      const { status, body } = await api.call('GET', `${path}?limit=1${cursor}`);
      assert.equal(status, 200, path);
      seen.push(...Object(body.items));
      if (body.next === null) break;
      cursor = `&cursor=${body.next}`;
    }
    const all = await api.call('GET', path);
    assert.deepEqual(seen, Object(all.body.items), path);
    assert.ok(seen.length >= 3, path);
  }
});
