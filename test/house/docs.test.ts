/**
 * Pages that repeat what the code says: they say the same, all of it, and nothing more.
 */

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { boundsIn, limitsPage, limitsPagePath } from '../support/limits-page.ts';
import { fileAt, root, sourceFiles } from '../support/source-tree.ts';

function sorted(names: Iterable<string>): string[] {
  return [...names].sort();
}

/** The first cells of all rows of all tables of a page, as far as they are code. */
function firstCells(page: string): string[] {
  return [...page.matchAll(/^\| `([^`]+)` +\|/gm)].map(([, name = '']) => name);
}

/** Lines without the padding that a formatter gives tables. */
function unpadded(page: string): string[] {
  return page
    .split('\n')
    .map((line) => line.replace(/ +/g, ' ').replace(/\| ?-+ ?(?=\|)/g, '|---'));
}

describe('docs', () => {
  test('every error code of the store has its row in docs/errors.md, and no other', () => {
    const { text } = fileAt('packages/store/src/errors.ts');
    const union = /export type StoreErrorCode =([\s\S]*?);\n/.exec(text)?.[1] ?? '';
    const codes = [...union.matchAll(/'([A-Z_]+)'/g)].map(([, code = '']) => code);
    assert.ok(codes.length > 5, 'the codes were found');
    // Codes of the REST API have a table of their own, and small letters.
    const listed = firstCells(fileAt('docs/errors.md').text).filter((code) =>
      /^[A-Z_]+$/.test(code),
    );
    assert.deepEqual(sorted(listed), sorted(codes));
  });

  test('docs/limits.md says what the code says (node_modules/.bin/node test/support/limits-page.ts writes it)', () => {
    assert.deepEqual(unpadded(fileAt(limitsPagePath).text), unpadded(limitsPage()));
  });

  test('README.md and ARCHITECTURE.md agree on what is not there yet', () => {
    const section = (path: string, title: string): string =>
      fileAt(path).text.split(`\n## ${title}\n`)[1]?.split('\n## ')[0]?.trim() ?? path;
    const lacks = section('README.md', 'What is not there yet');
    assert.equal(section('ARCHITECTURE.md', 'Not there yet'), lacks);
  });

  test('commands to type name the Node that can read TypeScript', () => {
    // `npm run` finds it; a shell may find an older one.
    const pages = sourceFiles().filter(({ path }) => path.endsWith('.md'));
    assert.ok(pages.length > 20, 'the pages were found');
    const bare = /(?<![\w./-])node (?:--test\b|\S+\.ts\b)/;
    const problems = pages.flatMap(({ path, text }) =>
      text.split('\n').flatMap((line) => (bare.test(line) ? [`${path}: ${line.trim()}`] : [])),
    );
    assert.deepEqual(problems, []);
  });

  test('docs/decisions/README.md lists every decision by its heading', () => {
    const folder = 'docs/decisions';
    const pages = readdirSync(join(root, folder)).filter((name) => /^\d{4}-/.test(name));
    const rows = pages.sort().map((name) => {
      const [, number = '', title = ''] =
        /^# (\d{4}) (.+)$/m.exec(fileAt(`${folder}/${name}`).text) ?? [];
      return `| [${Number(number)}](${name}) | ${title} |`;
    });
    const index = fileAt(`${folder}/README.md`).text;
    assert.deepEqual(index.match(/^\| \[.*$/gm), rows);
  });

  test('every constant in a limits.ts is a bound with a reason and a unit', () => {
    const files = sourceFiles().filter(({ path }) => path.endsWith('/limits.ts'));
    assert.ok(files.length > 5, 'the files were found');
    const unit =
      /(?:Ms|Seconds|Hours|Days|Octets|Kib|Mib|Messages|Lines|Characters|Digits|Max|Min|Mode|Rows|Turn|Passes|Lanes|Connections|Backlog)(?:Max|Min|PerTurnMax)?$/;
    const problems = files.flatMap((file) =>
      boundsIn(file)
        .filter(({ name, reason }) => reason === '' || !/[A-Z]/.test(name) || !unit.test(name))
        .map(({ name }) => `${file.path}: ${name}`),
    );
    assert.deepEqual(problems, []);
  });
});
