/**
 * Adds the scores that a node has given since its last exchange, removes some that are old, and
 * answers what the other nodes have added since. Each row is answered once to each node: only those of
 * transactions before the oldest one that still runs are, and they are taken up again behind the
 * last one. One row without a key at least, which says from where.
 *
 * Plan: range scans of the primary key; what is removed is looked for among the oldest rows only.
 */

import { textAt, textOrNullAt } from '../field.ts';
import { penaltiesPurgedMax, penaltiesReadMax, penaltyKeptSeconds } from '../limits.ts';
import { byteaArray, textArray } from '../parameter.ts';
import type { Statement } from '../statement.ts';

/** A place in the order of rows. */
export interface PenaltyPlace {
  /** A transaction. */
  readonly addedIn: string;
  /** Hex. */
  readonly key: string;
}

export interface PenaltyExchange {
  readonly nodeName: string;
  readonly keys: readonly Uint8Array[];
  readonly scores: readonly number[];
  /** The last row that was read. */
  readonly after: PenaltyPlace;
}

export interface PenaltyRow {
  /** All transactions before it are read, unless as many rows as may be were answered. */
  readonly before: string;
  readonly place: PenaltyPlace | null;
  readonly score: number;
}

export const exchangePenalties: Statement<PenaltyExchange, PenaltyRow> = {
  name: 'exchange_penalties',
  text: `
with added as (
  insert into login_penalty (key, node_name, score)
  select w.key, $1, w.score::float8 from unnest($2::bytea[], $3::text[]) as w (key, score)),
old as (
  select o.added_in, o.key
  from (
    select * from login_penalty where added_in >= '0'
    order by added_in, key limit ${penaltiesPurgedMax}) o
  where o.added_at < now() - make_interval(secs => ${penaltyKeptSeconds})),
locked as (
  select l.place from old
  cross join lateral (
    select p.ctid as place from login_penalty p
    where p.added_in = old.added_in and p.key = old.key
    for update skip locked) l),
removed as (
  delete from login_penalty where ctid = any(array(select l.place from locked l)))
select s.before, p.added_in, encode(p.key, 'hex'), coalesce(p.score, 0)
from (select pg_snapshot_xmin(pg_current_snapshot()) as before offset 0) s
left join lateral (
  select * from login_penalty p
  where (p.added_in, p.key) > ($4::xid8, decode($5, 'hex')) and p.added_in < s.before
    and p.node_name <> $1 and p.added_at > now() - make_interval(secs => ${penaltyKeptSeconds})
  order by p.added_in, p.key limit ${penaltiesReadMax}) p on true`,
  parameters: ({ nodeName, keys, scores, after }) => [
    nodeName,
    byteaArray(keys),
    textArray(scores.map(String)),
    after.addedIn,
    after.key,
  ],
  row: (row) => {
    const addedIn = textOrNullAt(row, 1);
    return {
      before: textAt(row, 0),
      place: addedIn === null ? null : { addedIn, key: textAt(row, 2) },
      score: Number(textAt(row, 3)),
    };
  },
};
