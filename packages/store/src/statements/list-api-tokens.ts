/**
 * Tokens of the API in the order in which they were made, without their digests, a page at a time;
 * those that are over and those that were revoked included.
 */

import { booleanAt, dateAt, dateOrNullAt, textAt, textOrNullAt } from '../field.ts';
import type { Statement } from '../statement.ts';
import type { Page } from './list-mailboxes.ts';

export interface ApiTokenRow {
  readonly tokenId: string;
  readonly label: string;
  readonly scopes: readonly string[];
  readonly domain: string | null;
  readonly createdAt: Date;
  readonly createdBy: string;
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
  /** The day, as `2026-11-24`. */
  readonly lastUsedOn: string | null;
  /** Whether it opens anything now. */
  readonly isGood: boolean;
}

export const listApiTokens: Statement<Page, ApiTokenRow> = {
  name: 'list_api_tokens',
  text: `
select t.api_token_id, t.label, array_to_string(t.scopes, ' '), d.name,
       extract(epoch from t.created_at) * 1000, t.created_by,
       extract(epoch from t.expires_at) * 1000, extract(epoch from t.revoked_at) * 1000,
       to_char(t.last_used_on, 'YYYY-MM-DD'),
       t.revoked_at is null and (t.expires_at is null or t.expires_at > now())
from api_token t left join domain d on d.domain_id = t.domain_id
where t.api_token_id > $1::bigint order by t.api_token_id limit $2`,
  parameters: ({ after = '0', limit }) => [after, String(limit)],
  row: (row) => ({
    tokenId: textAt(row, 0),
    label: textAt(row, 1),
    scopes: textAt(row, 2).split(' '),
    domain: textOrNullAt(row, 3),
    createdAt: dateAt(row, 4),
    createdBy: textAt(row, 5),
    expiresAt: dateOrNullAt(row, 6),
    revokedAt: dateOrNullAt(row, 7),
    lastUsedOn: textOrNullAt(row, 8),
    isGood: booleanAt(row, 9),
  }),
};
