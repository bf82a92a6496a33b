sequence api_token_api_token_id_seq

sequence audit_audit_id_seq

sequence credential_id_seq

sequence domain_domain_id_seq

sequence job_job_id_seq

sequence mailbox_job_job_id_seq

sequence mailbox_mailbox_id_seq

sequence message_id_seq

sequence webhook_delivery_delivery_id_seq

sequence webhook_webhook_id_seq

table api_token
  api_token_id bigint not null generated always as identity
  digest bytea not null
  label text not null default ''::text
  scopes text[] not null
  created_at timestamp with time zone not null default now()
  expires_at timestamp with time zone
  revoked_at timestamp with time zone
  last_used_on date
  domain_id bigint
  created_by text not null default 'system'::text
  api_token_digest_sha256 CHECK ((octet_length(digest) = 32))
  api_token_label_bounded CHECK ((octet_length(label) <= 255))
  api_token_domain_id_fkey FOREIGN KEY (domain_id) REFERENCES domain(domain_id) ON DELETE CASCADE
  api_token_pkey PRIMARY KEY (api_token_id)
  api_token_digest_key UNIQUE (digest)
  CREATE INDEX api_token_domain ON public.api_token USING btree (domain_id) WHERE (domain_id IS NOT NULL)

table audit
  audit_id bigint not null generated always as identity
  at timestamp with time zone not null default now()
  actor text not null
  action text not null
  mailbox_id bigint
  subject text not null
  detail jsonb not null default '{}'::jsonb
  audit_pkey PRIMARY KEY (audit_id)
  CREATE INDEX audit_domain ON public.audit USING btree ((
CASE
    WHEN (mailbox_id IS NOT NULL) THEN "substring"(subject, '[^@]*$'::text)
    WHEN (action ~~ 'domain.%'::text) THEN subject
    WHEN (action ~~ 'webhook.%'::text) THEN (detail ->> 'domain'::text)
    ELSE NULL::text
END), audit_id)
  CREATE INDEX audit_mailbox ON public.audit USING btree (mailbox_id, audit_id) WHERE (mailbox_id IS NOT NULL)
  CREATE TRIGGER audit_told AFTER INSERT ON audit FOR EACH ROW WHEN (((new.action = ANY (ARRAY['mailbox.add'::text, 'mailbox.delete'::text, 'mailbox.suspended'::text, 'session.break'::text])) OR ((new.action = 'mailbox.set'::text) AND ((new.detail ->> 'status'::text) = 'suspended'::text)))) EXECUTE FUNCTION tell_webhooks_of_audit()

table cluster_key
  only_row boolean not null default true
  key bytea not null
  cluster_key_256_bits CHECK ((octet_length(key) = 32))
  cluster_key_one CHECK (only_row)
  cluster_key_pkey PRIMARY KEY (only_row)

table credential with (fillfactor=90)
  mailbox_id bigint not null
  credential_id bigint not null
  kind text not null
  secret text not null
  label text not null default ''::text
  expires_at timestamp with time zone
  last_used_on date
  created_at timestamp with time zone not null default now()
  credential_kind_known CHECK ((kind = ANY (ARRAY['password'::text, 'app-password'::text, 'scram-sha-1'::text, 'scram-sha-256'::text, 'apop'::text, 'certificate'::text])))
  credential_label_bounded CHECK ((octet_length(label) <= 255))
  credential_secret_bounded CHECK (((octet_length(secret) >= 1) AND (octet_length(secret) <= 4096)))
  credential_mailbox_id_fkey FOREIGN KEY (mailbox_id) REFERENCES mailbox(mailbox_id) ON DELETE CASCADE
  credential_pkey PRIMARY KEY (mailbox_id, credential_id)
  CREATE UNIQUE INDEX credential_one_of_kind ON public.credential USING btree (mailbox_id, kind) WHERE (kind = ANY (ARRAY['password'::text, 'scram-sha-1'::text, 'scram-sha-256'::text, 'apop'::text]))

