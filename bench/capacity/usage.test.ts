/** A mistake on the command line of the model is one line, and none of ours. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const run = (program: string, argv: readonly string[]) => {
  const path = fileURLToPath(new URL(program, import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, [path, ...argv], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { status, stdout, stderr };
};

test('files that are not there, keys and options that nobody knows: one line, and 2', () => {
  const folder = mkdtempSync(join(tmpdir(), 'poplar-capacity-'));
  try {
    const site = join(folder, 'site.json');
    writeFileSync(site, '{"mailboxen": 3}');
    const broken = join(folder, 'broken.json');
    writeFileSync(broken, '{');
    for (const [program, argv, said] of [
      ['run.ts', ['--costs', join(folder, 'none.json')], /^ENOENT[^\n]*none\.json'\n$/],
      ['run.ts', ['--site', site], /^a site has no mailboxen; it has mailboxes, [^\n]*\n$/],
      ['run.ts', ['--site', broken], /^[^\n]*broken\.json[^\n]*\n$/],
      ['run.ts', ['--node', '1'], /^Unknown option[^\n]*\n$/],
      ['measure.ts', ['--round', '1'], /^Unknown option[^\n]*\n$/],
    ] as const) {
      const { status, stdout, stderr } = run(program, argv);
      assert.deepEqual([status, stdout], [2, ''], stderr);
      assert.match(stderr, said);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('--help says how', () => {
  for (const program of ['run.ts', 'measure.ts']) {
    const { status, stdout, stderr } = run(program, ['--help']);
    assert.deepEqual([status, stderr], [0, '']);
    assert.match(stdout, /^usage: node_modules\/\.bin\/node bench\/capacity\/\S+\.ts \[--/);
  }
});
