/**
 * What tests of faults do to a database behind the node's back, and what they look at in it: locks,
 * backends, and maildrops too large to be delivered message by message.
 *
 * Never: a statement in a test file; anything a node or an administrator of it could do.
 */

import { type Superuser, superuserOf } from '@poplar/store/testing';
import type { TestDatabase, TestMailbox } from './test-database.ts';

/** Whether somebody holds the maildrop: under a lease that runs, in the epoch that is current. */
export async function isLocked(database: TestDatabase, mailbox: TestMailbox): Promise<boolean> {
  const rows = await database.query(
    `select l.token from maildrop_lock l
     join owner o on o.owner_id = l.owner_id and o.epoch <= l.owner_epoch and o.lease_until > now()
     where l.mailbox_id = $1 and l.token is not null`,
    [mailbox.mailboxId],
  );
  return rows.length > 0;
}

/** The row of a lock, as far as somebody may hold it: token and client. */
export async function lockRow(
  database: TestDatabase,
  { mailboxId }: TestMailbox,
): Promise<Record<string, unknown> | undefined> {
  const text = 'select token, client from maildrop_lock where mailbox_id = $1';
  return (await database.query(text, [mailboxId]))[0];
}

/** As if the leases of this node had been over for a while. */
export async function endLeases(database: TestDatabase, nodeName: string): Promise<void> {
  await database.query(
    "update owner set lease_until = now() - interval '1 second' where node_name = $1",
    [nodeName],
  );
}

/** What was done to sessions of this mailbox, and by whom. */
export async function sessionAudits(
  database: TestDatabase,
  { address }: TestMailbox,
): Promise<string[]> {
  const rows = await database.query(
    "select action, actor from audit where subject = $1 and action like 'session.%' order by 1",
    [address],
  );
  return rows.map(({ action, actor }) => `${String(action)} by ${String(actor)}`);
}

/** What was done to whatever has this name, and by whom, in order. */
export async function auditOf(database: TestDatabase, subject: string): Promise<string[]> {
  const text = 'select action, actor from audit where subject = $1 order by audit_id';
  const rows = await database.query(text, [subject]);
  return rows.map(({ action, actor }) => `${String(action)} by ${String(actor)}`);
}

/** How many rows of messages a mailbox has, flagged or not. */
export async function storedMessages(
  database: TestDatabase,
  { mailboxId }: TestMailbox,
): Promise<number> {
  const text = 'select count(*)::int as n from message where mailbox_id = $1';
  const [row] = await database.query(text, [mailboxId]);
  return Number(row?.n);
}

/** What the pop3 workers' connections do now that are not idle: state and statement. */
export async function busyBackends(database: TestDatabase): Promise<string[]> {
  const rows = await database.query(
    `select state, left(query, 60) as query from pg_stat_activity
     where datname = current_database() and application_name like 'poplar pop3%'
       and (state <> 'idle' or xact_start is not null)`,
  );
  return rows.map(({ state, query }) => `${String(state)}: ${String(query)}`);
}

