/**
 * Delivers one message as deliver-message.ts does, and tells webhooks in the same transaction: of each
 * copy, and of each mailbox that it fills to the mark at which its quota is near. Sent only where a
 * webhook may want it (subscriptions.ts), so that a delivery pays nothing for webhooks that are not there.
 *
 * A quota becomes near once: with the delivery that passes the mark, and not again until what is held
 * has fallen below it.
 *
 * Plan: that of the delivery; webhooks are few and read from end to end.
 */

import type { Statement } from '../statement.ts';
import { mailboxSql, payloadSql, wantingSql } from '../webhook-event.ts';
import {
  type DeliveredCopy,
  type DeliverInput,
  deliverMessage,
  outcomes,
  storing,
} from './deliver-message.ts';

/** Percent of its quota at which a mailbox is told of as nearly full. */
const quotaNearPercent = 90;

const delivered = payloadSql({
  ...{ id: 'i.event_id', event: "'message.delivered'", domain: 'o.name', mailbox: 'b.address' },
  data: "jsonb_build_object('messageId', i.message_id::text, 'octets', i.octets)",
});

const near = payloadSql({
  ...{ id: 'n.event_id', event: "'quota.near'", domain: 'o.name', mailbox: 'b.address' },
  data: "jsonb_build_object('octets', n.octets, 'quotaOctets', n.quota)",
});

export const deliverMessageTold: Statement<DeliverInput, DeliveredCopy> = {
  ...deliverMessage,
  name: 'deliver_message_told',
  text: `
${storing},
arrived as materialized (
  select mailbox_id, message_id, octets, gen_random_uuid() as event_id from inserted),
told_delivered as (
  insert into webhook_delivery (webhook_id, event_id, event, payload)
  select w.webhook_id, i.event_id, 'message.delivered', ${delivered}
  from arrived i
  ${mailboxSql('i.mailbox_id')}
  ${wantingSql({ event: "'message.delivered'", domainId: 'b.domain_id' })}),
filled as materialized (
  select i.mailbox_id, a.octets as quota, d.octets as before, d.octets + sum(i.octets) as octets,
         gen_random_uuid() as event_id
  from inserted i
  join open_drop d on d.mailbox_id = i.mailbox_id
  join allowed a on a.mailbox_id = i.mailbox_id
  where a.octets > 0
  group by i.mailbox_id, a.octets, d.octets),
told_near as (
  insert into webhook_delivery (webhook_id, event_id, event, payload)
  select w.webhook_id, n.event_id, 'quota.near', ${near}
  from filled n
  ${mailboxSql('n.mailbox_id')}
  ${wantingSql({ event: "'quota.near'", domainId: 'b.domain_id' })}
  where n.before * 100 < n.quota * ${quotaNearPercent}
    and n.octets * 100 >= n.quota * ${quotaNearPercent})${outcomes}`,
};
