/**
 * Revokes a token of the API for good, with its audit row. Answers no row when there is none or it was
 * revoked before.
 */

import { textAt } from '../field.ts';
import type { Statement } from '../statement.ts';

export interface RevokedApiToken {
  readonly tokenId: string;
  readonly actor: string;
}

export const revokeApiToken: Statement<RevokedApiToken, string> = {
  name: 'revoke_api_token',
  text: `
with revoked as (
  update api_token set revoked_at = now() where api_token_id = $1::bigint and revoked_at is null
  returning api_token_id, label),
audited as (
  insert into audit (actor, action, subject, detail)
  select $2, 'token.revoke', api_token_id::text, jsonb_build_object('label', label) from revoked)
select api_token_id from revoked`,
  parameters: ({ tokenId, actor }) => [tokenId, actor],
  row: (row) => textAt(row, 0),
};