table domain
  domain_id bigint not null generated always as identity
  name text collate "C" not null
  undelete_window interval not null default '00:00:00'::interval
  created_at timestamp with time zone not null default now()
  pop3_enabled boolean not null default true
  login_delay interval not null default '00:00:00'::interval
  quota_octets bigint
  domain_login_delay_sane CHECK (((login_delay >= '00:00:00'::interval) AND (login_delay <= '1 day'::interval)))
  domain_name_canonical CHECK (((name = lower(name)) AND (name !~ '[[:cntrl:][:space:]@\\]'::text) AND ((octet_length(name) >= 1) AND (octet_length(name) <= 255))))
  domain_quota_sane CHECK ((quota_octets >= 0))
  domain_undelete_window_sane CHECK (((undelete_window >= '00:00:00'::interval) AND (undelete_window <= '366 days'::interval)))
  domain_pkey PRIMARY KEY (domain_id)
  domain_name_key UNIQUE (name)

table job
  job_id bigint not null generated always as identity
  kind text not null
  arguments jsonb not null default '{}'::jsonb
  status text not null default 'waiting'::text
  attempts integer not null default 0
  run_after timestamp with time zone not null default now()
  claimed_until timestamp with time zone
  progress jsonb not null default '{}'::jsonb
  created_at timestamp with time zone not null default now()
  finished_at timestamp with time zone
  job_status_known CHECK ((status = ANY (ARRAY['waiting'::text, 'running'::text, 'done'::text, 'failed'::text])))
  job_pkey PRIMARY KEY (job_id)
  CREATE INDEX job_due ON public.job USING btree (run_after) WHERE (status = 'waiting'::text)

table login_name
  name text collate "C" not null
  mailbox_id bigint not null
  login_name_canonical CHECK (((name = lower(name)) AND (name !~ '[[:cntrl:][:space:]]'::text) AND ((octet_length(name) >= 1) AND (octet_length(name) <= 320))))
  login_name_mailbox_id_fkey FOREIGN KEY (mailbox_id) REFERENCES mailbox(mailbox_id) ON DELETE CASCADE
  login_name_pkey PRIMARY KEY (name)
  CREATE INDEX login_name_mailbox ON public.login_name USING btree (mailbox_id)

unlogged table login_penalty with (autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_threshold=1000)
  added_in xid8 not null default pg_current_xact_id()
  key bytea not null
  node_name text collate "C" not null
  score double precision not null
  added_at timestamp with time zone not null default now()
  login_penalty_key_hashed CHECK ((octet_length(key) = 8))
  login_penalty_score_sane CHECK (((score >= ('-1000000'::integer)::double precision) AND (score <= (1000000)::double precision)))
  login_penalty_pkey PRIMARY KEY (added_in, key)

table mailbox with (fillfactor=90)
  mailbox_id bigint not null generated always as identity
  domain_id bigint not null
  address text collate "C" not null
  status text not null default 'active'::text
  pop3_enabled boolean not null default true
  credential_version bigint not null default 1
  created_at timestamp with time zone not null default now()
  delete_after timestamp with time zone
  quota_octets bigint
  mailbox_address_canonical CHECK (((address = lower(address)) AND (address !~ '[[:cntrl:][:space:]\\]'::text) AND (address ~ '^.+@[^@]+$'::text) AND ((octet_length(address) >= 3) AND (octet_length(address) <= 320))))
  mailbox_quota_sane CHECK ((quota_octets >= 0))
  mailbox_status_known CHECK ((status = ANY (ARRAY['active'::text, 'suspended'::text, 'deleting'::text])))
  mailbox_domain_id_fkey FOREIGN KEY (domain_id) REFERENCES domain(domain_id)
  mailbox_pkey PRIMARY KEY (mailbox_id)
  mailbox_address_key UNIQUE (address)
  CREATE INDEX mailbox_domain ON public.mailbox USING btree (domain_id, mailbox_id)
  CREATE INDEX mailbox_domain_address ON public.mailbox USING btree (domain_id, address)
  CREATE INDEX mailbox_to_delete ON public.mailbox USING btree (delete_after) WHERE (delete_after IS NOT NULL)

table mailbox_grant
  mailbox_id bigint not null
  grantee_id bigint not null
  created_at timestamp with time zone not null default now()
  mailbox_grant_other CHECK ((mailbox_id <> grantee_id))
  mailbox_grant_grantee_id_fkey FOREIGN KEY (grantee_id) REFERENCES mailbox(mailbox_id) ON DELETE CASCADE
  mailbox_grant_mailbox_id_fkey FOREIGN KEY (mailbox_id) REFERENCES mailbox(mailbox_id) ON DELETE CASCADE
  mailbox_grant_pkey PRIMARY KEY (mailbox_id, grantee_id)
  CREATE INDEX mailbox_grant_grantee ON public.mailbox_grant USING btree (grantee_id)

