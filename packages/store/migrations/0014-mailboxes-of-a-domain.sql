-- Serves programs since 0008.
-- The mailboxes of one domain in the order of their addresses: without this, a page of a small domain reads the addresses of all.
create index mailbox_domain_address on mailbox (domain_id, address);
