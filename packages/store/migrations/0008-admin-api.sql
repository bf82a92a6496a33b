-- Serves programs since 0007.
-- What the REST API needs beside what is there: tokens of one domain, and when a mailbox that was
-- deleted is really removed, and how much mail one
-- may hold.

-- Null: of all domains. A token goes with its domain.
alter table api_token
  add column domain_id bigint references domain on delete cascade,
  add column created_by text not null default 'system',
  add constraint api_token_label_bounded check (octet_length(label) <= 255);

create index api_token_domain on api_token (domain_id) where domain_id is not null;

-- Null while it is not being deleted.
alter table mailbox add column delete_after timestamptz;

create index mailbox_to_delete on mailbox (delete_after) where delete_after is not null;

-- Octets that LIST would sum up; null: no bound. A mailbox without its own has that of its domain.
alter table domain
  add column quota_octets bigint,
  add constraint domain_quota_sane check (quota_octets >= 0);

alter table mailbox
  add column quota_octets bigint,
  add constraint mailbox_quota_sane check (quota_octets >= 0);
