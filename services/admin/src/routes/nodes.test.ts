/** The list of nodes, a page at a time: each node once, whatever it is called. */

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { type ApiFixture, apiFixture } from '../testing/api-fixture.ts';

const nodes = 250;
let api: ApiFixture;

before(async () => {
  api = await apiFixture();
  await api.database.query(
    `insert into node_drain (node_name, actor) select 'node-' || n || ' \u00e9', 'x' from generate_series(1, ${nodes}) n`,
  );
});
after(() => api.end());

async function namesBy(limit: string): Promise<{ names: string[]; pages: number }> {
  const names: string[] = [];
  let cursor = '';
  for (let pages = 1; ; pages += 1) {
    const { status, body } = await api.call('GET', `/nodes?${limit}${cursor}`);
    assert.equal(status, 200);
    assert.ok(Array.isArray(body.items));
    names.push(...body.items.map((item) => String(Object(item).node)));
    if (typeof body.next !== 'string') return { names, pages };
    cursor = `&cursor=${body.next}`;
    assert.ok(pages <= nodes);
  }
}

test('pages have as many nodes as were asked for, 100 without a word, and together all of them', async () => {
  for (const [limit, expected] of [
    ['limit=7', 36],
    ['', 3],
    ['limit=500', 1],
  ] as const) {
    const { names, pages } = await namesBy(limit);
    assert.deepEqual([new Set(names).size, names.length, pages], [nodes, nodes, expected]);
  }
});

test('more than a page may have, and a cursor that is none, are refused', async () => {
  assert.equal((await api.call('GET', '/nodes?limit=501')).status, 400);
  assert.equal((await api.call('GET', '/nodes?cursor=')).status, 400);
});

test('a node says what its workers do, whether it is of this release or of one that does not', async () => {
  const bootId = randomUUID();
  const worker = (role: string, nth: number, version = '1.0.0') =>
    api.store.registerOwner({
      ...{ ownerId: randomUUID(), nodeName: 'a-node', bootId, worker: nth, role, version },
    });
  await worker('pop3', 0);
  await worker('admin', 0);
  await worker('pop3', 1, '1.1.0');
  await worker('', 2);
  const { body } = await api.call('GET', '/nodes?limit=1');
  assert.partialDeepStrictEqual(body.items, [
    { node: 'a-node', roles: ['admin', 'pop3'], versions: ['1.0.0', '1.1.0'] },
  ]);
  const [row] = await api.database.query(
    "select array_agg(role order by role) as roles from owner where node_name = 'a-node'",
  );
  assert.deepEqual(row?.roles, ['', 'admin', 'pop3', 'pop3']);
  const { names } = await namesBy('limit=7');
  assert.equal(names.filter((name) => name === 'a-node').length, 1, 'once, whatever its workers');
});

test('a page reads no more nodes than it has, however many workers there are', async () => {
  const page = await api.store.cluster.nodes({ after: 'node-2', limit: 3 });
  const names = [...new Set(page.map(({ nodeName }) => nodeName))];
  assert.equal(names.length, 3);
  assert.ok(names.every((name) => name > 'node-2'));
});
