/**
 * That each mutant still changes what is there: they run in the soak alone, where one whose text had been
 * rewritten would be noticed late.
 */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { mutantsOfCode } from './mutants/of-code.ts';
import { mutantsOfStatements } from './mutants/of-statements.ts';
import { defectsOnceThere } from './mutants/once-there.ts';

const root = join(import.meta.dirname, '../..');

test('what each mutant replaces is there exactly once', () => {
  const mutants = [...defectsOnceThere, ...mutantsOfStatements, ...mutantsOfCode];
  assert.ok(mutants.length > 20, 'the mutants were found');
  const stale = mutants.flatMap((mutant) =>
    [mutant, ...(mutant.also === undefined ? [] : [mutant.also])]
      .filter(({ file, find }) => readFileSync(join(root, file), 'utf8').split(find).length !== 2)
      .map(({ file }) => `${mutant.name}: ${file}`),
  );
  assert.deepEqual(stale, []);
});
