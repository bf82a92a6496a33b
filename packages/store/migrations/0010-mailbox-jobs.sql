-- Serves programs since 0008.
-- Long work on a mailbox that an administrator asked for: how far it is, and for an import how many of its
-- messages are stored, counted in the transactions that store them. Whoever lost the connection goes on
-- behind them. (The table `job` of 0003 is a queue that no program has used.)

create table mailbox_job (
  job_id bigint generated always as identity primary key,
  mailbox_id bigint not null references mailbox on delete cascade,
  kind text not null,
  format text not null,
  -- What its caller calls it (Idempotency-Key); null when it cannot go on after a loss.
  request_key text,
  actor text not null,
  node text not null,
  state text not null,
  -- Whoever works on it now: a fresh one with each request that goes on with it. Another one is refused.
  run uuid not null,
  -- Running, and this is over: it was interrupted.
  lease_until timestamptz not null,
  -- Messages of the input, or of the mailbox, that are done with.
  handled bigint not null default 0,
  -- Of these, messages that were stored or given out, and their octets as LIST would say.
  messages bigint not null default 0,
  octets bigint not null default 0,
  without_uidl bigint not null default 0,
  new_uidls bigint not null default 0,
  -- How many were left out, by reason.
  skipped jsonb not null default '{}',
  -- Of the whole work; null when nobody knows.
  total_messages bigint,
  total_octets bigint,
  error text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  finished_at timestamptz,
  constraint mailbox_job_kind_known check (kind in ('import', 'export')),
  constraint mailbox_job_state_known check (state in ('running', 'complete', 'cancelled', 'failed', 'interrupted')),
  constraint mailbox_job_key_bounded check (octet_length(request_key) between 8 and 64),
  constraint mailbox_job_error_bounded check (octet_length(error) <= 1000),
  constraint mailbox_job_counts_sane check (handled >= 0 and messages >= 0 and octets >= 0)
);

create unique index mailbox_job_request on mailbox_job (mailbox_id, request_key) where request_key is not null;
create index mailbox_job_mailbox on mailbox_job (mailbox_id, job_id);
create index mailbox_job_updated on mailbox_job (updated_at);