/** As if an administrator ended them: connections of pop3 workers. Answers how many. */
export async function terminateBackends(database: TestDatabase): Promise<number> {
  const rows = await database.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
     where datname = current_database() and application_name like 'poplar pop3%'`,
  );
  return rows.length;
}

/** As if an administrator ended it: one of the nodes' connections, one that is at work if there is any. */
export async function terminateOneBackend(database: TestDatabase, choice: number): Promise<void> {
  await database.query(
    `with nodes as (
       select pid, state = 'active' as works,
              bool_or(state = 'active') over () as any_works
       from pg_stat_activity
       where datname = current_database() and application_name similar to 'poplar (pop3|maildrop|main)%'),
     chosen as (
       select pid, row_number() over (order by pid) - 1 as nth, count(*) over () as all_of_them
       from nodes where works = any_works)
     select pg_terminate_backend(pid) from chosen where nth = floor($1::float8 * all_of_them)`,
    [choice],
  );
}

/** Statements of nodes that wait for a row which somebody else has locked. */
export async function waitingBackends(database: TestDatabase): Promise<number> {
  const rows = await database.query(
    `select from pg_stat_activity
     where datname = current_database() and application_name like 'poplar %'
       and wait_event_type = 'Lock'`,
  );
  return rows.length;
}

/**
 * Locks the rows that a flag, and a delivery, must change, until what is answered is called. Nobody can
 * read them less well for it.
 */
export async function blockMaildrops(
  database: TestDatabase,
  mailboxes: readonly TestMailbox[],
): Promise<() => Promise<void>> {
  const blocker = superuserOf(database.url);
  const ids = mailboxes.map(({ mailboxId }) => mailboxId);
  await blocker.query('begin');
  await blocker.query(
    'select from maildrop where mailbox_id = any($1::bigint[]) order by mailbox_id for update',
    [ids],
  );
  let released: Promise<void> | null = null;
  const release = async (): Promise<void> => {
    await blocker.query('commit');
    await blocker.end();
  };
  return () => {
    released ??= release();
    return released;
  };
}

/** Addresses of the maildrops that somebody holds: under a lease that runs, in the epoch that is current. */
export async function heldLocks(superuser: Superuser): Promise<string[]> {
  const rows = await superuser.query(
    `select m.address from maildrop_lock l
     join mailbox m using (mailbox_id)
     join owner o on o.owner_id = l.owner_id and o.epoch <= l.owner_epoch and o.lease_until > now()
     where l.token is not null order by 1`,
  );
  return rows.map(({ address }) => String(address));
}

/** Messages and octets of each maildrop, as they are counted and as they are. */
export async function maildropSums(
  superuser: Superuser,
): Promise<{ mailboxId: string; counted: unknown; stored: unknown }[]> {
  const rows = await superuser.query(
    `select d.mailbox_id::text as id, array[d.messages::text, d.octets::text] as counted,
            array[count(m.octets)::text, coalesce(sum(m.octets), 0)::text] as stored
     from maildrop d left join message m on m.mailbox_id = d.mailbox_id and m.deleted_at is null
     group by d.mailbox_id, d.messages, d.octets`,
  );
  return rows.map(({ id, counted, stored }) => ({ mailboxId: String(id), counted, stored }));
}

/** Worker incarnations that the database knows of. */
export async function owners(database: TestDatabase): Promise<number> {
  return (await database.query('select owner_id from owner')).length;
}

/** From now on the domains that are there keep what is deleted for so long. */
export async function keepDeleted(database: TestDatabase, seconds: number): Promise<void> {
  await database.query('update domain set undelete_window = make_interval(secs => $1)', [seconds]);
}

/** Ids of what is stored of a maildrop, flagged or not: of the rows, and of the bodies. */
export async function storedIds(
  database: TestDatabase,
  { mailboxId }: TestMailbox,
): Promise<{ rows: bigint[]; bodies: bigint[] }> {
  const idsIn = async (table: 'message' | 'message_body'): Promise<bigint[]> => {
    const rows = await database.query(
      `select message_id from ${table} where mailbox_id = $1 order by message_id`,
      [mailboxId],
    );
    return rows.map((row) => BigInt(String(row.message_id)));
  };
  return { rows: await idsIn('message'), bodies: await idsIn('message_body') };
}

export interface Bulk {
  readonly messages: number;
  /** What LIST is to say of each; the body is 40 octets whatever it is. */
  readonly octets?: number;
}

const tinyBody = 'Subject: bulk\r\n\r\nforty octets in this.\r\n';

/** Fills a maildrop with rows, made in the database. */
export async function addBulk(
  database: TestDatabase,
  { mailboxId }: TestMailbox,
  { messages, octets = tinyBody.length }: Bulk,
): Promise<void> {
  await database.query(
    `with inserted as (
       insert into message
         (mailbox_id, message_id, guid, octets, wire_octets, header_octets)
       select $1, nextval('message_id_seq'), gen_random_uuid(), $3::bigint, $3::bigint, 17
       from generate_series(1, $2::int)
       returning message_id),
     stored as (
       insert into message_body (mailbox_id, message_id, body)
       select $1, message_id, convert_to($4, 'UTF8') from inserted)
     update maildrop set messages = messages + $2::int, octets = octets + $2::int * $3::bigint,
       version = version + 1
     where mailbox_id = $1`,
    [mailboxId, messages, octets, tinyBody],
  );
}

/** The lines of a large message: no two alike, so that a piece lost or moved shows. */
export function* numberedLines(octets: number): Generator<string> {
  yield 'Subject: numbered\r\n\r\n';
  for (let line = 1; line <= linesOf(octets); line += 1) {
    yield `${String(line).padStart(62, 'x')}\r\n`;
  }
}

function linesOf(octets: number): number {
  return Math.floor(octets / 64);
}

/** Wire octets of a message of `numberedLines`. */
export function numberedOctets(octets: number): number {
  return linesOf(octets) * 64 + 21;
}

/** One message of about so many octets into each of the maildrops, made in the database. */
export async function addNumbered(
  database: TestDatabase,
  mailboxes: readonly TestMailbox[],
  octets: number,
): Promise<void> {
  const wireOctets = numberedOctets(octets);
  await database.query(
    `with body as materialized (
       select convert_to(E'Subject: numbered\\r\\n\\r\\n' ||
         string_agg(lpad(i::text, 62, 'x') || E'\\r\\n', '' order by i), 'UTF8') as content
       from generate_series(1, $2::int) as i),
     inserted as (
       insert into message
         (mailbox_id, message_id, guid, octets, wire_octets, header_octets)
       select box, nextval('message_id_seq'), gen_random_uuid(), $3::bigint, $3::bigint, 21
       from unnest($1::bigint[]) as box
       returning mailbox_id, message_id),
     stored as (
       insert into message_body (mailbox_id, message_id, body)
       select mailbox_id, message_id, content from inserted, body)
     update maildrop set messages = messages + 1, octets = octets + $3::bigint,
       version = version + 1
     where mailbox_id = any($1::bigint[])`,
    [mailboxes.map(({ mailboxId }) => mailboxId), linesOf(octets), wireOctets],
  );
}

/** As if something had changed about who may log in to a mailbox. */
export async function bumpCredentials(database: TestDatabase, address: string): Promise<void> {
  await database.query(
    'update mailbox set credential_version = credential_version + 1 where address = $1',
    [address],
  );
}

/** Lengths of the keys under which nodes tell each other of failures. */
export async function penaltyKeyOctets(database: TestDatabase): Promise<number[]> {
  const rows = await database.query('select octet_length(key) as octets from login_penalty');
  return rows.map(({ octets }) => Number(octets));
}

/** Keys that all nodes were told to clear, in order. */
export async function throttleOrders(database: TestDatabase): Promise<string[]> {
  const text = `select encode(key, 'hex') as key from login_penalty
    where score = -1000000 and node_name = '' order by added_in`;
  return (await database.query(text)).map(({ key }) => String(key));
}

/** Who cleared what, and whose mailbox that is. */
export async function throttleAudits(database: TestDatabase): Promise<Record<string, unknown>[]> {
  return database.query(
    `select a.actor, a.subject, m.address from audit a left join mailbox m using (mailbox_id)
     where a.action = 'throttle.clear' order by a.audit_id`,
  );
}

/** What webhooks are told of one event of a mailbox, or of none; in order. */
export async function outboxOf(
  database: TestDatabase,
  event: string,
  address: string | null,
): Promise<Record<string, unknown>[]> {
  return database.query(
    `select event_id::text as id, state, attempts, last_status as status from webhook_delivery
     where event = $1 and payload->>'mailbox' is not distinct from $2 order by delivery_id`,
    [event, address],
  );
}

/** Ids of all messages that are stored, in order. */
export async function allMessageIds(database: TestDatabase): Promise<string[]> {
  const rows = await database.query(
    'select message_id::text as id from message order by message_id',
  );
  return rows.map(({ id }) => String(id));
}

/** URLs of all webhooks, in order. */
export async function webhookUrls(database: TestDatabase): Promise<string[]> {
  const rows = await database.query('select url from webhook order by webhook_id');
  return rows.map(({ url }) => String(url));
}

/** What one webhook signed with before the last rotation. */
export async function formerSecrets(database: TestDatabase, webhookId: string): Promise<unknown[]> {
  const rows = await database.query('select former_secret from webhook where webhook_id = $1', [
    webhookId,
  ]);
  return rows.map(({ former_secret: former }) => former);
}

/** From now on nothing that nodes tell of themselves arrives, and nobody is told of that. */
export async function dropFigures(database: TestDatabase): Promise<void> {
  await database.query(`
    create function nothing() returns trigger language plpgsql as 'begin return null; end';
    create trigger quiet before insert or update on node_figures
      for each row execute function nothing()`);
}

/** The time of all levels that nodes were told to log at is over. */
export async function endLogLevels(database: TestDatabase): Promise<void> {
  await database.query("update node_log_level set until = now() - interval '1 second'");
}

/** What is set for each domain, as it is stored. */
export function domainSettings(database: TestDatabase): Promise<Record<string, unknown>[]> {
  return database.query(
    `select name, quota_octets::float8 as quota, pop3_enabled as pop3,
       extract(epoch from login_delay)::int as delay,
       extract(epoch from undelete_window)::int as undelete
     from domain order by name`,
  );
}

/** Of a mailbox itself; null where it has that of its domain. */
export async function ownQuota(database: TestDatabase, address: string): Promise<unknown> {
  const text = 'select quota_octets::float8 as quota from mailbox where address = $1';
  return (await database.query(text, [address]))[0]?.quota;
}

/** How many grants there are, and how many master users. */
export async function grantCounts(database: TestDatabase): Promise<Record<string, unknown>> {
  const [row] = await database.query(
    `select (select count(*)::int from mailbox_grant) as grants,
       (select count(*)::int from master_grant) as masters`,
  );
  return row ?? {};
}
