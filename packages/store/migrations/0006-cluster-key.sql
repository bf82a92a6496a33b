-- What the nodes that share this database have in common and nobody else knows: from it come the decoys
-- of SCRAM, which must not depend on the node that answers.
create table cluster_key (
  only_row boolean primary key default true,
  key bytea not null,
  constraint cluster_key_one check (only_row),
  constraint cluster_key_256_bits check (octet_length(key) = 32)
);

-- A version 4 UUID has 122 random bits.
insert into cluster_key (key)
values (sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8')));
