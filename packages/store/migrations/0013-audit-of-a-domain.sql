-- Serves programs since 0008.
-- The audit of one domain in its order: what was done to its mailboxes, to itself and to its webhooks.
--
-- An expression and no column: rows that a program of the release before writes beside this one count too.
create index audit_domain on audit (
  (case when mailbox_id is not null then substring(subject from '[^@]*$')
        when action like 'domain.%' then subject
        when action like 'webhook.%' then detail->>'domain' end),
  audit_id);
