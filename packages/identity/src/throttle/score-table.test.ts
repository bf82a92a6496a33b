/** Scores leak, give way to higher ones, and cross between nodes without an echo. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { scoreFailuresMax, scoreHalfLifeSeconds } from './limits.ts';
import { ScoreKeys } from './score-keys.ts';
import { clearingScore, type PenaltyRow, ScoreTable } from './score-table.ts';
import { ThrottleView } from './throttle-view.ts';

function tableOf(octets = 1 << 18) {
  const clock = { seconds: 100 };
  const memory = ScoreTable.allocate(octets);
  const open = (): ScoreTable => new ScoreTable(memory, () => clock.seconds * 1_000);
  return { clock, memory, table: open(), open };
}

function raise(table: ScoreTable, key: bigint, times: number): void {
  for (let time = 0; time < times; time += 1) table.raise(key);
}

const row = (key: bigint, score: number): PenaltyRow => {
  const octets = Buffer.alloc(8);
  octets.writeBigUInt64BE(key);
  return { key: octets, score };
};

const plain = (rows: readonly PenaltyRow[]): [key: bigint, score: number][] =>
  rows.map(({ key, score }): [bigint, number] => [key.readBigUInt64BE(), score]).sort();

describe('scores', () => {
  test('rise by one, halve in the half-life, and are capped', () => {
    const { table, clock } = tableOf();
    assert.equal(table.failures(5n), 0);
    raise(table, 5n, 8);
    assert.equal(table.failures(5n), 8);
    assert.equal(table.failures(6n), 0);
    clock.seconds += scoreHalfLifeSeconds;
    assert.equal(table.failures(5n), 4);
    table.raise(5n);
    clock.seconds += 2 * scoreHalfLifeSeconds;
    assert.equal(table.failures(5n), 1.25);
    table.forgive(5n);
    assert.equal(table.failures(5n), 0);
    table.merge([row(5n, 1e9)]);
    table.raise(5n);
    assert.equal(table.failures(5n), scoreFailuresMax);
  });

  test('a clock that two threads read a moment apart takes nothing away and adds nothing', () => {
    const { table, clock } = tableOf();
    raise(table, 5n, 8);
    clock.seconds -= 1;
    assert.equal(table.failures(5n), 8);
  });

  test('a high score stays when thousands of low ones come', () => {
    const { table } = tableOf(1);
    raise(table, 1n, 12);
    for (let key = 2n; key < 20_000n; key += 1n) raise(table, key, 2);
    assert.equal(table.failures(1n), 12);
    const rest = Array.from({ length: 20_000 }, (_, index) => table.failures(BigInt(index)));
    assert.equal(rest.filter((failures) => failures > 0).length, 512, 'the table is full');
  });

  test('all who share the memory share the scores', () => {
    const { table, open } = tableOf();
    raise(table, 5n, 3);
    open().raise(5n);
    assert.equal(table.failures(5n), 4);
  });

  test('a line grows by what each brings and goes on with the clock', () => {
    const { table, clock } = tableOf();
    assert.equal(table.lineMs(5n), 0);
    assert.equal(table.join(5n, 2_000), 0);
    assert.equal(table.join(5n, 2_000), 2_000);
    assert.equal(table.lineMs(5n), 4_000);
    clock.seconds += 3;
    assert.equal(table.join(5n, 500), 1_000);
    clock.seconds += 60;
    assert.equal(table.lineMs(5n), 0);
    assert.equal(table.join(5n, 10), 0);
  });
});

describe('an order to clear', () => {
  const keys = new ScoreKeys(Buffer.alloc(32, 7));
  const ann = keys.account('ann@example.org');
  const bob = keys.account('bob@example.org');
  const annAtHome = keys.pair('ann@example.org', '198.51.100.7');
  const bobAtHome = keys.pair('bob@example.org', '198.51.100.7');
  const home = keys.address('198.51.100.7');
  const all = [ann, annAtHome, bob, bobAtHome, home];

  test('of an account takes its pairs along, their lines and what was not told yet', () => {
    const { table } = tableOf();
    for (const key of all) raise(table, key, 6);
    table.join(annAtHome, 4_000);
    table.merge([row(ann, clearingScore)]);
    assert.deepEqual(
      all.map((key) => table.failures(key)),
      [0, 0, 6, 6, 6],
    );
    assert.equal(table.lineMs(annAtHome), 0);
    const told = table.takeDeltas(100).map(({ key }) => key.readBigUInt64BE());
    assert.deepEqual(told.sort(), [bob, bobAtHome, home].sort());
  });

  test('stands in the order of what else was told', () => {
    const { table } = tableOf();
    table.merge([row(annAtHome, 6), row(ann, 6), row(home, 6), row(ann, clearingScore)]);
    assert.deepEqual(
      [table.failures(ann), table.failures(annAtHome), table.failures(home)],
      [0, 0, 6],
    );
    table.merge([
      row(ann, clearingScore),
      row(annAtHome, 2),
      row(ann, 3),
      row(home, clearingScore),
    ]);
    assert.deepEqual(
      [table.failures(ann), table.failures(annAtHome), table.failures(home)],
      [3, 2, 0],
    );
  });

  test('a view lists kinds, delays and their ends, a page at a time, and who is named', () => {
    const { table } = tableOf();
    const view = new ThrottleView(table, keys);
    for (const key of all) raise(table, key, 6);
    raise(table, keys.friends('198.51.100.7'), 6);
    const kindsOf = (entries: ReturnType<typeof view.list>) =>
      entries.map(({ kind, delayMs }) => `${kind} ${delayMs}`).sort();
    const listed = view.list({ after: 0n, limit: 100, isDelayed: false });
    const own = ['account 500', 'pair 4000'];
    assert.deepEqual(kindsOf(listed), [...own, ...own, 'address 0'].sort());
    const [pair] = view.ofAccounts(['ann@example.org']).filter(({ kind }) => kind === 'pair');
    assert.deepEqual([pair?.key, pair?.endsAfterMs], [annAtHome, 600_000]);
    assert.deepEqual(kindsOf(view.ofAddress('198.51.100.7')), ['address 0']);
    assert.deepEqual(view.ofAddress('198.51.100.8'), []);
    assert.equal(view.list({ after: 0n, limit: 100, isDelayed: true }).length, 4);
    const paged = [1, 2, 3, 4, 5].reduce<bigint[]>((found) => {
      const page = view.list({ after: found.at(-1) ?? 0n, limit: 1, isDelayed: false });
      return [...found, ...page.map(({ key }) => key)];
    }, []);
    assert.deepEqual(
      paged,
      listed.map(({ key }) => key),
    );
    view.clear([ann, home]);
    assert.deepEqual(kindsOf(view.list({ after: 0n, limit: 100, isDelayed: false })), own);
  });

  test('a page of a table that is full is as long as was asked for, and the smallest keys', () => {
    const { table } = tableOf(1);
    const view = new ThrottleView(table, keys);
    for (let name = 0; name < 2_000; name += 1) raise(table, keys.account(`user${name}`), 2);
    const every = view.list({ after: 0n, limit: 1_000, isDelayed: false });
    assert.deepEqual(view.list({ after: 0n, limit: 3, isDelayed: false }), every.slice(0, 3));
  });
});

describe('deltas', () => {
  test('are taken once, in pieces if there are many, and never made by a merge', () => {
    const { table, open } = tableOf();
    for (let key = 1n; key <= 1_000n; key += 1n) raise(table, key, Number(key % 3n) + 1);
    const taker = open();
    const rows: PenaltyRow[] = [];
    for (let calls = 0; calls < 10; calls += 1) {
      const taken = taker.takeDeltas(300);
      assert.ok(taken.length <= 300);
      rows.push(...taken);
    }
    const expected = Array.from({ length: 1_000 }, (_, index) =>
      row(BigInt(index + 1), ((index + 1) % 3) + 1),
    );
    assert.deepEqual(plain(rows), plain(expected));
    taker.merge(rows);
    assert.equal(table.failures(2n), 6);
    assert.deepEqual(taker.takeDeltas(300), []);
    table.raise(7n);
    assert.deepEqual(plain(taker.takeDeltas(300)), [[7n, 1]]);
  });

  test('rows that make no sense are passed over', () => {
    const { table } = tableOf();
    table.merge([
      row(1n, Number.NaN),
      row(1n, -5),
      row(1n, 0),
      { key: Buffer.alloc(7), score: 3 },
      row(2n, Number.POSITIVE_INFINITY),
    ]);
    assert.deepEqual([table.failures(1n), table.failures(2n)], [0, scoreFailuresMax]);
  });

  test('property: two nodes that exchange agree on every key', () => {
    const step = fc.record({ node: fc.boolean(), key: fc.bigInt({ min: 1n, max: 50n }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const [here, there] = [tableOf().table, tableOf().table];
        const times = new Map<bigint, number>();
        for (const { node, key } of steps) {
          (node ? here : there).raise(key);
          times.set(key, (times.get(key) ?? 0) + 1);
          if (key % 10n !== 0n) continue;
          there.merge(here.takeDeltas(1_000));
          here.merge(there.takeDeltas(1_000));
        }
        there.merge(here.takeDeltas(1_000));
        here.merge(there.takeDeltas(1_000));
        for (let key = 1n; key <= 50n; key += 1n) {
          assert.equal(here.failures(key), times.get(key) ?? 0);
          assert.equal(there.failures(key), times.get(key) ?? 0);
        }
      }),
      { numRuns: 50 },
    );
  });
});
