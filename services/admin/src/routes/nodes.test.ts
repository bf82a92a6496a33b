/** The list of nodes, a page at a time: each node once, whatever it is called. */

import assert from 'node:assert/strict';
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
