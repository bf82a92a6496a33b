/**
 * A log of what each transaction changes of locks, owners and mail, in the order of the commits, for a
 * judge that knows no statement. Triggers write it.
 *
 * Theory of operation. A trigger fires when its statement has done everything else, and waits for a
 * lock that the one before keeps until its commit is visible; only then it takes its number. So
 * statements go on side by side as ever, commits do not, and numbers are in the order of commits. A
 * number that somebody takes between two things that they do or hear stands between what was committed
 * by then and what is begun later: no clock is needed to tell what came first.
 *
 * Never: triggers in a database that is not thrown away.
 */

import type { TemporaryDatabase } from './temporary-database.ts';

type Queried = Pick<TemporaryDatabase, 'query'>;

type LoggedTable = 'maildrop' | 'maildrop_lock' | 'message' | 'message_body' | 'owner';

export interface LoggedChange {
  readonly number: number;
  /** Equal for all that one transaction did; they stand together. */
  readonly transaction: string;
  /** `application_name` of the connection. */
  readonly application: string;
  /** `now()` of the transaction. */
  readonly nowMs: number;
  readonly table: LoggedTable;
  /** Of the row, before it was deleted. Of a body, what the sender called it. */
  readonly row: Readonly<Record<string, unknown>>;
  readonly isDeleted: boolean;
}

const install = [
  'create sequence change_number',
  `create table change_log (
     number bigint primary key, transaction text not null, at timestamptz not null,
     application text not null, logged text not null, row jsonb not null, is_deleted boolean not null)`,
  `create function log_change() returns trigger language plpgsql as $$
   begin
     perform pg_advisory_xact_lock(7308332190848);
     insert into change_log
     select nextval('change_number'), pg_current_xact_id()::text, now(),
            current_setting('application_name'), tg_argv[0],
            case tg_op when 'DELETE' then to_jsonb(old) else to_jsonb(new) end, tg_op = 'DELETE';
     return null;
   end $$`,
  // Of a body only what tells it from others.
  `create function log_body() returns trigger language plpgsql as $$
   begin
     perform pg_advisory_xact_lock(7308332190848);
     insert into change_log
     select nextval('change_number'), pg_current_xact_id()::text, now(),
            current_setting('application_name'), tg_argv[0],
            jsonb_build_object('mailbox_id', new.mailbox_id, 'message_id', new.message_id,
              'attempt', substring(convert_from(new.body, 'LATIN1') from 'attempt-\\d+')), false;
     return null;
   end $$`,
  ...['maildrop', 'maildrop_lock', 'message', 'owner'].map(
    (table) =>
      `create trigger log_change after insert or update or delete on ${table}
       for each row execute function log_change('${table}')`,
  ),
  `create trigger log_body after insert on message_body
   for each row execute function log_body('message_body')`,
];

/** From now on. */
export async function logChanges(database: Queried): Promise<void> {
  for (const text of install) await database.query(text);
}

/** A number behind everything that was committed by now. */
export async function nextChangeNumber(database: Queried): Promise<number> {
  const [row] = await database.query(`select nextval('change_number')::float8 as number`);
  return Number(row?.number);
}

export async function readChanges(database: Queried): Promise<LoggedChange[]> {
  const rows = await database.query(
    `select number::float8, transaction, extract(epoch from at)::float8 * 1000 as now_ms,
            application, logged, row::text, is_deleted
     from change_log order by number`,
  );
  return rows.map((row) => ({
    number: Number(row.number),
    transaction: String(row.transaction),
    application: String(row.application),
    nowMs: Number(row.now_ms),
    table: tableNamed(String(row.logged)),
    row: JSON.parse(String(row.row)) as Record<string, unknown>,
    isDeleted: row.is_deleted === true,
  }));
}

function tableNamed(name: string): LoggedTable {
  switch (name) {
    case 'maildrop':
    case 'maildrop_lock':
    case 'message':
    case 'message_body':
    case 'owner':
      return name;
    default:
      throw new Error(`no table ${name}`);
  }
}
