/**
 * The mail that is read: maildrops filled through the store as a delivery would, the same octets on
 * every run.
 */

import { hashPassword } from '@poplar/identity';
import { toWireMessage } from '@poplar/protocol';
import { type MailboxId, openStore, type Store } from '@poplar/store';
import type { Workload } from './workloads.ts';

export const password = 'measured';
const domain = 'bench.example.org';

/** Delivered in one call of the store; a delivery takes each mailbox once. */
const deliveriesAtOnce = 8;

/** Login names of the workload's maildrops, filled. */
export async function fill(databaseUrl: string, workload: Workload): Promise<string[]> {
  const store = openStore({ databaseUrl });
  try {
    const secret = await hashPassword(new TextEncoder().encode(password));
    await store.directory.addDomain({ name: domain }).catch(() => undefined);
    const users: string[] = [];
    for (let i = 0; i < workload.connections; i += 1) {
      const address = `${workload.name}-${i}@${domain}`;
      const mailboxId = await store.directory.addMailbox({ address, secret });
      await deliverAll(store, mailboxId, workload);
      users.push(address);
    }
    return users;
  } finally {
    await store.end();
  }
}

async function deliverAll(
  store: Store,
  mailboxId: MailboxId,
  { messages, octets }: Workload,
): Promise<void> {
  const content = messageOf(octets);
  const { pieces, octets: total, headerOctets } = toWireMessage(content);
  const deliverOne = async (): Promise<void> => {
    const deliveries = [{ mailboxId, prefix: new Uint8Array(0) }];
    const { delivered } = await store.deliver({ deliveries, pieces, octets: total, headerOctets });
    if (delivered[0] !== 'delivered') throw new Error(`not delivered: ${delivered[0]}`);
  };
  for (let left = messages; left > 0; left -= deliveriesAtOnce) {
    await Promise.all(Array.from({ length: Math.min(left, deliveriesAtOnce) }, deliverOne));
  }
}

function messageOf(octets: number): Uint8Array {
  const header = 'From: a@example.org\r\nTo: b@example.org\r\nSubject: measured\r\n\r\n';
  const line = `${'0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ+/'.repeat(2).slice(0, 76)}\r\n`;
  const lines = Math.max(1, Math.round((octets - header.length) / line.length));
  return new TextEncoder().encode(header + line.repeat(lines));
}