table mailbox_job
  job_id bigint not null generated always as identity
  mailbox_id bigint not null
  kind text not null
  format text not null
  request_key text
  actor text not null
  node text not null
  state text not null
  run uuid not null
  lease_until timestamp with time zone not null
  handled bigint not null default 0
  messages bigint not null default 0
  octets bigint not null default 0
  without_uidl bigint not null default 0
  new_uidls bigint not null default 0
  skipped jsonb not null default '{}'::jsonb
  total_messages bigint
  total_octets bigint
  error text
  created_at timestamp with time zone not null default now()
  updated_at timestamp with time zone not null default now()
  finished_at timestamp with time zone
  mailbox_job_counts_sane CHECK (((handled >= 0) AND (messages >= 0) AND (octets >= 0)))
  mailbox_job_error_bounded CHECK ((octet_length(error) <= 1000))
  mailbox_job_key_bounded CHECK (((octet_length(request_key) >= 8) AND (octet_length(request_key) <= 64)))
  mailbox_job_kind_known CHECK ((kind = ANY (ARRAY['import'::text, 'export'::text])))
  mailbox_job_state_known CHECK ((state = ANY (ARRAY['running'::text, 'complete'::text, 'cancelled'::text, 'failed'::text, 'interrupted'::text])))
  mailbox_job_mailbox_id_fkey FOREIGN KEY (mailbox_id) REFERENCES mailbox(mailbox_id) ON DELETE CASCADE
  mailbox_job_pkey PRIMARY KEY (job_id)
  CREATE INDEX mailbox_job_mailbox ON public.mailbox_job USING btree (mailbox_id, job_id)
  CREATE INDEX mailbox_job_updated ON public.mailbox_job USING btree (updated_at)
  CREATE UNIQUE INDEX mailbox_job_request ON public.mailbox_job USING btree (mailbox_id, request_key) WHERE (request_key IS NOT NULL)

table maildrop with (fillfactor=70, autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_threshold=1000)
  mailbox_id bigint not null
  messages bigint not null default 0
  octets bigint not null default 0
  version bigint not null default 1
  maildrop_not_negative CHECK (((messages >= 0) AND (octets >= 0)))
  maildrop_pkey PRIMARY KEY (mailbox_id)

table maildrop_lock with (fillfactor=70, autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_threshold=1000)
  mailbox_id bigint not null
  token uuid
  owner_id uuid
  grants bigint not null default 0
  granted_at timestamp with time zone
  owner_epoch bigint not null default 0
  client text
  actor_id bigint
  maildrop_lock_pkey PRIMARY KEY (mailbox_id)

table master_grant
  grantee_id bigint not null
  domain_id bigint
  created_at timestamp with time zone not null default now()
  master_grant_domain_id_fkey FOREIGN KEY (domain_id) REFERENCES domain(domain_id) ON DELETE CASCADE
  master_grant_grantee_id_fkey FOREIGN KEY (grantee_id) REFERENCES mailbox(mailbox_id) ON DELETE CASCADE
  master_grant_once UNIQUE NULLS NOT DISTINCT (grantee_id, domain_id)
  CREATE INDEX master_grant_domain ON public.master_grant USING btree (domain_id, grantee_id)

table message partition by HASH (mailbox_id)
  mailbox_id bigint not null
  message_id bigint not null
  guid uuid not null
  uidl text collate "C"
  octets bigint not null
  wire_octets bigint not null
  header_octets bigint not null
  received_at timestamp with time zone not null default now()
  deleted_at timestamp with time zone
  deleted_by uuid
  message_sizes_sane CHECK (((octets >= 0) AND (wire_octets >= octets) AND ((header_octets >= 0) AND (header_octets <= wire_octets))))
  message_uidl_wire CHECK ((uidl ~ '^[!-~]{1,70}$'::text))
  message_pkey PRIMARY KEY (mailbox_id, message_id)
  CREATE UNIQUE INDEX message_uidl ON ONLY public.message USING btree (mailbox_id, uidl) WHERE (uidl IS NOT NULL)

table message_p0 of message FOR VALUES WITH (modulus 16, remainder 0) with (fillfactor=90, autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_insert_scale_factor=0.05, autovacuum_analyze_scale_factor=0.05, autovacuum_vacuum_threshold=200)

