import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { describeSchema } from './describe-schema.ts';
import { migrate, readMigrations } from './migrate.ts';
import { type TemporaryDatabase, temporaryDatabase } from './testing/temporary-database.ts';

let database: TemporaryDatabase;
const schemaFile = new URL('../schema.sql', import.meta.url);

before(async () => {
  database = await temporaryDatabase();
});
after(() => database.drop());

async function empty(): Promise<void> {
  await database.query('drop schema public cascade');
  await database.query('create schema public');
}

test('nodes that race apply each file once', async () => {
  await empty();
  const results = await Promise.all([1, 2, 3].map(() => migrate(database.url)));
  const names = (await readMigrations()).map((migration) => migration.name);
  assert.deepEqual(results.flatMap((result) => result.applied).sort(), names);
  assert.deepEqual((await migrate(database.url)).applied, []);
});

test('schema.sql is what the migrations make', async () => {
  const made = await describeSchema(await database.client());
  if (process.env.POPLAR_UPDATE_SCHEMA === '1') await writeFile(schemaFile, made);
  assert.equal(made, await readFile(schemaFile, 'utf8'), 'POPLAR_UPDATE_SCHEMA=1 rewrites it');
});

test('a database that is newer is left alone', async () => {
  const migrations = await readMigrations();
  // The newest files serve the program before them.
  const older = migrations.filter(({ name }) => name < '0007');
  await assert.rejects(migrate(database.url, older), { code: 'STORE_INCOMPATIBLE' });
});

test('a program works with the next schema if that serves it, and with no other', async () => {
  const migrations = await readMigrations();
  const last = migrations.at(-1)?.name.slice(0, 4);
  const next = {
    name: '9001-expand.sql',
    text: `-- Serves programs since ${last}.\nalter table owner add column next text;\n`,
    checksum: 'e',
  };
  const later = {
    name: '9002-contract.sql',
    text: '-- Serves programs since 9001.\nalter table owner drop column next;\n',
    checksum: 'c',
  };
  const expanded = [...migrations, next];
  const names = ({ applied }: { applied: readonly string[] }): readonly string[] => applied;
  assert.deepEqual(names(await migrate(database.url, expanded)), [next.name]);
  assert.deepEqual(names(await migrate(database.url)), [], 'this release beside the next one');
  await assert.rejects(migrate(database.url, migrations.slice(0, -1)), {
    code: 'STORE_INCOMPATIBLE',
    message: /newer: it has migration/,
  });
  assert.deepEqual(names(await migrate(database.url, [...expanded, later])), [later.name]);
  assert.deepEqual(
    names(await migrate(database.url, expanded)),
    [],
    'the next one beside the one after',
  );
  await assert.rejects(migrate(database.url), {
    code: 'STORE_INCOMPATIBLE',
    message: 'the database is newer: it has migration 9002-contract.sql',
  });
  await database.query("delete from schema_migration where name >= '9001'");
});

test('each file since 0008 says which programs it serves', async () => {
  for (const { name, text } of await readMigrations()) {
    if (name >= '0008') assert.match(text, /^-- Serves programs since [0-9]{4}\.\n/, name);
  }
});

test('a changed file is refused', async () => {
  const migrations = await readMigrations();
  const changed = migrations.map((migration, index) =>
    index === 0 ? { ...migration, checksum: 'other' } : migration,
  );
  await assert.rejects(migrate(database.url, changed), { code: 'STORE_INCOMPATIBLE' });
});

test('a file that fails leaves nothing behind, and the next call goes on', async () => {
  const migrations = await readMigrations();
  const broken = {
    name: '9999-broken.sql',
    text: 'create table half (); select 1/0',
    checksum: 'x',
  };
  await assert.rejects(migrate(database.url, [...migrations, broken]));
  assert.deepEqual(await database.query("select from pg_class where relname = 'half'"), []);
  const repaired = { ...broken, text: 'create table half ()' };
  assert.deepEqual((await migrate(database.url, [...migrations, repaired])).applied, [broken.name]);
});

test('a server that is not there is told as such', async () => {
  const nowhere = 'postgresql:///x?host=/nonexistent&user=x';
  await assert.rejects(migrate(nowhere), { code: 'STORE_UNAVAILABLE' });
});
