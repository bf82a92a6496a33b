/**
 * What the commands work on: the database they are told of, one that is away, one of a data directory, none.
 */

import assert from 'node:assert/strict';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { prepareDataDirectory, silentLog, startEmbeddedPostgres } from '@poplar/runtime';
import { CommandScene } from './testing/command-scene.ts';

let scene: CommandScene;

before(async () => {
  scene = await CommandScene.open();
});
after(() => scene.end());

describe('what the commands reach', () => {
  test('a database that is away, a schema that is missing and a wrong file: one line each', async () => {
    const url = 'postgresql://me:sesame@127.0.0.1:1/poplar';
    const away = await scene.poplar('domain list', '', { DATABASE_URL: url });
    assert.equal(away.code, 1);
    assert.match(
      away.err,
      /^poplar: database postgresql:\/\/me:\*\*\*@127.* cannot be reached[^\n]*\n$/,
    );
    await scene.database.query('alter table domain rename to elsewhere');
    assert.match(
      await scene.failure('domain list'),
      /schema of the database is not of this version/,
    );
    await scene.database.query('alter table elsewhere rename to domain');
    const absent = /absent\.toml: cannot be read/;
    assert.match(await scene.failure('domain list --config absent.toml'), absent);
    assert.match(await scene.failure('config --config absent.toml'), absent);
  });

  test('config: the named file, and a token that can be guessed', async () => {
    writeFileSync(join(scene.folder, 'named.toml'), 'workers = 3\n');
    const argv = 'config --json --config named.toml';
    const { code, out, err } = await scene.poplar(argv, '', { POPLAR_ADMIN_TOKEN: 'sesame' });
    assert.equal(code, 0);
    const shown: { key: string }[] = JSON.parse(out);
    assert.deepEqual(
      shown.find(({ key }) => key === 'workers'),
      { key: 'workers', value: '3', source: 'named.toml' },
    );
    assert.match(err, /^poplar: POPLAR_ADMIN_TOKEN can be guessed: [^\n]+\n$/);
  });

  test('without DATABASE_URL: an embedded server for as long as the command takes', async () => {
    const dataDir = join(scene.folder, 'data');
    const environment = { DATABASE_URL: '', POPLAR_DATA_DIR: dataDir };
    const none = `poplar: there is no Poplar data in ${dataDir}: set DATABASE_URL or POPLAR_DATA_DIR`;
    const refused = { code: 1, out: '', err: `${none}, or run npm start\n` };
    assert.deepEqual(await scene.poplar('node list', '', environment), refused);
    assert.equal(existsSync(dataDir), false, 'a command makes none');
    await prepareDataDirectory(dataDir);
    // As of a node that has a database of its own.
    const asJson = await scene.poplar('node list --json', '', environment);
    const error = refused.err.replace(/^poplar: |\n$/g, '');
    assert.deepEqual(JSON.parse(asJson.err), { error, exitCode: 1 });
    assert.ok(!readdirSync(dataDir).includes('postgres'));
    const made = await startEmbeddedPostgres({ dataDir, connectionsMax: 10, log: silentLog });
    await made.stop();
    const added = await scene.poplar('domain add example.net', '', environment);
    const where = `the embedded database in ${join(scene.folder, 'data')}\n`;
    const err = `poplar: DATABASE_URL is not set, this is ${where}`;
    assert.deepEqual(added, { code: 0, out: 'domain example.net added\n', err });
    assert.equal(existsSync(join(scene.folder, 'data/postgres/postmaster.pid')), false);
    const listed = await scene.poplar('domain list --json', '', environment);
    assert.equal(listed.err, '');
    assert.match(listed.out, /"domain":"example\.net"/);
  });
});
