/** Two nodes with a table between them: what one counts, the other knows. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type PenaltyRow, ScoreTable } from '@poplar/identity';
import { type Log, silentLog } from '@poplar/runtime';
import { penaltyRowsMax } from './limits.ts';
import { PenaltyExchange, type PenaltyStore } from './penalty-exchange.ts';

/** In the shape of the store's: each node has read this far. */
class Board implements PenaltyStore {
  readonly rows: (PenaltyRow & { readonly nodeName: string })[] = [];
  readonly #read = new Map<string, number>();
  largest = 0;
  fails = false;

  async exchangePenalties(exchange: { nodeName: string; deltas: readonly PenaltyRow[] }) {
    const { nodeName, deltas } = exchange;
    if (this.fails) throw new Error('away');
    this.largest = Math.max(this.largest, deltas.length);
    this.rows.push(...deltas.map((row) => ({ ...row, nodeName })));
    const news = this.rows.slice(this.#read.get(nodeName) ?? 0);
    this.#read.set(nodeName, this.rows.length);
    return news.filter((row) => row.nodeName !== nodeName);
  }
}

function nodeOf(store: PenaltyStore, nodeName: string, log: Log = silentLog) {
  const scores = new ScoreTable(ScoreTable.allocate(1 << 18));
  return { scores, exchange: new PenaltyExchange({ store, nodeName, scores, log }) };
}

async function until(what: string, holds: () => boolean): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    if (holds()) return;
    await sleep(10);
  }
  assert.fail(`not within 2 s: ${what}`);
}

describe('penalties', () => {
  test('reach the other node, bounded, and do not come back', async () => {
    const board = new Board();
    const [here, there] = [nodeOf(board, 'here'), nodeOf(board, 'there')];
    const keys = penaltyRowsMax + 500;
    for (let key = 1; key <= keys; key += 1) here.scores.raise(BigInt(key));
    there.scores.raise(7n);
    here.exchange.begin(5);
    there.exchange.begin(5);
    await until('all have arrived', () => board.rows.length === keys + 1);
    await until('both have them', () => {
      const isThere = there.scores.failures(BigInt(keys)) > 0.9;
      return isThere && here.scores.failures(7n) > 1.9 && there.scores.failures(7n) > 1.9;
    });
    await sleep(50);
    await here.exchange.end();
    await there.exchange.end();
    assert.equal(board.largest, penaltyRowsMax);
    assert.equal(board.rows.length, keys + 1, 'no echo');
    assert.ok(here.scores.failures(7n) <= 2 && there.scores.failures(7n) <= 2);
  });

  test('an outage is logged once, and its end, and the loop goes on', async () => {
    const board = new Board();
    const said: string[] = [];
    const say = (_fields: object, message: string): void => {
      said.push(message);
    };
    const log: Log = { ...silentLog, warn: say, info: say };
    const { scores, exchange } = nodeOf(board, 'here', log);
    board.fails = true;
    exchange.begin(5);
    await until('it was logged', () => said.length > 0);
    await sleep(50);
    assert.deepEqual(said, ['penalties are not exchanged with other nodes']);
    board.fails = false;
    await until('its end was logged', () => said.length > 1);
    assert.equal(said[1], 'penalties are exchanged again');
    scores.raise(3n);
    await until('it exchanges', () => board.rows.length === 1);
    await exchange.end();
    scores.raise(4n);
    await sleep(50);
    assert.equal(board.rows.length, 1, 'not after the end');
  });
});
