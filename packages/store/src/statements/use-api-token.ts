/**
 * The token that has this digest, if it is good now, and the day of its use noted: once a day, so that
 * a request costs a look-up and no write.
 *
 * Plan: one look-up by the unique index on the digest.
 */

import { dateOrNullAt, textAt, textOrNullAt } from '../field.ts';
import type { Statement } from '../statement.ts';

export interface UsedApiToken {
  readonly tokenId: string;
  readonly label: string;
  readonly scopes: readonly string[];
  /** Null: of all domains. */
  readonly domain: string | null;
  /** Null: it does not end by itself. */
  readonly expiresAt: Date | null;
}

export const useApiToken: Statement<Uint8Array, UsedApiToken> = {
  name: 'use_api_token',
  text: `
with good as (
  select t.api_token_id, t.label, t.scopes, t.domain_id, t.last_used_on, t.expires_at from api_token t
  where t.digest = $1::bytea and t.revoked_at is null
    and (t.expires_at is null or t.expires_at > now())),
noted as (
  update api_token t set last_used_on = current_date from good
  where t.api_token_id = good.api_token_id and good.last_used_on is distinct from current_date)
select good.api_token_id, good.label, array_to_string(good.scopes, ' '), d.name,
       extract(epoch from good.expires_at) * 1000
from good left join domain d on d.domain_id = good.domain_id`,
  parameters: (digest) => [Buffer.from(digest)],
  row: (row) => ({
    tokenId: textAt(row, 0),
    label: textAt(row, 1),
    scopes: textAt(row, 2).split(' '),
    domain: textOrNullAt(row, 3),
    expiresAt: dateOrNullAt(row, 4),
  }),
};
