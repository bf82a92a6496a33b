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
  const older = migrations.slice(0, -1);
  await assert.rejects(migrate(database.url, older), { code: 'STORE_INCOMPATIBLE' });
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
