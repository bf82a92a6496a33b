/**
 * Tells webhooks of locks that were taken from owners that are gone: `lock.broken`, as it is told of one
 * that an administrator broke. Behind the statement that took them and not in its transaction: a login
 * waits for no outbox.
 *
 * Plan: primary key look-ups; webhooks are few.
 */

import type { MailboxId } from '../contract.ts';
import { textAt } from '../field.ts';
import { int8Array } from '../parameter.ts';
import type { Statement } from '../statement.ts';
import { mailboxSql, payloadSql, wantingSql } from '../webhook-event.ts';

const payload = payloadSql({
  ...{ id: 'e.event_id', event: "'lock.broken'", domain: 'o.name', mailbox: 'b.address' },
  data: "jsonb_build_object('by', 'lease')",
});

export const tellStolenLocks: Statement<readonly MailboxId[], string> = {
  name: 'tell_stolen_locks',
  text: `
with stolen as materialized (
  select mailbox_id, gen_random_uuid() as event_id from unnest($1::bigint[]) as s (mailbox_id))
insert into webhook_delivery (webhook_id, event_id, event, payload)
select w.webhook_id, e.event_id, 'lock.broken', ${payload}
from stolen e
${mailboxSql('e.mailbox_id')}
${wantingSql({ event: "'lock.broken'", domainId: 'b.domain_id' })}
returning delivery_id`,
  parameters: (mailboxIds) => [int8Array(mailboxIds)],
  row: (row) => textAt(row, 0),
};
