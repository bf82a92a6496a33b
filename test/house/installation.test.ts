/**
 * What a newcomer types first: `npm run setup`, which runs before every other command, and `poplar`
 * from outside the checkout. npx and npm are stand-ins here: no network, no installation.
 */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { root } from '../support/source-tree.ts';

let checkout: string;
let outside: string;
before(() => {
  checkout = mkdtempSync(join(tmpdir(), 'poplar-setup-'));
  outside = mkdtempSync(join(tmpdir(), 'poplar-outside-'));
  for (const folder of ['.ci', 'services/node/bin', 'packages/a', 'test', 'bench', 'path']) {
    mkdirSync(join(checkout, folder), { recursive: true });
  }
  copyFileSync(join(root, '.ci/setup'), join(checkout, '.ci/setup'));
  const manifests = ['', 'services/node/', 'packages/a/', 'test/', 'bench/'];
  for (const folder of manifests) writeFileSync(join(checkout, folder, 'package.json'), '{}');
  for (const file of ['pnpm-lock.yaml', 'pnpm-workspace.yaml']) {
    writeFileSync(join(checkout, file), 'x: 1\n');
  }
  program('services/node/bin/poplar', 'exit 0');
  program('path/npm', 'echo https://registry.npmjs.org/');
});
after(() => {
  rmSync(checkout, { recursive: true });
  rmSync(outside, { recursive: true });
});

function program(path: string, script: string): void {
  writeFileSync(join(checkout, path), `#!/bin/sh\n${script}\n`);
  chmodSync(join(checkout, path), 0o755);
}

/** Runs setup with an npx that ends with this code. Answers what was said and whether npx ran. */
function setup(code = 0) {
  const ran = join(checkout, 'ran');
  const install = `mkdir -p node_modules/.bin services/node/node_modules packages/a/node_modules
    echo installed > node_modules/.modules.yaml
    printf '#!/bin/sh\\n' > node_modules/.bin/node && chmod +x node_modules/.bin/node`;
  program('path/npx', `echo "$*" > '${ran}'\n${install}\nexit ${code}`);
  const env = { PATH: `${join(checkout, 'path')}:/usr/bin:/bin` };
  const { status, stderr } = spawnSync(join(checkout, '.ci/setup'), { env, encoding: 'utf8' });
  const installed = existsSync(ran);
  rmSync(ran, { force: true });
  return { status, stderr, installed };
}

const done = { status: 0, stderr: '', installed: true };

describe('setup', () => {
  test('a failure is said in words, and never taken for done', () => {
    for (let times = 0; times < 2; times += 1) {
      const { status, stderr, installed } = setup(7);
      assert.deepEqual([status, installed], [1, true]);
      assert.match(stderr, /^setup: the first run needs the npm registry \(https:[^\n]+\)/m);
    }
  });

  test('installs once, and again when anything it was made from has changed', () => {
    assert.deepEqual(setup(), done);
    assert.ok(existsSync(join(checkout, 'node_modules/.bin/poplar')), 'where npx looks');
    assert.deepEqual(setup(), { ...done, installed: false });
    const changes: [what: string, change: () => void][] = [
      ['lockfile', () => writeFileSync(join(checkout, 'pnpm-lock.yaml'), 'x: 2\n')],
      ['manifest', () => writeFileSync(join(checkout, 'packages/a/package.json'), '{ }')],
      ['node', () => rmSync(join(checkout, 'node_modules/.bin/node'))],
      ['poplar', () => rmSync(join(checkout, 'node_modules/.bin/poplar'))],
      ['member', () => rmSync(join(checkout, 'packages/a/node_modules'), { recursive: true })],
      ['all', () => rmSync(join(checkout, 'node_modules'), { recursive: true })],
      ['pnpm', () => writeFileSync(join(checkout, 'node_modules/.modules.yaml'), 'prod: true\n')],
      ['npm', () => writeFileSync(join(checkout, 'node_modules/.package-lock.json'), '{}')],
    ];
    for (const [what, change] of changes) {
      change();
      assert.deepEqual(setup(), done, what);
      rmSync(join(checkout, 'node_modules/.package-lock.json'), { force: true });
      assert.deepEqual(setup(), { ...done, installed: false }, what);
    }
  });

  test('comes before every command', () => {
    const { scripts }: { scripts: Record<string, string> } = JSON.parse(
      readFileSync(join(root, 'package.json'), 'utf8'),
    );
    const commands = Object.keys(scripts).filter((name) => !/^(?:setup$|pre)/.test(name));
    assert.ok(commands.length > 5);
    for (const name of commands) assert.equal(scripts[`pre${name}`], scripts.setup, name);
  });
});

describe('services/node/bin/poplar', () => {
  const command = join(root, 'services/node/bin/poplar');
  const run = (path: string, environment: Record<string, string> = {}) =>
    spawnSync(path, ['config', '--json'], {
      cwd: outside,
      env: { PATH: '/usr/bin:/bin', ...environment },
      encoding: 'utf8',
    });

  test('runs through links, with files where the caller is', () => {
    symlinkSync(command, join(outside, 'first'));
    symlinkSync('first', join(outside, 'second'));
    const { status, stdout, stderr } = run(join(outside, 'second'));
    assert.equal(status, 0, stderr);
    assert.ok(stdout.includes(`"value": "${join(outside, 'data')}"`), stdout);
  });

  test('says so when the checkout was not installed', () => {
    const copy = join(checkout, 'packages/a/bin/x');
    mkdirSync(copy, { recursive: true });
    copyFileSync(command, join(copy, 'poplar'));
    const { status, stderr } = run(join(copy, 'poplar'));
    assert.equal(status, 1);
    assert.match(stderr, /^poplar: .*packages is not installed: run npm run setup there\n$/);
  });
});
