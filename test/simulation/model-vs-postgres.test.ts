/**
 * The model database is honest: the same lists of operations on it and on PostgreSQL give the same
 * answers, wait for the same rows, and leave the same tables.
 */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type TemporaryDatabase, temporaryDatabase } from '@poplar/store/testing';
import { compare } from './differential/compare.ts';
import { PostgresSide } from './differential/postgres-side.ts';

const lists = process.env.POPLAR_TEST_SOAK === undefined ? 300 : 10_000;

let database: TemporaryDatabase;
let postgres: PostgresSide;

before(async () => {
  database = await temporaryDatabase();
  postgres = await PostgresSide.connect(database);
});
after(async () => {
  await postgres.end();
  await database.drop();
});

test(`${lists} lists of operations are the same on both`, async () => {
  for (let seed = 1; seed <= lists; seed += 1) await compare(seed, postgres);
});

test('a statement with another text is told apart', async () => {
  const changed = {
    name: 'flag_messages',
    find: 'where mailbox_id = $1 and token = $2\n  returning mailbox_id)',
    replace: 'where mailbox_id = $1\n  returning mailbox_id)',
  };
  const other = await PostgresSide.connect(database);
  await assert.rejects(async () => {
    for (let seed = 1; seed <= 100; seed += 1) await compare(seed, other, changed);
  }, /differ/);
  await other.end();
});
