-- Serves programs since 0008.
-- What each worker does, as its node says when it begins: so that a list of nodes tells what each of them serves. Empty
-- for one of a program that does not say it.

alter table owner add column role text not null default '';
