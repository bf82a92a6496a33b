/**
 * The maildrops that live sessions have open, in the order of their addresses, a page at a time, of one
 * domain or of all.
 *
 * Plan: one scan of `maildrop_lock`, which has a narrow row for each mailbox and no index that a
 * login would have to maintain; a million mailboxes are read in about a tenth of a second.
 */

import { dateAt, numberAt, textAt, textOrNullAt } from '../field.ts';
import type { Statement } from '../statement.ts';
import type { Page } from './list-mailboxes.ts';

export interface LockPage extends Page {
  readonly domain?: string;
}

export interface HeldMaildrop {
  readonly address: string;
  readonly ownerId: string;
  readonly nodeName: string;
  readonly worker: number;
  readonly since: Date;
  /** The address it was opened from, if that is known. */
  readonly client: string | null;
  /** Who opened it, where that is somebody else. */
  readonly actor: string | null;
}

export const listLocks: Statement<LockPage, HeldMaildrop> = {
  name: 'list_locks',
  text: `
select m.address, l.owner_id, o.node_name, o.worker, extract(epoch from l.granted_at) * 1000,
       l.client, a.address
from maildrop_lock l
join owner o on o.owner_id = l.owner_id and o.epoch <= l.owner_epoch and o.lease_until > now()
join mailbox m on m.mailbox_id = l.mailbox_id
left join mailbox a on a.mailbox_id = l.actor_id
where l.token is not null and m.address > $1
  and ($3::text is null or m.domain_id = (select domain_id from domain where name = $3))
order by m.address limit $2`,
  parameters: ({ after = '', limit, domain }) => [after, String(limit), domain ?? null],
  row: (row) => ({
    address: textAt(row, 0),
    ownerId: textAt(row, 1),
    nodeName: textAt(row, 2),
    worker: numberAt(row, 3),
    since: dateAt(row, 4),
    client: textOrNullAt(row, 5),
    actor: textOrNullAt(row, 6),
  }),
};
