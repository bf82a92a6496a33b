-- A release that was answered can still be lost, and a grant that was given up can still arrive: by a
-- crash behind an asynchronous commit, or from a server process that hung. Locks name the epoch of
-- their owner; a worker that comes back to the database begins a new epoch and takes its live locks
-- along, so what it does not know of is free at once instead of when the worker ends.
alter table owner add column epoch bigint not null default 0;
alter table maildrop_lock add column owner_epoch bigint not null default 0;
