-- Serves programs since 0008.
-- What each node says of itself every few seconds, so that any node can show the whole cluster. Nothing here
-- is worth a log: a crash empties it, and it is full again with the next reports.

create unlogged table node_figures (
  node_name text collate "C" primary key,
  reported_at timestamptz not null default now(),
  -- Numbers by their names. Two releases side by side may know different ones.
  figures jsonb not null,
  constraint node_figures_bounded check (octet_length(figures::text) <= 8192)
) with (fillfactor = 50);
