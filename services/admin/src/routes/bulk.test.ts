/**
 * Many mailboxes in one request: every row that was answered is there, whatever becomes of the rest.
 */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { type ApiFixture, apiFixture } from '../testing/api-fixture.ts';

let api: ApiFixture;
before(async () => {
  api = await apiFixture();
  await api.store.directory.addDomain({ name: 'example.org' });
});
after(() => api.end());

function bulk(body: string | Uint8Array, type = 'application/x-ndjson', token = api.root) {
  const headers = { 'content-type': type };
  return api.ask({ method: 'POST', path: '/api/v1/mailboxes/bulk', body, headers, token });
}

function linesOf(text: string): Record<string, unknown>[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

async function isThere(address: string): Promise<boolean> {
  return (await api.store.directory.findMailbox(address)) !== null;
}

test('octets that are no text are refused, and are no password', async () => {
  const row = (name: string, password: Buffer) =>
    Buffer.concat([Buffer.from(`${name}@example.org,`), password, Buffer.from('\n')]);
  const latin1 = row('l1', Buffer.from('p\u00e4ss', 'latin1'));
  const utf8 = row('u8', Buffer.from('p\u00e4ss'));
  const body = Buffer.concat([Buffer.from('address,password\n'), latin1, utf8]);
  const { text } = await bulk(body, 'text/csv');
  assert.deepEqual(
    linesOf(text).map(({ outcome, detail }) => [outcome, detail]),
    [
      ['refused', 'it is not UTF-8'],
      ['created', undefined],
      [undefined, undefined],
    ],
  );
  assert.equal(await isThere('l1@example.org'), false);
  const half = { address: 'half@example.org', password: 'half\ud800' };
  assert.equal((await api.call('POST', '/mailboxes', half)).status, 422);
  assert.equal(await isThere('half@example.org'), false);
});

test('NDJSON: each row has its answer, in order, and a bad one harms no other', async () => {
  const rows = [
    '{"address":"A1@example.org","password":"open sesame"}',
    'not json',
    '{"address":"a2@example.org","x":1}',
    '{"address":"nowhere"}',
    '{"address":"a3@nowhere.example"}',
    '{"address":"a4@example.org","password":"with\\ttab"}',
    `{"address":"${'x'.repeat(20_000)}"}`,
    '{"address":"a1@example.org"}',
    '',
    '{"address":"a5@example.org"}',
  ];
  const { status, text } = await bulk(rows.join('\r\n'));
  assert.equal(status, 200);
  const answered = linesOf(text);
  assert.deepEqual(
    answered.map(({ line, outcome }) => [line, outcome]),
    [
      ...[[1, 'created'], ...[2, 3, 4, 5, 6, 7].map((line) => [line, 'refused'])],
      ...[
        [8, 'exists'],
        [10, 'created'],
        [undefined, undefined],
      ],
    ],
  );
  assert.deepEqual(answered.at(-1), { done: true, created: 2, exists: 1, refused: 6 });
  assert.doesNotMatch(text, /sesame/);
  for (const [address, there] of [
    ['a1@example.org', true],
    ['a2@example.org', false],
    ['a4@example.org', false],
    ['a5@example.org', true],
  ] as const) {
    assert.equal(await isThere(address), there, address);
  }
  const audit = await api.call('GET', '/audit?address=a1@example.org');
  assert.partialDeepStrictEqual(audit.body.items, [{ actor: 'root', action: 'mailbox.add' }]);
  assert.deepEqual(linesOf((await bulk(rows[0] ?? '')).text)[0]?.outcome, 'exists');
});

test('CSV: with quotes, and refused as a whole when its first line is not what it must be', async () => {
  const csv =
    'password,address\r\n"a ""b"", c",b1@example.org\r\n,b2@example.org\r\nx\r\n"y"z,w\r\n';
  const { text } = await bulk(csv, 'text/csv; charset=utf-8');
  const outcomes = linesOf(text).map(({ outcome }) => outcome);
  assert.deepEqual(outcomes, ['created', 'created', 'refused', 'refused', undefined]);
  const credentials = async (address: string) => (await api.store.credentials.list(address)).length;
  assert.deepEqual(
    [await credentials('b1@example.org'), await credentials('b2@example.org')],
    [1, 0],
  );
  const unnamed = linesOf((await bulk('b3@example.org,x\n', 'text/csv')).text);
  assert.equal(unnamed.at(-1)?.done, false);
  assert.equal(await isThere('b3@example.org'), false);
});

test('a line that cannot be read says what is wrong with it', async () => {
  const detailsOf = async (body: string, type?: string): Promise<unknown[]> =>
    linesOf((await bulk(body, type)).text).flatMap(({ detail }) => detail ?? []);
  const rows = ['address,password', 'w1@example.org', 'w2@example.org,a,b', '"w3@example.org,x'];
  assert.deepEqual(await detailsOf(`${rows.join('\n')}\n`, 'text/csv'), [
    '1 field, the header names 2; an empty password is `a@b,`',
    '3 fields, the header names 2; a field with a comma in it is quoted',
    'a quote is open or in the wrong place; a field has no line end in it',
  ]);
  assert.deepEqual(
    await detailsOf('{"adress":"w4@example.org"}\n{"address":"w5@Nowhere.example"}\n'),
    ['unknown field "adress"', 'there is no such domain: nowhere.example'],
  );
  const [count] = await api.database.query(
    "select count(*)::int as n from mailbox where address like 'w_@%'",
  );
  assert.equal(count?.n, 0);
});

test('another type is refused, and which are taken is said', async () => {
  for (const type of ['application/json', 'application/x-www-form-urlencoded', 'text/plain']) {
    const { status, body } = await bulk('{"address":"t@example.org"}\n', type);
    assert.deepEqual([status, body.code], [415, 'unsupported-media-type']);
    assert.equal(body.detail, 'the body must be application/x-ndjson or text/csv');
  }
  assert.equal(await isThere('t@example.org'), false);
});

test('a token of one domain makes mailboxes of it alone', async () => {
  await api.store.directory.addDomain({ name: 'example.net' });
  const { token } = await api.token({ scopes: ['mailboxes'], domain: 'example.net' });
  const rows = '{"address":"c1@example.net"}\n{"address":"c2@example.org"}\n';
  const outcomes = linesOf((await bulk(rows, undefined, token)).text).map(({ outcome }) => outcome);
  assert.deepEqual(outcomes, ['created', 'refused', undefined]);
  assert.equal(await isThere('c2@example.org'), false);
});

describe('a connection that is lost', () => {
  test('loses no row that was answered, and the service goes on', async () => {
    for (let tries = 0; tries < 6; tries += 1) {
      const bound = api.app.server.address();
      const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
      const sent = request({
        ...{
          host: '127.0.0.1',
          port,
          method: 'POST',
          path: '/api/v1/mailboxes/bulk',
          agent: false,
        },
        headers: {
          authorization: `Bearer ${api.root}`,
          'content-type': 'application/x-ndjson',
        },
        signal: AbortSignal.timeout(20_000),
      });
      sent.on('error', () => undefined);
      const rows = Array.from(
        { length: 50 },
        (_, n) => `{"address":"d${tries}-${n}@example.org"}\n`,
      );
      // A row is answered before the next one is sent: the answer does not wait for the end.
      sent.write(rows[0]);
      const [response] = await once(sent, 'response');
      response.on('error', () => undefined);
      const answered: string[] = [];
      const reading = createInterface(response);
      reading.on('error', () => undefined);
      const stopAt = 1 + tries * 5;
      await new Promise<void>((resolve) => {
        reading.on('line', (line) => {
          answered.push(String(JSON.parse(line).address));
          if (answered.length === 1) sent.write(rows.slice(1).join(''));
          if (answered.length === stopAt) resolve();
        });
      });
      sent.destroy();
      assert.ok(answered.length >= stopAt);
      for (const address of answered) assert.equal(await isThere(address), true, address);
    }
    assert.equal(linesOf((await bulk('{"address":"d@example.org"}')).text).length, 2);
  });
});