table message_p1 of message FOR VALUES WITH (modulus 16, remainder 1) with (fillfactor=90, autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_insert_scale_factor=0.05, autovacuum_analyze_scale_factor=0.05, autovacuum_vacuum_threshold=200)

table message_p2 of message FOR VALUES WITH (modulus 16, remainder 2) with (fillfactor=90, autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_insert_scale_factor=0.05, autovacuum_analyze_scale_factor=0.05, autovacuum_vacuum_threshold=200)

table message_p3 of message FOR VALUES WITH (modulus 16, remainder 3) with (fillfactor=90, autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_insert_scale_factor=0.05, autovacuum_analyze_scale_factor=0.05, autovacuum_vacuum_threshold=200)

table message_p4 of message FOR VALUES WITH (modulus 16, remainder 4) with (fillfactor=90, autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_insert_scale_factor=0.05, autovacuum_analyze_scale_factor=0.05, autovacuum_vacuum_threshold=200)

table message_p5 of message FOR VALUES WITH (modulus 16, remainder 5) with (fillfactor=90, autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_insert_scale_factor=0.05, autovacuum_analyze_scale_factor=0.05, autovacuum_vacuum_threshold=200)

table message_p6 of message FOR VALUES WITH (modulus 16, remainder 6) with (fillfactor=90, autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_insert_scale_factor=0.05, autovacuum_analyze_scale_factor=0.05, autovacuum_vacuum_threshold=200)

table message_p7 of message FOR VALUES WITH (modulus 16, remainder 7) with (fillfactor=90, autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_insert_scale_factor=0.05, autovacuum_analyze_scale_factor=0.05, autovacuum_vacuum_threshold=200)

table message_p8 of message FOR VALUES WITH (modulus 16, remainder 8) with (fillfactor=90, autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_insert_scale_factor=0.05, autovacuum_analyze_scale_factor=0.05, autovacuum_vacuum_threshold=200)

table message_p9 of message FOR VALUES WITH (modulus 16, remainder 9) with (fillfactor=90, autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_insert_scale_factor=0.05, autovacuum_analyze_scale_factor=0.05, autovacuum_vacuum_threshold=200)

table message_p10 of message FOR VALUES WITH (modulus 16, remainder 10) with (fillfactor=90, autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_insert_scale_factor=0.05, autovacuum_analyze_scale_factor=0.05, autovacuum_vacuum_threshold=200)

table message_p11 of message FOR VALUES WITH (modulus 16, remainder 11) with (fillfactor=90, autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_insert_scale_factor=0.05, autovacuum_analyze_scale_factor=0.05, autovacuum_vacuum_threshold=200)

table message_p12 of message FOR VALUES WITH (modulus 16, remainder 12) with (fillfactor=90, autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_insert_scale_factor=0.05, autovacuum_analyze_scale_factor=0.05, autovacuum_vacuum_threshold=200)

table message_p13 of message FOR VALUES WITH (modulus 16, remainder 13) with (fillfactor=90, autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_insert_scale_factor=0.05, autovacuum_analyze_scale_factor=0.05, autovacuum_vacuum_threshold=200)

table message_p14 of message FOR VALUES WITH (modulus 16, remainder 14) with (fillfactor=90, autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_insert_scale_factor=0.05, autovacuum_analyze_scale_factor=0.05, autovacuum_vacuum_threshold=200)

table message_p15 of message FOR VALUES WITH (modulus 16, remainder 15) with (fillfactor=90, autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_insert_scale_factor=0.05, autovacuum_analyze_scale_factor=0.05, autovacuum_vacuum_threshold=200)

table message_body partition by HASH (mailbox_id)
  mailbox_id bigint not null
  message_id bigint not null
  body bytea storage external not null
  message_body_pkey PRIMARY KEY (mailbox_id, message_id)

table message_body_p0 of message_body FOR VALUES WITH (modulus 16, remainder 0) with (toast_tuple_target=8160, autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_insert_scale_factor=0.1, autovacuum_vacuum_threshold=200) with (toast: autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_threshold=200)

table message_body_p1 of message_body FOR VALUES WITH (modulus 16, remainder 1) with (toast_tuple_target=8160, autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_insert_scale_factor=0.1, autovacuum_vacuum_threshold=200) with (toast: autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_threshold=200)

