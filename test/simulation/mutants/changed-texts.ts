/**
 * Statements with one thing wrong in their real text. What they would do to a cluster the other list shows
 * on the model; here PostgreSQL must be seen to differ from the model, or the model says too little.
 */

import type { ChangedText } from '../differential/compare.ts';

interface Change extends ChangedText {
  readonly what: string;
}

const ofLocks: readonly Change[] = [
  {
    what: 'a lock is taken from a live owner',
    name: 'take_locks',
    find: ' and o.lease_until > now())))',
    replace: ' and o.lease_until > now() and false)))',
  },
  {
    what: 'a lock of an earlier epoch is held',
    name: 'take_locks',
    find: 'where o.owner_id = l.owner_id and o.epoch <= l.owner_epoch and',
    replace: 'where o.owner_id = l.owner_id and',
  },
  {
    what: 'a lock is taken in an epoch that is past',
    name: 'take_locks',
    find: 'o.owner_id = w.owner_id and o.epoch = w.epoch and',
    replace: 'o.owner_id = w.owner_id and',
  },
  {
    what: 'a lock is taken without a lease',
    name: 'take_locks',
    find: 'o.epoch = w.epoch and o.lease_until > now() offset 0) mine',
    replace: 'o.epoch = w.epoch offset 0) mine',
  },
  {
    what: 'a lock is taken with old credentials',
    name: 'take_locks',
    find: ' and a.credential_version = w.credential_version',
    replace: '',
  },
  {
    what: 'an open waits for a row',
    name: 'take_locks',
    find: 'for update skip locked) l)',
    replace: 'for update) l)',
  },
  {
    what: 'a release does not compare the token',
    name: 'release_locks',
    find: 'where l.mailbox_id = c.mailbox_id and l.token = c.token',
    replace: 'where l.mailbox_id = c.mailbox_id',
  },
  {
    what: 'a release waits for a row',
    name: 'release_locks',
    find: 'for update skip locked',
    replace: 'for update',
  },
  {
    what: 'an epoch takes any lock along',
    name: 'begin_epoch',
    find: ' and l.token = live.token',
    replace: '',
  },
  {
    what: 'an epoch is begun behind a newer one',
    name: 'begin_epoch',
    find: ' and epoch < $4::bigint',
    replace: '',
  },
  {
    what: 'a renewal renews nothing',
    name: 'renew_owners',
    find: 'set lease_until = now() +',
    replace: 'set lease_until = o.lease_until -',
  },
  {
    what: 'a lapsed lease is not told',
    name: 'renew_owners',
    find: 'o.lease_until < now() as lapsed',
    replace: 'false as lapsed',
  },
  {
    what: 'a kick frees the lock',
    name: 'end_session',
    find: 'where $2::boolean and mailbox_id',
    replace: 'where mailbox_id',
  },
  {
    what: 'a lock of the dead is broken',
    name: 'end_session',
    find: ' and o.lease_until > now() offset 0) o',
    replace: ' offset 0) o',
  },
];

const ofMail: readonly Change[] = [
  {
    what: 'the fence of a QUIT is not compared',
    name: 'flag_messages',
    find: 'where mailbox_id = $1 and token = $2\n  returning mailbox_id)',
    replace: 'where mailbox_id = $1\n  returning mailbox_id)',
  },
  {
    what: 'a QUIT flags without the lock',
    name: 'flag_messages',
    find: 'deleted_by = $2\n  from released\n  where',
    replace: 'deleted_by = $2\n  where',
  },
  {
    what: 'a QUIT flags what is flagged',
    name: 'flag_messages',
    find: ' and m.deleted_at is null\n  returning m.message_id',
    replace: '\n  returning m.message_id',
  },
  {
    what: 'a QUIT leaves the version as it is',
    name: 'flag_messages',
    find: ', version = d.version + 1',
    replace: '',
  },
  {
    what: 'a QUIT that flagged nothing leaves its receipt to the purge',
    name: 'flag_messages',
    find: 'case when t.messages = 0 then now() end',
    replace: 'null',
  },
  {
    what: 'one UIDL comes twice in a maildrop',
    name: 'deliver_message',
    find: 'w.guid, $5::text,',
    replace: 'w.guid, $5::text || left(w.guid::text, 8),',
  },
  {
    what: 'a delivery is not counted',
    name: 'deliver_message',
    find: 'set messages = d.messages + t.messages, ',
    replace: 'set ',
  },
  {
    what: 'a list shows what is flagged',
    name: 'list_messages',
    find: ' and deleted_at is null',
    replace: '',
  },
  {
    what: 'a purge takes what others flagged',
    name: 'purge_messages',
    find: ' and deleted_by = $2',
    replace: ' and $2::uuid is not null',
  },
  {
    what: 'a receipt is claimed twice',
    name: 'claim_receipt',
    find: '\n    and (claimed_until is null or claimed_until < now())',
    replace: '',
  },
  {
    what: 'what is purged is claimed again',
    name: 'mark_purged',
    find: 'set purged_at = now()',
    replace: 'set purged_at = null',
  },
  {
    what: 'a receipt is found under any token',
    name: 'confirm_receipt',
    find: 'where mailbox_id = $1 and token = $2',
    replace: 'where mailbox_id = $1 and $2::uuid is not null',
  },
];

export const changedTexts: readonly Change[] = [...ofLocks, ...ofMail];
