-- Serves programs since 0008.
-- The level at which an administrator wants a node to log, for a time or until that is withdrawn. The node reads it
-- with what it says of itself every few seconds.

create table node_log_level (
  node_name text collate "C" primary key,
  level text not null,
  -- From then on the row means nothing; null: until it is removed.
  until timestamptz,
  since timestamptz not null default now(),
  actor text not null,
  constraint node_log_level_known check (level in ('debug', 'info', 'warn', 'error'))
);
