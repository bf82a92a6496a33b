/**
 * Sizes, names, opening comments, and what must be at the top of the repository.
 */

import assert from 'node:assert/strict';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import {
  checkRules,
  codeOf,
  isCode,
  linesThat,
  type Rule,
  root,
  type SourceFile,
} from '../support/source-tree.ts';

const fileLinesMax = 400;
const functionLinesMax = 70;
const bannedNames = new Set(
  'util utils helper helpers common commons lib libs manager managers handler handlers type types misc'.split(
    ' ',
  ),
);

/** A line on which a function's body opens: declarations, methods and arrows with a block. */
const functionOpens =
  /(?:=>\s*\{|\bfunction\b.*\{|^\s+(?:(?:async|static|get|set|override|readonly)\s+|\*\s*)*#?[\w$]+(?:<.*>)?\(.*\{)\s*$/;
const notFunctions = /^\s*(?:\} )?(?:if|for|while|switch|catch|else|do)\b/;
/** The callback of a suite holds tests; each of those is measured. */
const suiteOpens = /^\s*describe(?:\.\w+)?\(/;

function longFunctions({ text }: SourceFile): string[] {
  const lines = codeOf(text).split('\n');
  const written = text.split('\n');
  const problems: string[] = [];
  for (const [index, line] of lines.entries()) {
    const shown = written[index] ?? '';
    if (!functionOpens.test(line) || notFunctions.test(line) || suiteOpens.test(shown)) continue;
    const length = blockLines(lines, index);
    if (length > functionLinesMax)
      problems.push(`line ${index + 1}: a function of ${length} lines`);
  }
  return problems;
}

/** Lines from the one whose last brace opens a block to the one that closes it. */
function blockLines(lines: readonly string[], first: number): number {
  let depth = 0;
  for (let index = first; index < lines.length; index += 1) {
    const line = lines[index] ?? '';
    const from = index === first ? line.lastIndexOf('{') : 0;
    for (const letter of line.slice(from)) {
      if (letter === '{') depth += 1;
      if (letter === '}') depth -= 1;
      if (depth === 0 && letter === '}') return index - first + 1;
    }
  }
  return lines.length - first;
}

/** The folder and file names of a path, without endings. */
function namesIn(path: string): string[] {
  return path.split('/').map((name) => name.split('.')[0] ?? name);
}

const rules: readonly Rule[] = [
  {
    name: 'a file has at most 400 lines',
    applies: (path) => isCode(path),
    find: ({ text }) => {
      const lines = text.split('\n').length - 1;
      return lines > fileLinesMax ? [`${lines} lines`] : [];
    },
    bad: { path: 'packages/store/src/x.ts', text: '\n'.repeat(401) },
  },
  {
    name: 'a function has at most 70 lines',
    applies: isCode,
    find: longFunctions,
    bad: {
      path: 'packages/store/src/x.ts',
      text: `class X {\n  async #run(a: string): Promise<void> {\n${'    a();\n'.repeat(70)}  }\n}\n`,
    },
  },
  {
    name: 'no file or folder is named for nothing',
    applies: isCode,
    find: ({ path }) => namesIn(path).filter((name) => bannedNames.has(name)),
    bad: { path: 'packages/store/src/utils/x.ts', text: '' },
  },
  {
    name: 'files are named in kebab-case',
    applies: isCode,
    find: ({ path }) => namesIn(path).filter((name) => !/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(name)),
    bad: { path: 'packages/store/src/bodyCopy.ts', text: '' },
  },
  {
    name: 'every file opens with a comment',
    applies: (path) => isCode(path) && !/^(?:packages|services)\/.*\.test\.ts$/.test(path),
    find: ({ text }) => (/^(?:#!.*\n)?\/\*\*\s/.test(text) ? [] : ['no opening comment']),
    bad: { path: 'packages/store/src/x.ts', text: 'export const x = 1;\n' },
  },
  {
    name: 'every migration opens with a comment',
    applies: (path) => /^packages\/store\/migrations\/.*\.sql$/.test(path),
    find: ({ text }) => (text.startsWith('-- ') ? [] : ['no opening comment']),
    bad: { path: 'packages/store/migrations/0001-x.sql', text: 'create table x ();\n' },
  },
  {
    name: 'nothing is left to be done without saying where that is kept',
    applies: (path) => isCode(path) && !path.startsWith('test/house/'),
    find: (file) => linesThat(file, /\b(?:TODO|FIXME|XXX|HACK)\b(?!\(docs\/)/),
    bad: { path: 'packages/store/src/x.ts', text: '// TODO: later\n' },
  },
  {
    name: 'the repository knows no machine but the one it is on',
    applies: (path) => !path.startsWith('test/house/'),
    find: (file) => [
      ...linesThat(file, /(?<![\w.~}/-])\/(?:work|root|home\/\w+)\//),
      ...linesThat(
        file,
        /https?:\/\/(?!registry\.npmjs\.org)[\w.-]*(?:registry|artifactory|nexus|verdaccio|mirror)/i,
      ),
    ],
    bad: { path: 'docs/x.md', text: `see ${'/'}work${'/'}shared\n` },
  },
];

describe('shape', () => {
  checkRules(rules);

  test('what a visitor looks for is at the top', () => {
    const expected = [
      ...['packages', 'services', 'test', 'bench', 'docs', 'docs/decisions'],
      ...['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'LICENSE'],
      ...['package.json', 'pnpm-workspace.yaml', 'pnpm-lock.yaml', 'turbo.json', 'tsconfig.json'],
      ...[
        'biome.json',
        '.editorconfig',
        '.gitignore',
        '.ci/run',
        'test/README.md',
        'bench/README.md',
      ],
    ];
    assert.deepEqual(
      expected.filter((path) => !existsSync(join(root, path))),
      [],
    );
    assert.notEqual(statSync(join(root, '.ci/run')).mode & 0o100, 0, '.ci/run can be executed');
  });
});
