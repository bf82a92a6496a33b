/**
 * One mailbox in full, with the session that has it open.
 */

import type { MailboxId } from '../contract.ts';
import {
  booleanAt,
  dateAt,
  dateOrNullAt,
  mailboxIdAt,
  numberAt,
  numberOrNullAt,
  type Row,
  textAt,
  textOrNullAt,
} from '../field.ts';
import type { Statement } from '../statement.ts';

/** Who holds the lock of a maildrop. */
export interface LockHolder {
  readonly ownerId: string;
  /** Null when the owner's row is gone: the lock is free to be taken. */
  readonly nodeName: string | null;
  readonly worker: number | null;
  readonly alive: boolean;
  readonly since: Date | null;
  /** The address it was opened from, if that is known. */
  readonly client: string | null;
  /** Who opened it, where that is somebody else. */
  readonly actor: string | null;
}

export interface MailboxDetails {
  readonly mailboxId: MailboxId;
  readonly address: string;
  readonly status: 'active' | 'suspended' | 'deleting';
  readonly pop3Enabled: boolean;
  readonly credentialVersion: string;
  readonly createdAt: Date;
  readonly messages: number;
  readonly octets: number;
  /** Version of the list of messages. */
  readonly version: string;
  readonly lock: LockHolder | null;
  /** Its own or that of its domain; null: no bound. */
  readonly quotaOctets: number | null;
  /** When it is removed for good; null unless it is being deleted. */
  readonly deleteAfter: Date | null;
  /** Another one after each change of its settings or secrets, not of its mail; never that of another mailbox. */
  readonly settingsVersion: string;
}

function statusAt(row: Row, column: number): MailboxDetails['status'] {
  const status = textAt(row, column);
  return status === 'active' || status === 'suspended' ? status : 'deleting';
}

function lockHolderOf(row: Row): LockHolder | null {
  const ownerId = textOrNullAt(row, 9);
  if (ownerId === null) return null;
  return {
    ownerId,
    nodeName: textOrNullAt(row, 10),
    worker: row[11] === null ? null : numberAt(row, 11),
    alive: booleanAt(row, 12),
    since: dateOrNullAt(row, 13),
    client: textOrNullAt(row, 14),
    actor: textOrNullAt(row, 15),
  };
}

export const findMailbox: Statement<string, MailboxDetails> = {
  name: 'find_mailbox',
  text: `
select m.mailbox_id, m.address, m.status, m.pop3_enabled, m.credential_version,
       extract(epoch from m.created_at) * 1000, d.messages, d.octets, d.version,
       case when l.token is not null then l.owner_id end, o.node_name, o.worker,
       coalesce(o.lease_until > now() and o.epoch <= l.owner_epoch, false),
       extract(epoch from l.granted_at) * 1000, l.client, a.address,
       extract(epoch from m.delete_after) * 1000,
       coalesce(m.quota_octets, (select q.quota_octets from domain q where q.domain_id = m.domain_id)),
       m.mailbox_id || '-' || m.xmin
from mailbox m
join maildrop d on d.mailbox_id = m.mailbox_id
join maildrop_lock l on l.mailbox_id = m.mailbox_id
left join owner o on o.owner_id = l.owner_id
left join mailbox a on a.mailbox_id = l.actor_id
where m.address = $1`,
  parameters: (address) => [address],
  row: (row) => ({
    mailboxId: mailboxIdAt(row, 0),
    address: textAt(row, 1),
    status: statusAt(row, 2),
    pop3Enabled: booleanAt(row, 3),
    credentialVersion: textAt(row, 4),
    createdAt: dateAt(row, 5),
    messages: numberAt(row, 6),
    octets: numberAt(row, 7),
    version: textAt(row, 8),
    lock: lockHolderOf(row),
    deleteAfter: dateOrNullAt(row, 16),
    quotaOctets: numberOrNullAt(row, 17),
    settingsVersion: textAt(row, 18),
  }),
};
