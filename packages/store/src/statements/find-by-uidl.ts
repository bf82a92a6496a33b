/**
 * The message that has a UIDL in a mailbox, flagged ones included, compared with another one by its
 * body. Its header comes along only if the bodies are equal, so that little crosses the wire.
 *
 * Plan: the unique index of UIDLs, then one primary key look-up. `substr` of a value that is stored
 * uncompressed reads no more than it answers or digests.
 */

import type { UidlHolder, UidlQuestion } from '../contract.ts';
import { bytesOrNullAt } from '../field.ts';
import type { Statement } from '../statement.ts';

export const findByUidl: Statement<UidlQuestion, UidlHolder> = {
  name: 'find_by_uidl',
  binary: true,
  text: `
select case when m.wire_octets - m.header_octets = $3::bigint
             and sha256(substr(b.body, m.header_octets::integer + 1)) = $4::bytea
            then substr(b.body, 1, m.header_octets::integer) end
from message m
join message_body b on b.mailbox_id = m.mailbox_id and b.message_id = m.message_id
where m.mailbox_id = $1 and m.uidl = $2`,
  parameters: ({ mailboxId, uidl, bodyOctets, bodyDigest }) => [
    mailboxId,
    uidl,
    String(bodyOctets),
    Buffer.from(bodyDigest),
  ],
  row: (row) => {
    const header = bytesOrNullAt(row, 0);
    return header === null ? { kind: 'other-body' } : { kind: 'same-body', header };
  },
};
