/**
 * Who may use whom: packages and services by their package.json and by every import, and the few
 * files in which the protocol and the store meet.
 */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import {
  checkRules,
  codeOf,
  isCode,
  isProduction,
  isTest,
  type Rule,
  root,
  type SourceFile,
} from '../support/source-tree.ts';

const scope = '@poplar/';
const services = ['@poplar/pop3', '@poplar/maildrop', '@poplar/admin'];

/** What each member may use of the others; a member without a row may use none. */
const mayUse: Readonly<Record<string, readonly string[]>> = {
  'packages/protocol': [],
  'packages/store': [],
  'packages/identity': [],
  'packages/runtime': [],
  'services/pop3': ['protocol', 'store', 'identity', 'runtime'],
  'services/maildrop': ['protocol', 'store', 'identity', 'runtime'],
  'services/admin': ['store', 'identity', 'runtime', 'protocol'],
  'services/node': ['protocol', 'store', 'identity', 'runtime', 'pop3', 'maildrop', 'admin'],
  test: ['protocol', 'store', 'identity', 'runtime'],
  bench: ['protocol', 'store', 'identity', 'runtime', 'test'],
};

/** Outside packages that only one member may use. */
const onlyIn: Readonly<Record<string, readonly string[]>> = {
  pg: ['packages/store', 'test'],
  'pg-protocol': ['packages/store'],
  fastify: ['packages/runtime', 'services/admin'],
  pino: ['packages/runtime'],
  'prom-client': ['packages/runtime'],
  '@mongodb-js/saslprep': ['packages/identity'],
  '@node-rs/argon2': ['packages/identity'],
  '@node-rs/bcrypt': ['packages/identity'],
  commander: ['services/node', 'services/admin'],
};

/** The introductions (house rule: one file for each service, and the two importers of messages). */
const introductions = new Set([
  'services/pop3/src/connection/perform.ts',
  'services/maildrop/src/accept-message.ts',
  'services/admin/src/inject-message.ts',
  'services/node/src/serve/demonstration.ts',
  'services/admin/src/transfer/import-message.ts',
]);

function memberOf(path: string): string {
  return /^(?:packages|services)\/[^/]+|^test|^bench/.exec(path)?.[0] ?? '';
}

/** Module names in import and export declarations and in import(). */
function importsOf({ text }: SourceFile): string[] {
  const code = codeOf(text, 'strings');
  const found = code.matchAll(
    /^(?:import|export)\b[^'"`;]*?\bfrom\s*['"]([^'"]+)['"]|^import\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/gm,
  );
  return [...found].map(([, from, bare, called]) => from ?? bare ?? called ?? '');
}

function packageOf(module: string): string {
  return module
    .split('/')
    .slice(0, module.startsWith('@') ? 2 : 1)
    .join('/');
}

/** The second doors: those for tests, and what the benches borrow from test/. */
function isDoor(module: string): boolean {
  const [, name = '', door = ''] = /^@poplar\/([^/]+)\/(.+)$/.exec(module) ?? [];
  return name === 'test' ? !door.includes('/') : door === 'testing';
}

/** Where test/ speaks SQL: once for what tests need, once for what they break. */
const testSql = new Set([
  'test/support/test-database.ts',
  'test/support/accidents.ts',
  'test/support/request-keys.ts',
  // What servers say of themselves: no table of ours.
  'test/support/server-pair.ts',
  'test/faults/failover.test.ts',
  'test/faults/standby-gone.test.ts',
]);

const isOurs = (module: string): boolean => module.startsWith(scope);

const sql =
  /\b(?:select\s[^;]*\sfrom\s|insert\s+into\s|update\s+\w+\s+set\s|delete\s+from\s|create\s+(?:table|index)\s)/i;

