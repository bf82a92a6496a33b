/**
 * Adds a token of the API by its digest, with its audit row. Answers no row when the domain that it
 * is to be restricted to does not exist.
 *
 * Never: the token itself, in a row or in a parameter.
 */

import { textAt } from '../field.ts';
import { textArray } from '../parameter.ts';
import type { Statement } from '../statement.ts';

export interface NewApiToken {
  /** SHA-256 of the token. */
  readonly digest: Uint8Array;
  readonly label: string;
  readonly scopes: readonly string[];
  /** Canonical; null for all domains. */
  readonly domain: string | null;
  readonly expiresAt: Date | null;
  readonly actor: string;
}

export const addApiToken: Statement<NewApiToken, string> = {
  name: 'add_api_token',
  text: `
with added as (
  insert into api_token (digest, label, scopes, domain_id, expires_at, created_by)
  select $1::bytea, $2, $3::text[], d.domain_id, $5::timestamptz, $6
  from (select) one left join domain d on d.name = $4::text
  where $4::text is null or d.domain_id is not null
  returning api_token_id),
audited as (
  insert into audit (actor, action, subject, detail)
  select $6, 'token.add', api_token_id::text,
         jsonb_strip_nulls(jsonb_build_object(
           'label', $2::text, 'scopes', $3::text[], 'domain', $4::text, 'expiresAt', $5::timestamptz))
  from added)
select api_token_id from added`,
  parameters: ({ digest, label, scopes, domain, expiresAt, actor }) => [
    Buffer.from(digest),
    label,
    textArray(scopes),
    domain,
    expiresAt === null ? null : expiresAt.toISOString(),
    actor,
  ],
  row: (row) => textAt(row, 0),
};
