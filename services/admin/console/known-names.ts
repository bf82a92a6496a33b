/**
 * Names of the API that the operator chooses from, with what they mean. A test compares them with the API's own.
 *
 * Never: a name that the API does not know.
 */

export type Choice = readonly [name: string, meaning: string];

export const scopeChoices: readonly Choice[] = [
  ['read', 'look at everything but messages'],
  ['mailboxes', 'domains, mailboxes, passwords'],
  ['messages', 'messages, imports and exports'],
  ['sessions', 'end sessions, break locks'],
  ['nodes', 'drain nodes'],
  ['tokens', 'make and revoke tokens'],
  ['webhooks', 'webhooks and their deliveries'],
];

export const eventChoices: readonly Choice[] = [
  ['message.delivered', 'mail has come in'],
  ['quota.near', 'a mailbox is nearly full'],
  ['login.failed_many', 'many logins failed'],
  ['lock.broken', 'a lock was broken'],
  ['mailbox.created', 'a mailbox was made'],
  ['mailbox.suspended', 'a mailbox was suspended'],
  ['mailbox.deleted', 'a mailbox was deleted'],
];

/** By which deliveries are listed. */
export const deliveryStateChoices: readonly Choice[] = [
  ['', 'All'],
  ['pending', 'Waiting'],
  ['delivered', 'Delivered'],
  ['dead', 'Dead letters'],
];