table message_body_p2 of message_body FOR VALUES WITH (modulus 16, remainder 2) with (toast_tuple_target=8160, autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_insert_scale_factor=0.1, autovacuum_vacuum_threshold=200) with (toast: autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_threshold=200)

table message_body_p3 of message_body FOR VALUES WITH (modulus 16, remainder 3) with (toast_tuple_target=8160, autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_insert_scale_factor=0.1, autovacuum_vacuum_threshold=200) with (toast: autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_threshold=200)

table message_body_p4 of message_body FOR VALUES WITH (modulus 16, remainder 4) with (toast_tuple_target=8160, autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_insert_scale_factor=0.1, autovacuum_vacuum_threshold=200) with (toast: autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_threshold=200)

table message_body_p5 of message_body FOR VALUES WITH (modulus 16, remainder 5) with (toast_tuple_target=8160, autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_insert_scale_factor=0.1, autovacuum_vacuum_threshold=200) with (toast: autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_threshold=200)

table message_body_p6 of message_body FOR VALUES WITH (modulus 16, remainder 6) with (toast_tuple_target=8160, autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_insert_scale_factor=0.1, autovacuum_vacuum_threshold=200) with (toast: autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_threshold=200)

table message_body_p7 of message_body FOR VALUES WITH (modulus 16, remainder 7) with (toast_tuple_target=8160, autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_insert_scale_factor=0.1, autovacuum_vacuum_threshold=200) with (toast: autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_threshold=200)

table message_body_p8 of message_body FOR VALUES WITH (modulus 16, remainder 8) with (toast_tuple_target=8160, autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_insert_scale_factor=0.1, autovacuum_vacuum_threshold=200) with (toast: autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_threshold=200)

table message_body_p9 of message_body FOR VALUES WITH (modulus 16, remainder 9) with (toast_tuple_target=8160, autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_insert_scale_factor=0.1, autovacuum_vacuum_threshold=200) with (toast: autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_threshold=200)

table message_body_p10 of message_body FOR VALUES WITH (modulus 16, remainder 10) with (toast_tuple_target=8160, autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_insert_scale_factor=0.1, autovacuum_vacuum_threshold=200) with (toast: autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_threshold=200)

table message_body_p11 of message_body FOR VALUES WITH (modulus 16, remainder 11) with (toast_tuple_target=8160, autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_insert_scale_factor=0.1, autovacuum_vacuum_threshold=200) with (toast: autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_threshold=200)

table message_body_p12 of message_body FOR VALUES WITH (modulus 16, remainder 12) with (toast_tuple_target=8160, autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_insert_scale_factor=0.1, autovacuum_vacuum_threshold=200) with (toast: autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_threshold=200)

table message_body_p13 of message_body FOR VALUES WITH (modulus 16, remainder 13) with (toast_tuple_target=8160, autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_insert_scale_factor=0.1, autovacuum_vacuum_threshold=200) with (toast: autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_threshold=200)

table message_body_p14 of message_body FOR VALUES WITH (modulus 16, remainder 14) with (toast_tuple_target=8160, autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_insert_scale_factor=0.1, autovacuum_vacuum_threshold=200) with (toast: autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_threshold=200)

table message_body_p15 of message_body FOR VALUES WITH (modulus 16, remainder 15) with (toast_tuple_target=8160, autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_insert_scale_factor=0.1, autovacuum_vacuum_threshold=200) with (toast: autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_threshold=200)

table node_drain
  node_name text collate "C" not null
  since timestamp with time zone not null default now()
  actor text not null
  node_drain_pkey PRIMARY KEY (node_name)

unlogged table node_figures with (fillfactor=50)
  node_name text collate "C" not null
  reported_at timestamp with time zone not null default now()
  figures jsonb not null
  node_figures_bounded CHECK ((octet_length((figures)::text) <= 8192))
  node_figures_pkey PRIMARY KEY (node_name)

table node_log_level
  node_name text collate "C" not null
  level text not null
  until timestamp with time zone
  since timestamp with time zone not null default now()
  actor text not null
  node_log_level_known CHECK ((level = ANY (ARRAY['debug'::text, 'info'::text, 'warn'::text, 'error'::text])))
  node_log_level_pkey PRIMARY KEY (node_name)

