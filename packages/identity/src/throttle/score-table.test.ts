/** Scores leak, give way to higher ones, and cross between nodes without an echo. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { scoreFailuresMax, scoreHalfLifeSeconds } from './limits.ts';
import { type PenaltyRow, ScoreTable } from './score-table.ts';

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
