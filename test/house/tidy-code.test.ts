/**
 * What no line of code may hold: ways around the compiler, ways around the tests, secrets on their
 * way out, and statements that a distributed database would refuse.
 */

import { describe } from 'node:test';
import {
  checkRules,
  codeOf,
  isCode,
  isProduction,
  linesThat,
  type Rule,
  type SourceFile,
} from '../support/source-tree.ts';

/** The same file without strings, comments and regular expressions. */
function bare({ path, text }: SourceFile): SourceFile {
  return { path, text: codeOf(text) };
}

const isTestFile = (path: string): boolean => path.endsWith('.test.ts');
const isStatement = (path: string): boolean =>
  /^packages\/store\/src\/statements\/[^/]+\.ts$/.test(path) && !isTestFile(path);

/** The text of all template literals of a file. */
function templatesOf(text: string): string[] {
  return [...codeOf(text, 'strings').matchAll(/`((?:[^`\\]|\\.)*)`/g)].map(
    ([, inside = '']) => inside,
  );
}

/** Functions that PostgreSQL declares VOLATILE and statements like to use. */
const volatile =
  /\b(?:clock_timestamp|timeofday|gen_random_uuid|random|setseed|nextval|setval|currval|pg_sleep|pg_advisory_\w+|uuid_generate_\w+)\s*\(/i;

/** The parts of a statement that are an UPDATE, each up to the end of its query. */
function updatesOf(sql: string): string[] {
  return [...sql.matchAll(/\bupdate\s+\w+(?:\s+(?:as\s+)?\w+)?\s+set\b/gi)].map(({ index }) => {
    let depth = 0;
    for (let at = index; at < sql.length; at += 1) {
      if (sql.charAt(at) === '(') depth += 1;
      if (sql.charAt(at) === ')') depth -= 1;
      if (depth < 0) return sql.slice(index, at);
    }
    return sql.slice(index);
  });
}

/** Bodies of tests and suites without anything in them. */
function emptyTests(file: SourceFile): string[] {
  const code = codeOf(file.text);
  const problems = [...code.matchAll(/\b(?:test|it|describe)\s*\([^;{}]*=>\s*\{\s*\}\s*\)/g)].map(
    ({ index }) => `line ${code.slice(0, index).split('\n').length}: an empty test`,
  );
  if (!/\b(?:test[A-Z]?\w*|checkRules)\s*\(/.test(code)) problems.push('no test in a test file');
  return problems;
}

const path = 'packages/store/src/x.ts';
const testPath = 'packages/store/src/x.test.ts';
const statementPath = 'packages/store/src/statements/x.ts';

const rules: readonly Rule[] = [
  {
    name: 'no way around the compiler',
    applies: (file) => isCode(file) && !file.startsWith('test/house/'),
    find: (file) => [
      ...linesThat(bare(file), /\bas\s+(?:unknown\s+as|any|never)\b|[:<,]\s*any\b(?!\w|')/),
      ...linesThat(bare(file), /[\w)\]]!(?=[.;,)\]\s[])(?!\s*=)/),
      ...linesThat(file, /@ts-(?:ignore|expect-error|nocheck)|biome-ignore-all/),
    ],
    bad: { path, text: 'const x = y as unknown as string;\n' },
  },
  {
    name: 'no non-null assertion',
    applies: isCode,
    find: (file) => linesThat(bare(file), /[\w)\]]!\./),
    bad: { path, text: 'const x = list[0]!.name;\n' },
  },
  {
    name: 'what types cannot strip is not written',
    applies: isCode,
    find: (file) =>
      linesThat(
        bare(file),
        /^\s*(?:export\s+)?(?:const\s+)?(?:enum|namespace)\s+\w|constructor\([^)]*\b(?:private|public|protected|readonly)\s+\w+\s*[:=?]/,
      ),
    bad: { path, text: 'export enum Colour { red }\n' },
  },
  {
    name: 'nothing is written to the console',
    applies: isCode,
    find: (file) => linesThat(bare(file), /\bconsole\s*\./),
    bad: { path, text: 'console.log(1);\n' },
  },
  {
    name: 'no test is skipped, preferred or put off',
    applies: isTestFile,
    find: (file) =>
      linesThat(
        bare(file),
        /\b(?:test|it|describe|suite|t)\.(?:skip|only|todo|failing)\b|\{\s*(?:skip|only|todo)\s*:/,
      ),
    bad: { path: testPath, text: "test.skip('x', () => {});\n" },
  },
  {
    name: 'no test is empty, and no test file without one',
    applies: isTestFile,
    find: emptyTests,
    bad: { path: testPath, text: "test('x', () => {});\n" },
  },
  {
    name: 'the clock and chance of the protocol are its arguments',
    applies: (file) => file.startsWith('packages/protocol/') && isProduction(file),
    find: (file) =>
      linesThat(
        bare(file),
        /\bDate\b|Math\.random|setTimeout|setInterval|performance\.|\bBuffer\b|\bprocess\b|\bPromise\b|\basync\b/,
      ),
    bad: { path: 'packages/protocol/src/x.ts', text: 'const now = Date.now();\n' },
  },
  {
    name: 'one statement a file',
    applies: isStatement,
    find: ({ text }) => {
      const statements = [...text.matchAll(/^export const \w+: Statement</gm)].length;
      const problems = statements === 1 ? [] : [`${statements} statements`];
      const several = templatesOf(text).some((sql) => /;\s*\S/.test(sql.replace(/--.*$/gm, '')));
      return several ? [...problems, 'several statements in one text'] : problems;
    },
    bad: { path: statementPath, text: 'export const a = 1;\n' },
  },
  {
    name: 'no VOLATILE function in an UPDATE: a distributed table would refuse it',
    applies: isStatement,
    find: ({ text }) =>
      templatesOf(text)
        .flatMap(updatesOf)
        .filter((sql) => volatile.test(sql)),
    bad: {
      path: statementPath,
      text: 'export const a: Statement<B, C> = { text: `update t set x = clock_timestamp()` };\n',
    },
  },
  {
    name: 'a password never comes from the command line',
    applies: isProduction,
    find: (file) =>
      linesThat(file, /\.(?:option|argument)\(\s*['"][^'"]*<(?:password|secret|token)>/),
    bad: { path, text: ".option('--password <password>')\n" },
  },
];

describe('code', () => {
  checkRules(rules);
});
