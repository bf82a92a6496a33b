/**
 * Claims the key of a request for whoever asks first, or says what became of the request that has it. Answers no row
 * when another request has claimed it at this moment: ask again.
 *
 * Plan: the primary key. The keys of the actor are counted up to their bound, by the index that has them: 0.2 ms for
 * most, 2 ms for an actor who has 19,000 (2026-11-26, two cores).
 */

import { booleanAt, numberOrNullAt, textAt, textOrNullAt } from '../field.ts';
import { requestKeyClaimSeconds, requestKeyKeptHours, requestKeysPerActorMax } from '../limits.ts';
import type { Statement } from '../statement.ts';

export interface RequestToClaim {
  /** SHA-256 of the actor, the route and the key. */
  readonly digest: Uint8Array;
  readonly actor: string;
  /** 32 octets that another request does not have. */
  readonly fingerprint: Uint8Array;
}

export interface RequestKeyRow {
  /**
   * `claimed`: by this call. `busy`: the first request is under way. `unknown`: nobody knows what came of it. `full`:
   * the actor has as many keys as one may have.
   */
  readonly state: 'claimed' | 'busy' | 'answered' | 'unknown' | 'full';
  /** Whether the first request was this one. */
  readonly isSame: boolean;
  readonly status: number | null;
  readonly answer: string | null;
}

const states: readonly RequestKeyRow['state'][] = [
  'claimed',
  'busy',
  'answered',
  'unknown',
  'full',
];

export const claimRequestKey: Statement<RequestToClaim, RequestKeyRow> = {
  name: 'claim_request_key',
  text: `
with room as materialized (
  select not exists (
    select from request_key where actor = $2::text and expires_at > now()
    offset ${requestKeysPerActorMax - 1}) as is_left),
claimed as (
  insert into request_key as old (digest, actor, fingerprint, claimed_until, expires_at)
  select $1::bytea, $2::text, $3::bytea, now() + make_interval(secs => ${requestKeyClaimSeconds}),
         now() + make_interval(hours => ${requestKeyKeptHours})
  from room where is_left
  on conflict (digest) do update
  set fingerprint = excluded.fingerprint, state = excluded.state, claimed_until = excluded.claimed_until,
      expires_at = excluded.expires_at, status = null, answer = null
  where old.expires_at <= now()
  returning digest)
select 'claimed', true, null::integer, null::text from claimed
union all
select case when k.state <> 'claimed' then k.state when k.claimed_until > now() then 'busy' else 'unknown' end,
       k.fingerprint = $3::bytea, k.status, k.answer
from request_key k
where k.digest = $1::bytea and k.expires_at > now() and not exists (select from claimed)
union all
select 'full', false, null, null from room
where not is_left and not exists (select from request_key k where k.digest = $1::bytea and k.expires_at > now())`,
  parameters: ({ digest, actor, fingerprint }) => [
    Buffer.from(digest),
    actor,
    Buffer.from(fingerprint),
  ],
  row: (row) => {
    const state = textAt(row, 0);
    return {
      state: states.find((known) => known === state) ?? 'unknown',
      isSame: booleanAt(row, 1),
      status: numberOrNullAt(row, 2),
      answer: textOrNullAt(row, 3),
    };
  },
};
