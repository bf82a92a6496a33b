-- The drops: counters, locks, messages, bodies, and the receipt of every QUIT that removed mail.
--
-- Every key begins with mailbox_id and no constraint spans mailboxes, so that all of it can be
-- distributed by mailbox_id. There are no foreign keys here: a check of one for each delivery
-- would buy nothing that the delivering statement does not know.

-- One row a mailbox, changed in the transaction of each delivery, flag or restore. version names
-- the state of the list of messages: equal versions, equal lists.
create table maildrop (
  mailbox_id bigint primary key,
  messages bigint not null default 0,
  octets bigint not null default 0,
  version bigint not null default 1,
  constraint maildrop_not_negative check (messages >= 0 and octets >= 0)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);

-- One permanent row a mailbox, apart from maildrop so that a login never waits for the fsync of a
-- delivery. Only updated, and no second index, so that every change is HOT. token is the fence: a
-- fresh random value for each grant, null when free.
create table maildrop_lock (
  mailbox_id bigint primary key,
  token uuid,
  owner_id uuid,
  grants bigint not null default 0,
  granted_at timestamptz
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);

-- One row a worker incarnation. A lock lasts as long as the lease of its owner; clocks other than
-- the database's are never compared.
create table owner (
  owner_id uuid primary key,
  node_name text collate "C" not null,
  boot_id uuid not null,
  worker integer not null,
  lease_until timestamptz not null,
  draining boolean not null default false,
  started_at timestamptz not null default now()
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);

-- Order within a mailbox is the order of delivery: a delivery draws its ids under the row lock of
-- the maildrop. Between mailboxes it says nothing.
create sequence message_id_seq;

create table message (
  mailbox_id bigint not null,
  message_id bigint not null,
  guid uuid not null,
  -- What another server called it; all others are derived from id and GUID.
  uidl text collate "C",
  -- What LIST says: unstuffed, every end of line as two octets.
  octets bigint not null,
  -- What goes over the wire: octets plus the stuffed dots.
  wire_octets bigint not null,
  -- Wire offset where the body begins.
  header_octets bigint not null,
  received_at timestamptz not null default now(),
  -- The flag of a QUIT, in no index, so that setting it can be HOT; and that QUIT's token.
  deleted_at timestamptz,
  deleted_by uuid,
  primary key (mailbox_id, message_id),
  constraint message_sizes_sane check (
    octets >= 0 and wire_octets >= octets and header_octets between 0 and wire_octets),
  constraint message_uidl_wire check (uidl ~ '^[!-~]{1,70}$')
) partition by hash (mailbox_id);

create unique index message_uidl on message (mailbox_id, uidl) where uidl is not null;

-- Bodies lie apart so that listing a drop never reads past them. EXTERNAL: base64 does not
-- compress, and substr() then fetches only the chunks it needs.
create table message_body (
  mailbox_id bigint not null,
  message_id bigint not null,
  body bytea not null,
  primary key (mailbox_id, message_id)
) partition by hash (mailbox_id);

alter table message_body alter column body set storage external;

-- toast_tuple_target: bodies up to 8 KB stay in the row instead of in four chunks of 2 KB, which
-- halves what reading them costs; up to half a page is left empty for it.
-- Sixteen partitions keep vacuum passes short, indexes low, and the 32-bit TOAST ids of one table
-- far from their end.
do $$
begin
  for i in 0..15 loop
    execute format(
      'create table message_p%s partition of message for values with (modulus 16, remainder %s)
       with (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000,
             autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05)', i, i);
    execute format(
      'create table message_body_p%s partition of message_body for values with (modulus 16, remainder %s)
       with (toast_tuple_target = 8160,
             autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000,
             autovacuum_vacuum_insert_scale_factor = 0.1,
             toast.autovacuum_vacuum_scale_factor = 0.02, toast.autovacuum_vacuum_threshold = 5000)', i, i);
  end loop;
end
$$;

-- One row a QUIT that removed something. It settles a COMMIT whose answer was lost, it is the work
-- queue of the purge, and it records what an undelete would bring back.
create table quit_receipt (
  mailbox_id bigint not null,
  token uuid not null,
  message_ids bigint[] not null,
  flagged_at timestamptz not null default now(),
  purge_after timestamptz not null,
  claimed_until timestamptz,
  purged_at timestamptz,
  primary key (mailbox_id, token)
) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);

create index quit_receipt_due on quit_receipt (purge_after) where purged_at is null;
create index quit_receipt_old on quit_receipt (purged_at) where purged_at is not null;
