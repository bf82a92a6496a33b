-- What administration keeps: who changed what, the tokens of its API, where events go, long work.

create table audit (
  audit_id bigint generated always as identity primary key,
  at timestamptz not null default now(),
  actor text not null,
  action text not null,
  -- No reference: the record outlives the mailbox.
  mailbox_id bigint,
  subject text not null,
  detail jsonb not null default '{}'
);

create index audit_mailbox on audit (mailbox_id, audit_id) where mailbox_id is not null;

create table api_token (
  api_token_id bigint generated always as identity primary key,
  -- SHA-256 of the token; the token itself is shown once and never kept.
  digest bytea not null unique,
  label text not null default '',
  scopes text[] not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  revoked_at timestamptz,
  last_used_on date,
  constraint api_token_digest_sha256 check (octet_length(digest) = 32)
);

create table webhook (
  webhook_id bigint generated always as identity primary key,
  url text not null,
  events text[] not null,
  secret text not null,
  enabled boolean not null default true,
  created_at timestamptz not null default now()
);

create table job (
  job_id bigint generated always as identity primary key,
  kind text not null,
  arguments jsonb not null default '{}',
  status text not null default 'waiting',
  attempts integer not null default 0,
  run_after timestamptz not null default now(),
  claimed_until timestamptz,
  progress jsonb not null default '{}',
  created_at timestamptz not null default now(),
  finished_at timestamptz,
  constraint job_status_known check (status in ('waiting', 'running', 'done', 'failed'))
);

create index job_due on job (run_after) where status = 'waiting';
