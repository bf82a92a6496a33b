import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ShortLine } from './connection/short-line.ts';
import { penaltiesAddedMax, penaltiesReadMax, penaltyKeptSeconds } from './limits.ts';
import { Penalties, type Penalty } from './penalties.ts';
import { openStore, type Store } from './store.ts';
import { type MailFixture, mailFixture } from './testing/mail-fixture.ts';

let mail: MailFixture;
const stores: Store[] = [];

before(async () => {
  mail = await mailFixture();
});
after(async () => {
  await Promise.all(stores.map((store) => store.end()));
  await mail.end();
});

/** A node: a store of its own, and what it says and hears. */
function node(nodeName: string) {
  const store = openStore({ databaseUrl: mail.database.url });
  stores.push(store);
  return async (deltas: Record<string, number> = {}): Promise<[string, number][]> => {
    const given = Object.entries(deltas).map(([key, score]) => ({ key: keyOf(key), score }));
    return plain(await store.exchangePenalties({ nodeName, deltas: given }));
  };
}

const keyOf = (name: string) => Buffer.from(name.padEnd(8, '.'));
const plain = (penalties: readonly Penalty[]) =>
  penalties.map(({ key, score }): [string, number] => [key.toString().replace(/\.+$/, ''), score]);

async function empty(): Promise<void> {
  await mail.database.query('delete from login_penalty');
}

test('each hears once what the others have said', async () => {
  const [a, b, c] = [node('a'), node('b'), node('c')];
  assert.deepEqual(await a({ x: 1, y: 2.5 }), []);
  assert.deepEqual((await b({ x: 3 })).sort(), [
    ['x', 1],
    ['y', 2.5],
  ]);
  assert.deepEqual(await b(), []);
  assert.deepEqual(await a(), [['x', 3]]);
  assert.deepEqual((await c()).sort(), [
    ['x', 1],
    ['x', 3],
    ['y', 2.5],
  ]);
  assert.deepEqual(await c(), []);
  await empty();
});

test('what commits late is heard late, and not lost', async () => {
  const [a, b] = [node('a'), node('b')];
  await b();
  const slow = await mail.database.client();
  await slow.query('begin');
  await slow.query("insert into login_penalty (key, node_name, score) values ('slowslow', 'c', 1)");
  await a({ fast: 1 });
  assert.deepEqual(await b(), [], 'what comes behind one that still runs waits for it');
  await slow.query('commit');
  assert.deepEqual(await b(), [
    ['slowslow', 1],
    ['fast', 1],
  ]);
  assert.deepEqual(await b(), []);
  await empty();
});

test('more than one answer holds comes with the next, each once', async () => {
  const b = node('b');
  await mail.database.query(
    `insert into login_penalty (key, node_name, score)
     select int8send(i), 'a', i from generate_series(1, $1::int) i`,
    [penaltiesReadMax + 10],
  );
  const first = await b();
  const second = await b();
  assert.deepEqual([first.length, second.length], [penaltiesReadMax, 10]);
  const scores = new Set([...first, ...second].map(([, score]) => score));
  assert.equal(scores.size, penaltiesReadMax + 10);
  assert.deepEqual(await b(), []);
  await empty();
});

test('what is old is not heard any more and goes', async () => {
  const [a, b] = [node('a'), node('b')];
  await a({ old: 1 });
  await mail.database.query(
    'update login_penalty set added_at = now() - make_interval(secs => $1 + 1)',
    [penaltyKeptSeconds],
  );
  await a({ new: 1 });
  assert.deepEqual(await b(), [['new', 1]]);
  const rows = await mail.database.query('select key from login_penalty');
  assert.equal(rows.length, 1);
  await empty();
});

test('a database that went back in time is heard again', async () => {
  const a = node('a');
  const line = new ShortLine({
    databaseUrl: mail.database.url,
    applicationName: 'penalties',
    pipeline: true,
    synchronousCommit: false,
    statementTimeoutMs: 1_000,
  });
  const ahead = new Penalties(line, { addedIn: '4000000000', key: '' });
  await a({ x: 1 });
  assert.deepEqual(await ahead.exchange({ nodeName: 'b', deltas: [] }), []);
  await a({ y: 1 });
  assert.deepEqual(plain(await ahead.exchange({ nodeName: 'b', deltas: [] })), [['y', 1]]);
  await line.end();
  await empty();
});

test('two of a key are added up; what is none is refused', async () => {
  const b = node('b');
  const key = keyOf('x');
  const deltas = [
    { key, score: 1 },
    { key, score: 2 },
  ];
  await mail.store.exchangePenalties({ nodeName: 'a', deltas });
  assert.deepEqual(await b(), [['x', 3]]);
  const bad: Penalty[] = [
    { key: Buffer.from('short'), score: 1 },
    { key, score: Number.NaN },
    { key, score: 1e9 },
  ];
  for (const delta of bad) {
    const wrong = mail.store.exchangePenalties({ nodeName: 'a', deltas: [delta] });
    await assert.rejects(wrong, { code: 'INVALID' });
  }
  const many = Array.from({ length: penaltiesAddedMax + 1 }, () => ({ key, score: 1 }));
  const tooMany = mail.store.exchangePenalties({ nodeName: 'a', deltas: many });
  await assert.rejects(tooMany, { code: 'INVALID' });
  await empty();
});

test('nodes that exchange at once hear each other completely', async () => {
  const nodes = ['a', 'b', 'c', 'd'].map((name) => ({ name, exchange: node(name), heard: 0 }));
  await Promise.all(
    nodes.map(async (one) => {
      for (let round = 0; round < 25; round += 1) {
        for (const [, score] of await one.exchange({ k: 1 })) one.heard += score;
      }
    }),
  );
  for (const one of nodes) {
    for (const [, score] of await one.exchange()) one.heard += score;
    assert.equal(one.heard, 75, one.name);
  }
  await empty();
});
