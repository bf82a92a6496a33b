/**
 * The files of the repository as the house rules see them, and the shape of a rule: something that
 * finds problems in a file, with a sample in which it must find one.
 *
 * Never: a file that is not ours (node_modules, data, what git ignores).
 */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

export interface SourceFile {
  /** From the root, with slashes. */
  readonly path: string;
  readonly text: string;
}

export interface Rule {
  readonly name: string;
  readonly applies: (path: string) => boolean;
  /** What is wrong, each with its line where there is one. */
  readonly find: (file: SourceFile) => readonly string[];
  /** A file in which it finds something: a rule that finds nothing anywhere is no rule. */
  readonly bad: SourceFile;
}

const ignored = new Set(['node_modules', '.git', '.turbo', 'data', 'coverage', 'results']);
const textOctetsMax = 2_000_000;

function* walk(directory: string): Generator<string> {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    if (ignored.has(entry.name)) continue;
    const path = join(directory, entry.name);
    if (entry.isDirectory()) yield* walk(path);
    else if (entry.isFile() && !/\.(?:log|png)$|^package-lock\.json$/.test(entry.name)) yield path;
  }
}

let files: readonly SourceFile[] | null = null;

/** Every text file, read once. */
export function sourceFiles(): readonly SourceFile[] {
  files ??= [...walk(root)]
    .filter((path) => statSync(path).size < textOctetsMax)
    .map((path) => ({ path: relative(root, path), text: readFileSync(path, 'utf8') }));
  assert.ok(files.length > 50, 'the repository was found');
  return files;
}

export function fileAt(path: string): SourceFile {
  return { path, text: readFileSync(join(root, path), 'utf8') };
}

export const isCode = (path: string): boolean =>
  /^(?:packages|services|test|bench)\/.*\.ts$/.test(path);
export const isTest = (path: string): boolean =>
  /\.test\.ts$|^test\/|\/testing\/|^bench\//.test(path);
export const isProduction = (path: string): boolean =>
  /^(?:packages|services)\/[^/]+\/src\//.test(path) && isCode(path) && !isTest(path);

/** Two tests for each rule: it finds what is bad, and the repository has none of it. */
export function checkRules(rules: readonly Rule[]): void {
  for (const rule of rules) {
    test(`${rule.name}: the rule finds a breach`, () => {
      assert.ok(rule.applies(rule.bad.path), 'the sample is in the scope of the rule');
      assert.notDeepEqual(rule.find(rule.bad), []);
    });
    test(rule.name, () => {
      const scope = sourceFiles().filter(({ path }) => rule.applies(path));
      assert.ok(scope.length > 0, 'there are files to look at');
      const problems = scope.flatMap((file) =>
        rule.find(file).map((problem) => `${file.path}: ${problem}`),
      );
      assert.deepEqual(problems, []);
    });
  }
}

/** For each line that matches, its number and what the line says. */
export function linesThat(file: SourceFile, pattern: RegExp): string[] {
  return file.text
    .split('\n')
    .flatMap((line, index) => (pattern.test(line) ? [`line ${index + 1}: ${line.trim()}`] : []));
}

const regexMayBegin = /(?:^|[(,=:[!&|?{};+\n]|\breturn|=>)\s*$/;

/**
 * The code without comments, strings and regular expressions, each octet of them a space, so that
 * offsets and lines stay what they are. `keep` leaves strings as they are.
 */
export function codeOf(text: string, keep: 'nothing' | 'strings' = 'nothing'): string {
  let code = '';
  let at = 0;
  const blank = (to: number, shown: boolean): void => {
    const part = text.slice(at, to);
    code += shown ? part : part.replace(/[^\n]/g, ' ');
    at = to;
  };
  while (at < text.length) {
    const two = text.slice(at, at + 2);
    const one = text.charAt(at);
    if (two === '//') blank(endOf(text.indexOf('\n', at), text), false);
    else if (two === '/*') blank(endOf(text.indexOf('*/', at) + 2, text), false);
    else if (one === "'" || one === '"') blank(endOfString(text, at), keep === 'strings');
    else if (one === '`') blank(endOfString(text, at), keep === 'strings');
    else if (one === '/' && regexMayBegin.test(code.slice(-40))) blank(endOfRegex(text, at), false);
    else {
      code += one;
      at += 1;
    }
  }
  return code;
}

function endOf(index: number, text: string): number {
  return index <= 1 ? text.length : index;
}

/** Behind the closing quote; templates are strings with everything in them. */
function endOfString(text: string, start: number): number {
  const quote = text.charAt(start);
  let depth = 0;
  for (let at = start + 1; at < text.length; at += 1) {
    const letter = text.charAt(at);
    if (letter === '\\') at += 1;
    else if (quote === '`' && letter === '$' && text.charAt(at + 1) === '{') depth += 1;
    else if (quote === '`' && letter === '}' && depth > 0) depth -= 1;
    else if (letter === quote && depth === 0) return at + 1;
    else if (letter === '`' && depth > 0) at = endOfString(text, at) - 1;
  }
  return text.length;
}

function endOfRegex(text: string, start: number): number {
  let inClass = false;
  for (let at = start + 1; at < text.length; at += 1) {
    const letter = text.charAt(at);
    if (letter === '\n') return start + 1;
    if (letter === '\\') at += 1;
    else if (letter === '[') inClass = true;
    else if (letter === ']') inClass = false;
    else if (letter === '/' && !inClass) return at + 1;
  }
  return text.length;
}
