-- Serves programs since 0008.
-- Webhooks: whose events go where, and an outbox of what is still to be sent.

alter table webhook
  -- Null: events of all domains. A webhook goes with its domain.
  add column domain_id bigint references domain on delete cascade,
  add column created_by text not null default 'system',
  -- The secret before the last rotation, and until when requests are signed with it as well.
  add column former_secret text,
  add column former_until timestamptz,
  add constraint webhook_url_bounded check (octet_length(url) <= 2048);

create index webhook_domain on webhook (domain_id) where domain_id is not null;

-- One row for each event and each webhook that wants it, written in the transaction of what happened.
-- No reference to webhook: every delivery of mail would lock that one row. Rows of a webhook that is gone
-- are removed by whoever sends.
create table webhook_delivery (
  delivery_id bigint generated always as identity primary key,
  webhook_id bigint not null,
  event_id uuid not null,
  event text not null,
  -- The body as it is sent.
  payload jsonb not null,
  -- Of an event that is to be told once only.
  once_key text collate "C",
  state text not null default 'pending',
  attempts integer not null default 0,
  created_at timestamptz not null default now(),
  -- While it is being sent: when another node may take it up.
  next_attempt_at timestamptz not null default now(),
  finished_at timestamptz,
  last_status integer,
  last_error text,
  constraint webhook_delivery_state_known check (state in ('pending', 'delivered', 'dead')),
  constraint webhook_delivery_finished check ((state = 'pending') = (finished_at is null))
);

create index webhook_delivery_due on webhook_delivery (webhook_id, next_attempt_at)
  where state = 'pending';
create index webhook_delivery_listed on webhook_delivery (webhook_id, delivery_id);
create index webhook_delivery_old on webhook_delivery (finished_at) where state <> 'pending';
create index webhook_delivery_dead on webhook_delivery (webhook_id, delivery_id) where state = 'dead';
create unique index webhook_delivery_once on webhook_delivery (webhook_id, once_key)
  where once_key is not null;

-- What administration does is told by its audit row, whoever writes it and however: a bulk request, a
-- command, a program of the release before. Where there is no webhook this reads an empty table.
create function tell_webhooks_of_audit() returns trigger language plpgsql as $$
begin
  with told as materialized (
    select gen_random_uuid() as event_id, m.address, m.domain_id, d.name as domain, case new.action
             when 'mailbox.add' then 'mailbox.created'
             when 'mailbox.delete' then 'mailbox.deleted'
             when 'session.break' then 'lock.broken'
             else 'mailbox.suspended' end as event
    from mailbox m
    cross join lateral (select d.name from domain d where d.domain_id = m.domain_id offset 0) d
    where m.mailbox_id = new.mailbox_id and exists (select from webhook))
  insert into webhook_delivery (webhook_id, event_id, event, payload)
  select w.webhook_id, e.event_id, e.event, jsonb_build_object(
           'id', e.event_id, 'event', e.event,
           'at', to_char(new.at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
           'domain', e.domain, 'mailbox', e.address,
           'data', new.detail || jsonb_build_object('by', split_part(new.actor, ' ', 1)))
  from told e
  join webhook w on w.enabled and e.event = any (w.events)
    and (w.domain_id is null or w.domain_id = e.domain_id);
  return null;
end $$;

create trigger audit_told after insert on audit for each row
  when (new.action in ('mailbox.add', 'mailbox.delete', 'mailbox.suspended', 'session.break')
    or (new.action = 'mailbox.set' and new.detail->>'status' = 'suspended'))
  execute function tell_webhooks_of_audit();
