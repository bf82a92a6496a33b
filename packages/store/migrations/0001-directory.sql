-- Who there is: domains, mailboxes, the names that log in, what proves them. Small tables that
-- every node reads; on a sharded cluster they are reference tables.
--
-- Names are stored canonical (ASCII lower case, no blanks or controls) and compared byte by byte,
-- whatever the locale of the database: a second spelling of a name cannot exist.

create table domain (
  domain_id bigint generated always as identity primary key,
  name text collate "C" not null unique,
  -- How long a flagged message can still be restored before it is purged.
  undelete_window interval not null default interval '0',
  created_at timestamptz not null default now(),
  constraint domain_name_canonical check (
    name = lower(name) and name !~ '[[:cntrl:][:space:]@\\]' and octet_length(name) between 1 and 255),
  constraint domain_undelete_window_sane check (
    undelete_window >= interval '0' and undelete_window <= interval '366 days')
);

create table mailbox (
  mailbox_id bigint generated always as identity primary key,
  domain_id bigint not null references domain,
  address text collate "C" not null unique,
  status text not null default 'active',
  pop3_enabled boolean not null default true,
  -- Bumped by every change of credentials, grants or status: what was verified under an older
  -- version opens nothing.
  credential_version bigint not null default 1,
  created_at timestamptz not null default now(),
  constraint mailbox_address_canonical check (
    address = lower(address) and address !~ '[[:cntrl:][:space:]\\]' and address ~ '^.+@[^@]+$'
    and octet_length(address) between 3 and 320),
  constraint mailbox_status_known check (status in ('active', 'suspended', 'deleting'))
) with (fillfactor = 90);

create index mailbox_domain on mailbox (domain_id, mailbox_id);

create table login_name (
  name text collate "C" primary key,
  mailbox_id bigint not null references mailbox on delete cascade,
  constraint login_name_canonical check (
    name = lower(name) and name !~ '[[:cntrl:][:space:]]' and octet_length(name) between 1 and 320)
);

create index login_name_mailbox on login_name (mailbox_id);

create sequence credential_id_seq;

create table credential (
  mailbox_id bigint not null references mailbox on delete cascade,
  credential_id bigint not null,
  kind text not null,
  secret text not null,
  label text not null default '',
  expires_at timestamptz,
  last_used_on date,
  created_at timestamptz not null default now(),
  primary key (mailbox_id, credential_id),
  constraint credential_kind_known check (kind in ('password', 'app-password')),
  constraint credential_secret_bounded check (octet_length(secret) between 1 and 4096),
  constraint credential_label_bounded check (octet_length(label) <= 255)
) with (fillfactor = 90);

-- A mailbox has at most one password; app passwords are as many as wanted.
create unique index credential_one_password on credential (mailbox_id) where kind = 'password';

-- Who may open whose maildrop.
create table mailbox_grant (
  mailbox_id bigint not null references mailbox on delete cascade,
  grantee_id bigint not null references mailbox on delete cascade,
  created_at timestamptz not null default now(),
  primary key (mailbox_id, grantee_id),
  constraint mailbox_grant_other check (mailbox_id <> grantee_id)
);

create index mailbox_grant_grantee on mailbox_grant (grantee_id);
