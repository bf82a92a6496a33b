/**
 * What came of a login, from both sides: what the client reads in the maildrop, and which maildrops the
 * database says are locked.
 *
 * Never: a maildrop known by its number of messages alone.
 */

import assert from 'node:assert/strict';
import { lines } from './messages.ts';
import { eventually } from './node-inspection.ts';
import type { Pop3Client, Pop3Reply } from './pop3-client.ts';
import type { TestDatabase, TestMailbox } from './test-database.ts';

function mark(address: string): string {
  return `X-Maildrop: ${encodeURIComponent(address)}`;
}

/** A mailbox with one message that says whose it is. */
export function addMarkedMailbox(database: TestDatabase, address: string): Promise<TestMailbox> {
  return database.addMailbox(address, [{ content: lines(mark(address), '', 'text') }]);
}

/** The client is in this maildrop and in no other, and it is the only one that is open. */
export async function assertOpened(
  database: TestDatabase,
  client: Pop3Client,
  address: string,
): Promise<void> {
  const text = await client.content('RETR 1');
  if (!text.startsWith(`${mark(address)}\r\n`)) client.wire.fail(`not the maildrop of ${address}`);
  assert.deepEqual(await database.locked(), [address]);
}

/** The reply refuses with this code, and nobody holds a lock. */
export async function assertRefused(
  database: TestDatabase,
  reply: Pop3Reply,
  code = 'AUTH',
): Promise<void> {
  assert.deepEqual([reply.ok, reply.code], [false, code], reply.text);
  assert.deepEqual(await database.locked(), []);
}

/** The lock of a session that is over is given back. */
export function allClosed(database: TestDatabase): Promise<void> {
  return eventually(async () => assert.deepEqual(await database.locked(), []));
}

/** Ends the session; its maildrop is free afterwards. */
export async function leave(database: TestDatabase, client: Pop3Client): Promise<void> {
  await client.quit();
  await allClosed(database);
}
