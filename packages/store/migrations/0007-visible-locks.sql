-- What an operator wants to know of locks and nodes: from which client a maildrop is open and by whom,
-- what each worker runs and how many sessions it has, and which nodes are to take no clients.

-- Text, because what a kernel calls an address (fe80::1%eth0) is more than inet takes. In no index,
-- like all of the row, so that each change stays HOT. Null where nobody has the maildrop open.
alter table maildrop_lock
  add column client text,
  add column actor_id bigint;

alter table owner
  add column version text not null default '',
  add column sessions integer not null default 0;

-- A row a node that is to be drained; none: it serves. Apart from owner, because it outlives the
-- node's process: one that restarts stays drained until it is told otherwise.
create table node_drain (
  node_name text collate "C" primary key,
  since timestamptz not null default now(),
  actor text not null
);
