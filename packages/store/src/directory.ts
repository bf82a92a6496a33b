/**
 * The verbs of administration and the look-ups of the front ends: domains, mailboxes, logins,
 * recipients. Names arrive canonical; the schema refuses others. Every change writes its audit row
 * in the same transaction.
 */

import { BatchQueue } from './connection/batch-queue.ts';
import type { LinkPool } from './connection/pool.ts';
import type { ShortLine } from './connection/short-line.ts';
import type {
  Credential,
  Login,
  MailboxId,
  Recipient,
  UidlHolder,
  UidlQuestion,
} from './contract.ts';
import { StoreError } from './errors.ts';
import { pageRowsMax } from './limits.ts';
import { addDomain, type NewDomain } from './statements/add-domain.ts';
import { addMailbox, type NewMailbox } from './statements/add-mailbox.ts';
import { findByUidl } from './statements/find-by-uidl.ts';
import { findLogins, type LoginRow } from './statements/find-logins.ts';
import { findMailbox, type MailboxDetails } from './statements/find-mailbox.ts';
import { findRecipients } from './statements/find-recipients.ts';
import { type DomainRow, listDomains } from './statements/list-domains.ts';
import { type HeldMaildrop, listLocks } from './statements/list-locks.ts';
import {
  listMailboxes,
  type MailboxPage,
  type MailboxRow,
  type Page,
} from './statements/list-mailboxes.ts';
import {
  listStoredMessages,
  type MessagePage,
  type StoredMessage,
} from './statements/list-stored-messages.ts';
import { type NewStatus, setMailboxStatus } from './statements/set-mailbox-status.ts';
import { type NewPassword, setPassword } from './statements/set-password.ts';

/** What a caller gives; who did it is `system` unless told. */
export type ByActor<Input extends { readonly actor: string }> = Omit<Input, 'actor'> & {
  readonly actor?: string;
};

function byActor<Input>(input: Input & { readonly actor?: string }): Input & { actor: string } {
  return { ...input, actor: input.actor ?? 'system' };
}

function bounded<Input extends { readonly limit: number }>(page: Input): Input {
  if (!Number.isInteger(page.limit) || page.limit < 1 || page.limit > pageRowsMax) {
    throw new StoreError('INVALID', `a page has 1 to ${pageRowsMax} rows`);
  }
  return page;
}

export class Directory {
  readonly logins: BatchQueue<string, Login | null>;
  readonly recipients: BatchQueue<string, Recipient>;

  readonly #pool: LinkPool;

  constructor(line: ShortLine, pool: LinkPool) {
    this.#pool = pool;
    this.logins = new BatchQueue({
      send: async (names) => loginsOf(names, await line.run(findLogins, [...new Set(names)])),
    });
    this.recipients = new BatchQueue({
      send: async (addresses) => {
        const rows = await line.run(findRecipients, [...new Set(addresses)]);
        const found = new Map(rows.map((row) => [row.address, row]));
        return addresses.map((address) => recipientOf(found.get(address)));
      },
    });
  }

  /** CONFLICT when it exists. */
  async addDomain(input: ByActor<NewDomain>): Promise<void> {
    await this.#pool.run(addDomain, byActor(input));
  }

  /** CONFLICT when the address exists, NOT_FOUND when its domain does not. */
  async addMailbox(input: ByActor<NewMailbox>): Promise<MailboxId> {
    const [mailboxId] = await this.#pool.run(addMailbox, byActor(input));
    if (mailboxId === undefined) throw new StoreError('NOT_FOUND', 'there is no such domain');
    return mailboxId;
  }

  /** NOT_FOUND when there is no such mailbox. */
  async setPassword(input: ByActor<NewPassword>): Promise<void> {
    const changed = await this.#pool.run(setPassword, byActor(input));
    if (changed.length === 0) throw new StoreError('NOT_FOUND', 'there is no such mailbox');
  }

  /** NOT_FOUND when there is no such mailbox. */
  async setMailboxStatus(input: ByActor<NewStatus>): Promise<void> {
    const changed = await this.#pool.run(setMailboxStatus, byActor(input));
    if (changed.length === 0) throw new StoreError('NOT_FOUND', 'there is no such mailbox');
  }

  async findMailbox(address: string): Promise<MailboxDetails | null> {
    const [details] = await this.#pool.run(findMailbox, address);
    return details ?? null;
  }

  async listDomains(page: Page): Promise<DomainRow[]> {
    return this.#pool.run(listDomains, bounded(page));
  }

  async listMailboxes(page: MailboxPage): Promise<MailboxRow[]> {
    return this.#pool.run(listMailboxes, bounded(page));
  }

  async listLocks(page: Page): Promise<HeldMaildrop[]> {
    return this.#pool.run(listLocks, bounded(page));
  }

  async findByUidl(question: UidlQuestion): Promise<UidlHolder | null> {
    const [holder] = await this.#pool.run(findByUidl, question);
    return holder ?? null;
  }

  async messagesOf(page: MessagePage): Promise<StoredMessage[]> {
    return this.#pool.run(listStoredMessages, bounded(page));
  }
}

function loginsOf(names: readonly string[], rows: readonly LoginRow[]): (Login | null)[] {
  const logins = new Map<string, Login & { readonly credentials: Credential[] }>();
  for (const { name, kind, secret, ...login } of rows) {
    let found = logins.get(name);
    if (found === undefined) {
      found = { ...login, credentials: [] };
      logins.set(name, found);
    }
    if (secret !== null && (kind === 'password' || kind === 'app-password')) {
      found.credentials.push({ kind, secret });
    }
  }
  return names.map((name) => logins.get(name) ?? null);
}

function recipientOf(
  row:
    | { readonly mailboxId: MailboxId; readonly address: string; readonly status: string }
    | undefined,
): Recipient {
  if (row === undefined || row.status === 'deleting') return { kind: 'unknown' };
  if (row.status === 'suspended') return { kind: 'suspended' };
  return { kind: 'mailbox', mailboxId: row.mailboxId, address: row.address };
}
