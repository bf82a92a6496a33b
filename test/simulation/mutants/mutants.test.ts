/**
 * The proof that the simulation finds what it is for: each mutant breaks an invariant within a bound
 * of seeds, and the code as it is does not.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sweep } from '../sweep.ts';
import { mutantsOfCode } from './of-code.ts';
import { mutantsOfStatements } from './of-statements.ts';
import { defectsOnceThere } from './once-there.ts';

const seedsMax = 30_000;

for (const mutant of [...defectsOnceThere, ...mutantsOfStatements, ...mutantsOfCode]) {
  test(`found: ${mutant.name}`, { timeout: 900_000 }, async (t) => {
    const { failures, seeds } = await sweep({ from: 1, count: seedsMax, mutant, failuresMax: 1 });
    const [first] = failures;
    assert.ok(first !== undefined, `not found by ${seeds} seeds`);
    t.diagnostic(`seed ${first.seed}: ${first.broken[0]}`.slice(0, 160));
  });
}
