/**
 * docs/rfc-coverage.md against the repository: every row points at something that is there and says
 * the same, every tag of a transcript has a row, every item of the checklist has one.
 */

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { readTranscripts } from '../support/conformance.ts';
import { fileAt, root, sourceFiles } from '../support/source-tree.ts';

/** Items of the checklist. */
const itemsMax = 76;
/** Items whose mechanisms are not there, and nothing else may be "not yet". */
const laterItems = [38];
const notYet = 'not yet';

const transcripts = readTranscripts();
const page = fileAt('docs/rfc-coverage.md').text;

function rows(heading: string): string[][] {
  const section = page.slice(page.indexOf(`## ${heading}\n`)).split('\n## ')[0] ?? '';
  return section
    .split('\n')
    .filter(
      (line) =>
        line.startsWith('| ') && !/^\| (?:section|item) +\|/.test(line) && !/^\| -/.test(line),
    )
    .map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    );
}

/** What is wrong with a pointer to a test; `has` tells whether a transcript says so itself. */
function wrong(pointer: string, has: (file: string) => boolean): string | null {
  if (pointer.endsWith('.txt')) return has(pointer) ? null : `${pointer} does not say so`;
  if (!/\.test\.ts$/.test(pointer)) return `${pointer} is no test`;
  return existsSync(join(root, pointer)) ? null : `${pointer} does not exist`;
}

function hasTag(file: string, tag: string): boolean {
  return transcripts.get(file)?.some(({ tags }) => tags.includes(tag)) === true;
}

describe('docs/rfc-coverage.md', () => {
  const standards = rows('Standards');
  const checklist = rows('Checklist');

  test('every row of the standards points at code and a test that are there', () => {
    assert.ok(standards.length > 50, 'the rows were found');
    const problems = standards.flatMap(([tag = '', word = '', , file = '', shown = '']) => {
      if (file === notYet && shown === notYet) return [];
      const found: string[] = [];
      if (!/^RFC \d+ §(?:[A-Z]|[\d.]+)$/.test(tag)) found.push('is no tag');
      if (!/^(?:MUST|SHOULD|MAY)$/.test(word)) found.push(`${word} is no word of RFC 2119`);
      if (!existsSync(join(root, file)) || isTestPath(file)) found.push(`${file} is no code`);
      const reason = wrong(shown, (name) => hasTag(name, tag));
      return [...found, ...(reason === null ? [] : [reason])].map((text) => `${tag}: ${text}`);
    });
    assert.deepEqual(problems, []);
  });

  test('every RFC tag of a transcript has a row that names the transcript', () => {
    const missing: string[] = [];
    for (const [file, all] of transcripts) {
      for (const tag of new Set(all.flatMap(({ tags }) => tags))) {
        const isThere = standards.some(
          ([section, , , , shown]) => section === tag && shown === file,
        );
        const isAnywhere = standards.some(([section]) => section === tag);
        if (!isThere && !isAnywhere) missing.push(`${tag} of ${file}`);
      }
    }
    assert.deepEqual(missing, []);
  });

  test('every transcript of POP3 has a tag and an item', () => {
    const bare = [...transcripts.values()]
      .flat()
      .filter(
        ({ tags, items, protocol }) =>
          tags.length === 0 || (protocol === 'pop3' && items.length === 0),
      );
    assert.deepEqual(
      bare.map(({ file, lineNumber }) => `${file}:${lineNumber}`),
      [],
    );
  });

  test('every item of the checklist has one row, which points at what shows it', () => {
    const numbers = Array.from({ length: itemsMax }, (_, index) => String(index + 1));
    assert.deepEqual(
      checklist.map(([item]) => item),
      numbers,
    );
    const problems = checklist.flatMap(([item = '', , shown = '']) => {
      if (shown === notYet) return laterItems.includes(Number(item)) ? [] : [`${item}: ${notYet}`];
      return shown.split(', ').flatMap((pointer) => {
        const hasItem = (file: string): boolean =>
          transcripts.get(file)?.some(({ items }) => items.includes(Number(item))) === true;
        const reason = wrong(pointer, hasItem);
        return reason === null ? [] : [`${item}: ${reason}`];
      });
    });
    assert.deepEqual(problems, []);
  });

  test('every item that a transcript names is on the checklist', () => {
    const named = [...transcripts.values()].flat().flatMap(({ items }) => items);
    assert.deepEqual(
      named.filter((item) => item < 1 || item > itemsMax || laterItems.includes(item)),
      [],
    );
  });

  test('code that cites a section of POP3 cites one that is here', () => {
    const sections = new Set(standards.map(([tag]) => tag));
    const missing = new Set<string>();
    for (const { path, text } of sourceFiles()) {
      if (!/^packages\/protocol\/src\/pop3\/.*\.ts$/.test(path) || path.endsWith('.test.ts'))
        continue;
      for (const [, number, section] of text.matchAll(
        /RFC (1939|2449|2595|5034) §(\d+(?:\.\d+)*)/g,
      )) {
        const tag = `RFC ${number} §${section}`;
        if (!sections.has(tag)) missing.add(`${tag} in ${path}`);
      }
    }
    assert.deepEqual([...missing], []);
  });
});

function isTestPath(path: string): boolean {
  return path.endsWith('.test.ts') || path.startsWith('test/');
}
