/**
 * The proof that comparing the model with PostgreSQL finds a statement that says something else.
 */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type TemporaryDatabase, temporaryDatabase } from '@poplar/store/testing';
import { type ChangedText, compare } from '../differential/compare.ts';
import { PostgresSide } from '../differential/postgres-side.ts';
import { changedTexts } from './changed-texts.ts';

const listsMax = 3_000;

let database: TemporaryDatabase;

before(async () => {
  database = await temporaryDatabase();
});
after(() => database.drop());

/** The first list that tells them apart. */
async function firstDifference(changed: ChangedText): Promise<number | null> {
  // A statement is prepared once on a connection: each text needs connections of its own.
  const postgres = await PostgresSide.connect(database);
  try {
    for (let seed = 1; seed <= listsMax; seed += 1) {
      try {
        await compare(seed, postgres, changed);
      } catch (error) {
        assert.match(String(error), /differ/);
        return seed;
      }
    }
    return null;
  } finally {
    await postgres.end();
  }
}

for (const changed of changedTexts) {
  test(`told apart: ${changed.what}`, { timeout: 600_000 }, async (t) => {
    const seed = await firstDifference(changed);
    assert.ok(seed !== null, `${listsMax} lists are the same`);
    t.diagnostic(`list ${seed}`);
  });
}
