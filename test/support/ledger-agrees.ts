/**
 * Compares what clients were told with what the database holds: nothing that was promised is missing,
 * and nothing is gone that nobody asked to remove.
 *
 * Never: a difference explained away.
 */

import assert from 'node:assert/strict';
import type { Ledger } from './load.ts';
import type { TestDatabase, TestMailbox } from './test-database.ts';

interface Held {
  readonly database: TestDatabase;
  readonly ledger: Ledger;
}

/** Every +OK is kept; whatever was answered -ERR or not at all is done whole or not at all. */
export async function quitsAgree(
  { database, ledger }: Held,
  {
    mailboxes,
    messagesEach,
  }: { readonly mailboxes: readonly TestMailbox[]; readonly messagesEach: number },
): Promise<void> {
  for (const mailbox of mailboxes) {
    const visible = new Set(await database.visible(mailbox));
    let removed = 0;
    for (const { messageIds, reply } of ledger.quits.filter((quit) => quit.mailbox === mailbox)) {
      const left = messageIds.filter((id) => visible.has(id)).length;
      const told = reply === null ? 'nothing' : `${reply.ok} ${reply.code}`;
      if (reply?.ok === true) assert.equal(left, 0, 'an acknowledged QUIT removed all it marked');
      // A later session may have removed them instead; then all of them too.
      else assert.ok(left === 0 || left === messageIds.length, `half a QUIT, told ${told}`);
      removed += messageIds.length;
    }
    const distinct = new Set(
      ledger.quits.filter((quit) => quit.mailbox === mailbox).flatMap((quit) => quit.messageIds),
    );
    assert.ok(visible.size >= messagesEach - distinct.size, 'nothing but what was marked is gone');
    assert.ok(removed > 0);
  }
}

/** Every 250 is there once, and nothing is there twice. */
export async function deliveriesAgree(
  { database, ledger }: Held,
  mailboxes: readonly TestMailbox[],
): Promise<void> {
  const stored = new Map<string, number>();
  for (const mailbox of mailboxes) {
    const ids = await database.visible(mailbox);
    for (let at = 0; at < ids.length; at += 100) {
      const bodies = await database.store.readBodies(mailbox.mailboxId, ids.slice(at, at + 100));
      for (const body of bodies) {
        assert.ok(body !== null);
        const [name = 'none'] = /letter-\d+-/.exec(Buffer.from(body).toString('latin1')) ?? [];
        stored.set(name, (stored.get(name) ?? 0) + 1);
      }
    }
  }
  for (const name of ledger.acknowledged) assert.equal(stored.get(name), 1, `${name} was promised`);
  for (const [name, times] of stored) assert.equal(times, 1, `${name} is there more than once`);
}