table owner with (fillfactor=50, autovacuum_vacuum_scale_factor=0, autovacuum_vacuum_threshold=500)
  owner_id uuid not null
  node_name text collate "C" not null
  boot_id uuid not null
  worker integer not null
  lease_until timestamp with time zone not null
  draining boolean not null default false
  started_at timestamp with time zone not null default now()
  epoch bigint not null default 0
  version text not null default ''::text
  sessions integer not null default 0
  role text not null default ''::text
  owner_pkey PRIMARY KEY (owner_id)

table quit_receipt with (fillfactor=80, autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_threshold=1000)
  mailbox_id bigint not null
  token uuid not null
  message_ids bigint[] not null
  flagged_at timestamp with time zone not null default now()
  purge_after timestamp with time zone not null
  claimed_until timestamp with time zone
  purged_at timestamp with time zone
  quit_receipt_pkey PRIMARY KEY (mailbox_id, token)
  CREATE INDEX quit_receipt_due ON public.quit_receipt USING btree (purge_after) WHERE (purged_at IS NULL)
  CREATE INDEX quit_receipt_old ON public.quit_receipt USING btree (purged_at) WHERE (purged_at IS NOT NULL)

table request_key
  digest bytea not null
  actor text not null
  fingerprint bytea not null
  state text not null default 'claimed'::text
  claimed_until timestamp with time zone not null
  status integer
  answer text
  expires_at timestamp with time zone not null
  request_key_answer_bounded CHECK ((octet_length(answer) <= 65536))
  request_key_answered CHECK (((state = 'answered'::text) = ((status IS NOT NULL) AND (answer IS NOT NULL))))
  request_key_is_digest CHECK (((octet_length(digest) = 32) AND (octet_length(fingerprint) = 32)))
  request_key_state_known CHECK ((state = ANY (ARRAY['claimed'::text, 'answered'::text, 'unknown'::text])))
  request_key_pkey PRIMARY KEY (digest)
  CREATE INDEX request_key_actor ON public.request_key USING btree (actor, expires_at)
  CREATE INDEX request_key_expires ON public.request_key USING btree (expires_at)

table schema_migration
  name text collate "C" not null
  checksum text not null
  applied_at timestamp with time zone not null default now()
  serves_since text collate "C"
  schema_migration_pkey PRIMARY KEY (name)

table webhook
  webhook_id bigint not null generated always as identity
  url text not null
  events text[] not null
  secret text not null
  enabled boolean not null default true
  created_at timestamp with time zone not null default now()
  domain_id bigint
  created_by text not null default 'system'::text
  former_secret text
  former_until timestamp with time zone
  webhook_url_bounded CHECK ((octet_length(url) <= 2048))
  webhook_domain_id_fkey FOREIGN KEY (domain_id) REFERENCES domain(domain_id) ON DELETE CASCADE
  webhook_pkey PRIMARY KEY (webhook_id)
  CREATE INDEX webhook_domain ON public.webhook USING btree (domain_id) WHERE (domain_id IS NOT NULL)

table webhook_delivery
  delivery_id bigint not null generated always as identity
  webhook_id bigint not null
  event_id uuid not null
  event text not null
  payload jsonb not null
  once_key text collate "C"
  state text not null default 'pending'::text
  attempts integer not null default 0
  created_at timestamp with time zone not null default now()
  next_attempt_at timestamp with time zone not null default now()
  finished_at timestamp with time zone
  last_status integer
  last_error text
  webhook_delivery_finished CHECK (((state = 'pending'::text) = (finished_at IS NULL)))
  webhook_delivery_state_known CHECK ((state = ANY (ARRAY['pending'::text, 'delivered'::text, 'dead'::text])))
  webhook_delivery_pkey PRIMARY KEY (delivery_id)
  CREATE INDEX webhook_delivery_dead ON public.webhook_delivery USING btree (webhook_id, delivery_id) WHERE (state = 'dead'::text)
  CREATE INDEX webhook_delivery_due ON public.webhook_delivery USING btree (webhook_id, next_attempt_at) WHERE (state = 'pending'::text)
  CREATE INDEX webhook_delivery_listed ON public.webhook_delivery USING btree (webhook_id, delivery_id)
  CREATE INDEX webhook_delivery_old ON public.webhook_delivery USING btree (finished_at) WHERE (state <> 'pending'::text)
  CREATE UNIQUE INDEX webhook_delivery_once ON public.webhook_delivery USING btree (webhook_id, once_key) WHERE (once_key IS NOT NULL)

function tell_webhooks_of_audit()
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
end 
