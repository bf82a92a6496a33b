/**
 * What is in the tables that locks and mail live in, in a form that two databases can be compared by:
 * times are told by whether they are over.
 */

import type { TemporaryDatabase } from './temporary-database.ts';

const dumps = {
  owner: `select owner_id, epoch::int, sessions, draining, lease_until > now() as alive
          from owner order by 1`,
  locks: `select mailbox_id::text, token, owner_id, owner_epoch::int, grants::int, client,
            actor_id::text, granted_at is not null as granted from maildrop_lock order by mailbox_id`,
  drops: `select mailbox_id::text, messages::int, octets::int, version::int
          from maildrop order by mailbox_id`,
  messages: `select m.mailbox_id::text, m.message_id::text, guid, uidl, octets::int,
               wire_octets::int, header_octets::int, deleted_at is not null as deleted, deleted_by,
               convert_from(body, 'LATIN1') as body
             from message m left join message_body b
               on b.mailbox_id = m.mailbox_id and b.message_id = m.message_id
             order by m.mailbox_id, m.message_id`,
  receipts: `select mailbox_id::text, token, message_ids::text[] as ids, claimed_until > now() as claimed,
               purged_at is not null as purged
             from quit_receipt order by mailbox_id, token`,
};

const tables = [
  ...['message_body', 'message', 'quit_receipt', 'maildrop', 'maildrop_lock', 'owner'],
  ...['mailbox', 'domain'],
];

export type TableDump = Readonly<Record<keyof typeof dumps, Record<string, unknown>[]>>;

export async function dumpTables(database: TemporaryDatabase): Promise<TableDump> {
  return {
    owner: await database.query(dumps.owner),
    locks: await database.query(dumps.locks),
    drops: await database.query(dumps.drops),
    messages: await database.query(dumps.messages),
    receipts: await database.query(dumps.receipts),
  };
}

/** Empty tables with these mailboxes, in a domain without delays. */
export async function resetTables(
  database: TemporaryDatabase,
  mailboxIds: readonly string[],
): Promise<void> {
  // Thirty-two partitions are not truncated as fast as a few rows are deleted.
  for (const table of tables) await database.query(`delete from ${table}`);
  await database.query('alter sequence message_id_seq restart');
  await database.query(`insert into domain (name) values ('example.org')`);
  const ids = [mailboxIds];
  await database.query(
    `insert into mailbox (mailbox_id, domain_id, address) overriding system value
     select id, domain_id, id || '@example.org' from domain, unnest($1::bigint[]) as id`,
    ids,
  );
  for (const table of ['maildrop', 'maildrop_lock']) {
    await database.query(
      `insert into ${table} (mailbox_id) select unnest($1::bigint[])
       on conflict do nothing`,
      ids,
    );
  }
}

export async function endLease(database: TemporaryDatabase, ownerId: string): Promise<void> {
  const text = `update owner set lease_until = now() - interval '1 second' where owner_id = $1`;
  await database.query(text, [ownerId]);
}

/** Statements of this database that wait for a row. */
export async function waitingStatements(database: TemporaryDatabase): Promise<number> {
  const rows = await database.query(
    `select from pg_stat_activity
     where datname = current_database() and wait_event_type = 'Lock'`,
  );
  return rows.length;
}
