/**
 * The credentials of a mailbox without their secrets, in the order in which they were made; one row
 * without a credential for a mailbox that has none, none for one that is not there.
 */

import { dateAt, dateOrNullAt, textAt, textOrNullAt } from '../field.ts';
import { pageRowsMax } from '../limits.ts';
import type { Statement } from '../statement.ts';

export interface CredentialRow {
  readonly credentialId: string;
  readonly kind: string;
  readonly label: string;
  /** Of a client certificate; null for what has a secret. */
  readonly certificateName: string | null;
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  /** The day, as `2026-11-24`: coarse, so that it costs a write a day. */
  readonly lastUsedOn: string | null;
}

export const listCredentials: Statement<string, CredentialRow | null> = {
  name: 'list_credentials',
  text: `
select c.credential_id, c.kind, c.label, case when c.kind = 'certificate' then c.secret end,
       extract(epoch from c.created_at) * 1000, extract(epoch from c.expires_at) * 1000,
       to_char(c.last_used_on, 'YYYY-MM-DD')
from mailbox m left join credential c on c.mailbox_id = m.mailbox_id
where m.address = $1
order by c.credential_id limit ${pageRowsMax}`,
  parameters: (address) => [address],
  row: (row) =>
    row[0] === null
      ? null
      : {
          credentialId: textAt(row, 0),
          kind: textAt(row, 1),
          label: textAt(row, 2),
          certificateName: textOrNullAt(row, 3),
          createdAt: dateAt(row, 4),
          expiresAt: dateOrNullAt(row, 5),
          lastUsedOn: textOrNullAt(row, 6),
        },
};
