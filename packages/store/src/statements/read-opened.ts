/**
 * What a batch of opens finds, in the order of the requests. A statement of its own, sent behind
 * `takeLocks` in the same round trip: within one statement the lock would see the latest row but
 * everything else the state of before, and a session that took the lock from a QUIT that was
 * committing would list what that QUIT removed.
 *
 * Every login pays for it, so it reads nothing that only a refusal needs (read-refused.ts).
 *
 * Plan: a nested loop of primary key look-ups, one row each.
 */

import { booleanAt, numberAt, textAt, textOrNullAt } from '../field.ts';
import { int8Array } from '../parameter.ts';
import type { Statement } from '../statement.ts';
import type { LockRequest } from './take-locks.ts';

export interface OpenedState {
  /** Position of the request. */
  readonly index: number;
  /** The actor's; null when there is no such mailbox. */
  readonly credentialVersion: string | null;
  /** Both the actor and the mailbox to open. */
  readonly enabled: boolean;
  readonly version: string;
  readonly messages: number;
  readonly loginDelaySeconds: number;
}

export const readOpened: Statement<readonly LockRequest[], OpenedState> = {
  name: 'read_opened',
  text: `
select w.n - 1, a.credential_version,
       coalesce(a.status = 'active' and a.pop3_enabled and f.pop3_enabled
         and m.status = 'active' and m.pop3_enabled and t.pop3_enabled, false),
       coalesce(d.version, 0), coalesce(d.messages, 0),
       coalesce(ceil(extract(epoch from t.login_delay)), 0)
from unnest($1::bigint[], $2::bigint[]) with ordinality as w (mailbox_id, actor_id, n)
left join lateral (
  select a.domain_id, a.credential_version, a.status, a.pop3_enabled
  from mailbox a where a.mailbox_id = w.actor_id offset 0) a on true
left join lateral (
  select f.pop3_enabled from domain f where f.domain_id = a.domain_id offset 0) f on true
left join lateral (
  select m.domain_id, m.status, m.pop3_enabled
  from mailbox m where m.mailbox_id = w.mailbox_id offset 0) m on true
left join lateral (
  select t.pop3_enabled, t.login_delay from domain t
  where t.domain_id = m.domain_id offset 0) t on true
left join lateral (
  select d.version, d.messages from maildrop d where d.mailbox_id = w.mailbox_id offset 0) d on true`,
  parameters: (requests) => [
    int8Array(requests.map((request) => request.mailboxId)),
    int8Array(requests.map((request) => request.actorId)),
  ],
  row: (row) => ({
    index: numberAt(row, 0),
    credentialVersion: textOrNullAt(row, 1),
    enabled: booleanAt(row, 2),
    version: textAt(row, 3),
    messages: numberAt(row, 4),
    loginDelaySeconds: numberAt(row, 5),
  }),
};
