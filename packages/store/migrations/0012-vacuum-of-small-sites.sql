-- Serves programs since 0008.
-- Messages that were removed are vacuumed sooner in small partitions.
--
-- A threshold of 2,000 dead rows for each of sixteen partitions let a site of some ten thousand messages double its room before
-- autovacuum looked at any of them, and 5,000 pieces of 2 KB in TOAST did likewise. For large partitions the share of 0.02
-- decides, as before. See docs/operations/vacuum.md for what it was measured by.
do $$
begin
  for i in 0..15 loop
    execute format('alter table message_p%s set (autovacuum_vacuum_threshold = 200)', i);
    execute format(
      'alter table message_body_p%s set (autovacuum_vacuum_threshold = 200,
                                         toast.autovacuum_vacuum_threshold = 200)', i);
  end loop;
end
$$;
