-- Who may log in, with what, and what they may open.
--
-- A change of any of these bumps the credential version of the mailbox that logs in, but for the
-- switches of a domain, which each opening of a maildrop looks at itself.

alter table domain
  add column pop3_enabled boolean not null default true,
  -- How soon after an opening the next one may come (RFC 2449 section 6.5).
  add column login_delay interval not null default interval '0',
  add constraint domain_login_delay_sane check (
    login_delay >= interval '0' and login_delay <= interval '1 day');

-- `password` and `app-password` are hashes, `scram-*` what RFC 5803 writes, `apop` the shared secret
-- itself, since RFC 1939 hashes it with the greeting, `certificate` a name that a client
-- certificate may have, which is no secret at all.
alter table credential drop constraint credential_kind_known;
alter table credential add constraint credential_kind_known check (
  kind in ('password', 'app-password', 'scram-sha-1', 'scram-sha-256', 'apop', 'certificate'));

-- Of these a mailbox has one each at most; of the others as many as wanted.
drop index credential_one_password;
create unique index credential_one_of_kind on credential (mailbox_id, kind)
  where kind in ('password', 'scram-sha-1', 'scram-sha-256', 'apop');

-- Who may open every maildrop of a domain, or of all domains where domain_id is null.
create table master_grant (
  grantee_id bigint not null references mailbox on delete cascade,
  domain_id bigint references domain on delete cascade,
  created_at timestamptz not null default now(),
  constraint master_grant_once unique nulls not distinct (grantee_id, domain_id)
);

create index master_grant_domain on master_grant (domain_id, grantee_id);

-- How nodes tell one another whom they throttle. Nothing here is worth a log: a crash empties it.
-- added_in is the transaction: a node that has read all before the oldest one still running
-- has missed none, in whatever order they commit.
create unlogged table login_penalty (
  added_in xid8 not null default pg_current_xact_id(),
  -- What a node makes of an address or an account; never the name itself.
  key bytea not null,
  node_name text collate "C" not null,
  score double precision not null,
  added_at timestamptz not null default now(),
  primary key (added_in, key),
  constraint login_penalty_key_hashed check (octet_length(key) = 8),
  constraint login_penalty_score_sane check (score between -1000000 and 1000000)
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