const rules: readonly Rule[] = [
  {
    name: 'imports follow the direction of dependencies',
    applies: isCode,
    find: (file) => {
      const allowed = mayUse[memberOf(file.path)] ?? [];
      return importsOf(file)
        .filter((module) => isOurs(module))
        .filter((module) => !allowed.includes(packageOf(module).slice(scope.length)));
    },
    bad: { path: 'packages/runtime/src/x.ts', text: "import { x } from '@poplar/store';\n" },
  },
  {
    name: 'packages are entered by their doors, the second one in tests alone',
    applies: isCode,
    find: (file) =>
      importsOf(file).filter((module) => {
        if (/(?:^|\/)\.\.\/(?:packages|services)\//.test(module)) return true;
        if (!isOurs(module) || module.split('/').length === 2) return false;
        return !(isTest(file.path) && isDoor(module));
      }),
    bad: { path: 'services/pop3/src/x.ts', text: "import '@poplar/store/src/limits.ts';\n" },
  },
  {
    name: 'relative imports stay within their package and name their file',
    applies: isCode,
    find: ({ path, text }) =>
      importsOf({ path, text })
        .filter((module) => module.startsWith('.'))
        .filter((module) => {
          const target = join(path, '..', module);
          return memberOf(target) !== memberOf(path) || !/\.(?:ts|json)$/.test(module);
        }),
    bad: { path: 'packages/store/src/x.ts', text: "import { a } from '../../runtime/src/a.ts';\n" },
  },
  {
    name: 'the protocol imports nothing from anywhere',
    applies: (path) => path.startsWith('packages/protocol/') && isProduction(path),
    find: (file) => importsOf(file).filter((module) => !module.startsWith('.')),
    bad: { path: 'packages/protocol/src/x.ts', text: "import net from 'node:net';\n" },
  },
  {
    name: 'outside packages are used where they belong',
    applies: isCode,
    find: (file) =>
      importsOf(file).filter((module) => {
        const homes = onlyIn[packageOf(module)];
        return homes !== undefined && !homes.includes(memberOf(file.path));
      }),
    bad: { path: 'services/pop3/src/x.ts', text: "import pg from 'pg';\n" },
  },
  {
    name: 'the protocol and the store meet in the named files alone',
    applies: (path) => isProduction(path) && !introductions.has(path),
    find: (file) => {
      const used = new Set(importsOf(file).map(packageOf));
      return used.has('@poplar/protocol') && used.has('@poplar/store') ? ['uses both'] : [];
    },
    bad: {
      path: 'services/pop3/src/x.ts',
      text: "import { a } from '@poplar/protocol';\nimport { b } from '@poplar/store';\n",
    },
  },
  {
    name: 'only the node uses the services, and they never each other',
    applies: (path) => isCode(path) && !path.startsWith('services/node/'),
    find: (file) => importsOf(file).filter((module) => services.includes(packageOf(module))),
    bad: { path: 'services/pop3/src/x.ts', text: "import '@poplar/maildrop';\n" },
  },
  {
    name: 'SQL is written in the store alone',
    applies: (path) =>
      isCode(path) &&
      !path.startsWith('packages/store/') &&
      !path.startsWith('test/house/') &&
      (isProduction(path) || (path.startsWith('test/') && !testSql.has(path))),
    find: ({ text }) => {
      const match = sql.exec(text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, ''));
      return match === null ? [] : [match[0].slice(0, 80)];
    },
    bad: { path: 'services/pop3/src/x.ts', text: 'const q = `select a from b where c`;\n' },
  },
];

interface Manifest {
  readonly name?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

function members(): string[] {
  const below = (folder: string): string[] =>
    readdirSync(join(root, folder)).map((name) => `${folder}/${name}`);
  return [...below('packages'), ...below('services'), 'test', 'bench'];
}

describe('imports', () => {
  checkRules(rules);

  test('every member declares what it may use and nothing else', () => {
    const problems = members().flatMap((member) => {
      const manifest: Manifest = JSON.parse(
        readFileSync(join(root, member, 'package.json'), 'utf8'),
      );
      const declared = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies });
      const allowed = mayUse[member];
      if (allowed === undefined) return [`${member} has no row in this test`];
      return declared
        .filter(isOurs)
        .filter((name) => !allowed.includes(name.slice(scope.length)))
        .map((name) => `${member} declares ${name}`);
    });
    assert.deepEqual(problems, []);
  });

  test('every package and service tells in a README what it is', () => {
    const isThere = (member: string): boolean =>
      readdirSync(join(root, member)).includes('README.md');
    assert.deepEqual(
      members().filter((member) => !isThere(member)),
      [],
    );
  });

  test('the introductions exist and are needed', () => {
    for (const path of introductions) {
      const used = new Set(
        importsOf({ path, text: readFileSync(join(root, path), 'utf8') }).map(packageOf),
      );
      assert.ok(used.has('@poplar/protocol') && used.has('@poplar/store'), path);
    }
  });
});
