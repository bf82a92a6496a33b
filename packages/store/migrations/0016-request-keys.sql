-- Serves programs since 0008.
-- Requests that came with a key of their client (Idempotency-Key), and what they were answered: whoever sends one again
-- because its answer was lost is told the first one, and nothing is done twice. A program that does not know this table
-- takes no notice of such a key.

create table request_key (
  -- SHA-256 of who asks, of the route and of the key: nobody learns a key from here.
  digest bytea primary key,
  actor text not null,
  -- Of the whole request, keyed by what is not in this database: a password in it cannot be tried out on this.
  fingerprint bytea not null,
  state text not null default 'claimed',
  -- Claimed, and this is over: whoever worked on it has died, and nobody knows what came of it.
  claimed_until timestamptz not null,
  status integer,
  -- What was answered, or what of it may be kept. Never a secret.
  answer text,
  expires_at timestamptz not null,
  constraint request_key_state_known check (state in ('claimed', 'answered', 'unknown')),
  constraint request_key_is_digest check (octet_length(digest) = 32 and octet_length(fingerprint) = 32),
  constraint request_key_answered check ((state = 'answered') = (status is not null and answer is not null)),
  constraint request_key_answer_bounded check (octet_length(answer) <= 65536)
);

create index request_key_actor on request_key (actor, expires_at);
create index request_key_expires on request_key (expires_at);
