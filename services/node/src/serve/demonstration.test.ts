import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Verifier } from '@poplar/identity';
import { type EmbeddedPostgres, loadConfig, startTemporaryPostgres } from '@poplar/runtime';
import { migrate, openStore, type Store } from '@poplar/store';
import { makeDemonstration } from './demonstration.ts';
import { demonstrationMessages } from './demonstration-messages.ts';

let postgres: EmbeddedPostgres;
let store: Store;
let dataDir: string;
before(async () => {
  postgres = await startTemporaryPostgres();
  await migrate(postgres.url);
  store = openStore({ databaseUrl: postgres.url });
  dataDir = mkdtempSync(join(os.tmpdir(), 'poplar-node-'));
});
after(async () => {
  await store.end();
  await postgres.stop();
  rmSync(dataDir, { recursive: true });
});

describe('demonstration', () => {
  const config = () => loadConfig({ POPLAR_DATA_DIR: dataDir }, { file: null });

  test('is made once, with messages as they were written and a password that works', async () => {
    // An earlier start was cut off after it had made the domain.
    await store.directory.addDomain({ name: 'example.org' });
    writeFileSync(join(dataDir, 'demo-password.new'), 'abc123\n', { mode: 0o600 });
    const lines = await makeDemonstration({ config: config(), store });
    assert.deepEqual(lines.slice(1), [
      "  curl --user 'demo@example.org:abc123' 'pop3://127.0.0.1:1110/[1-4]'",
      "  curl -k --user 'demo@example.org:abc123' 'pop3s://127.0.0.1:1995/[1-4]'",
    ]);
    const file = join(dataDir, 'demo-password');
    assert.equal(readFileSync(file, 'utf8'), 'abc123\n');
    assert.equal(statSync(file).mode & 0o777, 0o600);

    const login = await store.findLogin('demo@example.org');
    assert.ok(login !== null);
    const stored = login.credentials.map(({ secret }) => secret);
    const { verdict } = await new Verifier().verify(Buffer.from('abc123'), stored, 'test');
    assert.equal(verdict, 'match');

    const messages = await store.directory.messagesOf({ mailboxId: login.mailboxId, limit: 10 });
    const written = demonstrationMessages('demo@example.org', new Date());
    assert.deepEqual(
      messages.map(({ octets }) => octets),
      written.map(({ length }) => length),
    );
    assert.deepEqual(await makeDemonstration({ config: config(), store }), [
      `demonstration mailbox demo@example.org: its password is in ${file}`,
    ]);
  });

  test('leaves a mailbox of that name alone which it did not make', async () => {
    rmSync(join(dataDir, 'demo-password'));
    assert.deepEqual(await makeDemonstration({ config: config(), store }), []);
    const login = await store.findLogin('demo@example.org');
    assert.ok(login !== null);
    const messages = await store.directory.messagesOf({ mailboxId: login.mailboxId, limit: 10 });
    assert.equal(messages.length, 4);
  });
});
