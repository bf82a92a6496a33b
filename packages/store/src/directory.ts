/**
 * The verbs of administration for domains and mailboxes: who there is, under which names, what is
 * switched on, and who may open whose maildrop. Names arrive canonical; the schema refuses others.
 * Every change writes its audit row in the same transaction, and where it changes what a mailbox may
 * do when it logs in, bumps that mailbox's credential version in the same statement.
 */

import { type ByActor, byActor } from './by-actor.ts';
import type { LinkPool } from './connection/pool.ts';
import type { MailboxId, UidlHolder, UidlQuestion } from './contract.ts';
import { InTheWay, NotFound, StoreError } from './errors.ts';
import { loginNamesMax, pageRowsMax } from './limits.ts';
import { addDomain, type NewDomain } from './statements/add-domain.ts';
import { addGrant, type Grant, type GrantChange } from './statements/add-grant.ts';
import { addLoginName, type NewLoginName } from './statements/add-login-name.ts';
import { addMailbox, type NewMailbox } from './statements/add-mailbox.ts';
import { addMasterGrant, type MasterGrant } from './statements/add-master-grant.ts';
import { type DeletedMailbox, deleteMailbox } from './statements/delete-mailbox.ts';
import { findByUidl } from './statements/find-by-uidl.ts';
import { findDomain } from './statements/find-domain.ts';
import { findLastMessage } from './statements/find-last-message.ts';
import { findMailbox, type MailboxDetails } from './statements/find-mailbox.ts';
import { listDomainMailboxes } from './statements/list-domain-mailboxes.ts';
import { type DomainRow, listDomains } from './statements/list-domains.ts';
import { type GrantRow, listGrants } from './statements/list-grants.ts';
import { type HeldMaildrop, type LockPage, listLocks } from './statements/list-locks.ts';
import { listLoginNames } from './statements/list-login-names.ts';
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
import { type LoginDelays, readLoginDelays } from './statements/read-login-delays.ts';
import {
  type DomainRemoval,
  type RemovedDomain,
  removeDomain,
} from './statements/remove-domain.ts';
import { removeGrant } from './statements/remove-grant.ts';
import { type RemovedLoginName, removeLoginName } from './statements/remove-login-name.ts';
import { removeMasterGrant } from './statements/remove-master-grant.ts';
import { type DomainSettings, setDomain } from './statements/set-domain.ts';
import { type MailboxSettings, setMailbox } from './statements/set-mailbox.ts';
import { type MailboxPop3, setMailboxPop3 } from './statements/set-mailbox-pop3.ts';
import { type NewStatus, setMailboxStatus } from './statements/set-mailbox-status.ts';
import { type UndeletedMailbox, undeleteMailbox } from './statements/undelete-mailbox.ts';

function bounded<Input extends { readonly limit: number }>(page: Input): Input {
  if (!Number.isInteger(page.limit) || page.limit < 1 || page.limit > pageRowsMax) {
    throw new StoreError('INVALID', `a page has 1 to ${pageRowsMax} rows`);
  }
  return page;
}

function noMailbox(): StoreError {
  return new NotFound('mailbox');
}

function noDomain(): StoreError {
  return new NotFound('domain');
}

function stale(): StoreError {
  return new StoreError('STALE', 'it was changed meanwhile: look at it again');
}

export class Directory {
  readonly #pool: LinkPool;

  constructor(pool: LinkPool) {
    this.#pool = pool;
  }

  /** CONFLICT when it exists. */
  async addDomain(input: ByActor<NewDomain>): Promise<void> {
    await this.#pool.run(addDomain, byActor(input));
  }

  /** Changes what is given; NOT_FOUND when there is no such domain, STALE when it is not of these versions. */
  async setDomain(input: ByActor<DomainSettings>): Promise<void> {
    const [isChanged] = await this.#pool.run(setDomain, byActor(input));
    if (isChanged === undefined) throw noDomain();
    // It was there when the statement began: without versions it is gone by now.
    if (!isChanged) throw isAnyVersion(input) ? noDomain() : stale();
  }

  /** NOT_FOUND when there is no such domain, CONFLICT when it has mailboxes, STALE when it is not of these versions. */
  async removeDomain(input: ByActor<RemovedDomain>): Promise<void> {
    const [found] = await this.#pool.run(removeDomain, byActor(input));
    if (found === undefined) throw noDomain();
    if (!found.isSeen) throw stale();
    const wrong = leftIn(found);
    if (wrong !== null) throw new InTheWay('left-mailboxes', wrong);
  }

  /** Null when there is no such domain. */
  async findDomain(name: string): Promise<DomainRow | null> {
    const [row] = await this.#pool.run(findDomain, name);
    return row ?? null;
  }

  /** Of all domains, for what is said before anyone has logged in. */
  async loginDelays(): Promise<LoginDelays> {
    const [delays] = await this.#pool.run(readLoginDelays, undefined);
    return delays ?? { largestSeconds: 0, differs: false };
  }

  async listDomains(page: Page): Promise<DomainRow[]> {
    return this.#pool.run(listDomains, bounded(page));
  }

  /** CONFLICT when the address or a name like it exists, NOT_FOUND when its domain does not. */
  async addMailbox(input: ByActor<NewMailbox>): Promise<MailboxId> {
    const [mailboxId] = await this.#pool.run(addMailbox, byActor(input));
    if (mailboxId === undefined) throw noDomain();
    return mailboxId;
  }

  /** Changes what is given; NOT_FOUND when there is no such mailbox or it is being deleted, STALE when it is not of these versions. */
  async setMailbox(input: ByActor<MailboxSettings>): Promise<void> {
    const [isChanged] = await this.#pool.run(setMailbox, byActor(input));
    checkChanged(isChanged, input);
  }

  /**
   * One that is being deleted already may get a shorter grace, and keeps the one it has when that is shorter.
   * NOT_FOUND when there is no such mailbox, STALE when it is not of these versions.
   */
  async deleteMailbox(input: ByActor<DeletedMailbox>): Promise<void> {
    const [done] = await this.#pool.run(deleteMailbox, byActor(input));
    if (done !== undefined && !done.isMarked && done.wasDeleting && done.isSeen) return;
    checkChanged(done?.isMarked, input);
  }

  /** NOT_FOUND when there is no mailbox of this address that can be had back. */
  async undeleteMailbox(input: ByActor<UndeletedMailbox>): Promise<void> {
    const [found] = await this.#pool.run(undeleteMailbox, byActor(input));
    if (found?.isBack === true) return;
    const endedAt = found?.endedAt ?? null;
    const wrong =
      endedAt === null
        ? 'there is no deleted mailbox of this address'
        : `the grace of this mailbox was over at ${endedAt.toISOString()}: it is being removed`;
    throw new NotFound('mailbox', wrong);
  }

  /** NOT_FOUND when there is no such mailbox. */
  async setMailboxStatus(input: ByActor<NewStatus>): Promise<void> {
    const changed = await this.#pool.run(setMailboxStatus, byActor(input));
    if (changed.length === 0) throw noMailbox();
  }

  /** NOT_FOUND when there is no such mailbox. */
  async setMailboxPop3(input: ByActor<MailboxPop3>): Promise<void> {
    const changed = await this.#pool.run(setMailboxPop3, byActor(input));
    if (changed.length === 0) throw noMailbox();
  }

  /** Null when there is no such mailbox. */
  async findMailbox(address: string): Promise<MailboxDetails | null> {
    const [details] = await this.#pool.run(findMailbox, address);
    return details ?? null;
  }

  /** Of all domains, or of one; none when there is no such domain. */
  async listMailboxes(page: MailboxPage & { readonly domain?: string }): Promise<MailboxRow[]> {
    const { domain } = page;
    if (domain === undefined) return this.#pool.run(listMailboxes, bounded(page));
    return this.#pool.run(listDomainMailboxes, { ...bounded(page), domain });
  }

  /** An alias: CONFLICT when the name is anyone's already, INVALID when there are too many. */
  async addLoginName(input: Omit<ByActor<NewLoginName>, 'countMax'>): Promise<void> {
    const wanted = { ...byActor(input), countMax: loginNamesMax };
    const [isAdded] = await this.#pool.run(addLoginName, wanted);
    if (isAdded === undefined) throw noMailbox();
    if (!isAdded) {
      throw new StoreError('INVALID', `a mailbox has at most ${loginNamesMax} login names`);
    }
  }

  /** NOT_FOUND when the mailbox has no such alias; its address is none. */
  async removeLoginName(input: ByActor<RemovedLoginName>): Promise<void> {
    const removed = await this.#pool.run(removeLoginName, byActor(input));
    if (removed.length === 0) throw new NotFound('login-name', 'the mailbox has no such alias');
  }

  /** The address is one of them; none when there is no such mailbox. */
  async listLoginNames(address: string): Promise<string[]> {
    return this.#pool.run(listLoginNames, address);
  }

  /** NOT_FOUND when a mailbox is not there, CONFLICT when there is such a grant. */
  async addGrant(input: ByActor<Grant>): Promise<void> {
    checkAdded(await this.#pool.run(addGrant, byActor(input)));
  }

  /** NOT_FOUND when a mailbox or the grant is not there. */
  async removeGrant(input: ByActor<Grant>): Promise<void> {
    checkRemoved(await this.#pool.run(removeGrant, byActor(input)));
  }

  /** NOT_FOUND when mailbox or domain is not there, CONFLICT when there is such a grant. */
  async addMasterGrant(input: ByActor<MasterGrant>): Promise<void> {
    checkAdded(await this.#pool.run(addMasterGrant, byActor(input)));
  }

  /** NOT_FOUND when mailbox, domain or grant is not there. */
  async removeMasterGrant(input: ByActor<MasterGrant>): Promise<void> {
    checkRemoved(await this.#pool.run(removeMasterGrant, byActor(input)));
  }

  /** NOT_FOUND when there is no such mailbox. */
  async listGrants(address: string): Promise<GrantRow[]> {
    const rows = await this.#pool.run(listGrants, address);
    if (rows.length === 0) throw noMailbox();
    return rows.filter((row) => row !== null);
  }

  /** Maildrops that live sessions have open. */
  async listLocks(page: LockPage): Promise<HeldMaildrop[]> {
    return this.#pool.run(listLocks, bounded(page));
  }

  /** The message that has a UIDL, compared with one that was to be delivered under it. */
  async findByUidl(question: UidlQuestion): Promise<UidlHolder | null> {
    const [holder] = await this.#pool.run(findByUidl, question);
    return holder ?? null;
  }

  /** The last message of a mailbox, flagged or not; 0 when it has none. */
  async lastMessageOf(mailboxId: MailboxId): Promise<bigint> {
    const [last] = await this.#pool.run(findLastMessage, mailboxId);
    return last ?? 0n;
  }

  /** Messages as stored, flagged ones included. */
  async messagesOf(page: MessagePage): Promise<StoredMessage[]> {
    return this.#pool.run(listStoredMessages, bounded(page));
  }
}

/** What a domain has that is to be removed; null when that is nothing. */
function leftIn({ mailboxes, deletedMailboxes, deletedUntil }: DomainRemoval): string | null {
  const left = mailboxes === 0 ? '' : `the domain has mailboxes: ${mailboxes}`;
  if (deletedMailboxes === 0 || deletedUntil === null) return left === '' ? null : left;
  const kept =
    deletedMailboxes === 1
      ? 'a deleted mailbox of the domain is kept'
      : `${deletedMailboxes} deleted mailboxes of the domain are kept`;
  const until = `${kept} until ${deletedUntil.toISOString()}`;
  // Whoever wants the domain gone does not want to wait for it.
  const way = 'a mailbox that is deleted again with a grace of 0 goes at once';
  return left === '' ? `${until}: ${way}` : `${left}; ${until}`;
}

interface Versioned {
  readonly versions?: readonly string[] | null | undefined;
}

function isAnyVersion({ versions }: Versioned): boolean {
  return versions === undefined || versions === null;
}

/** @param isChanged undefined where there was no mailbox when the statement began */
function checkChanged(isChanged: boolean | undefined, input: Versioned): void {
  if (isChanged === true) return;
  // It was there: without versions it is gone by now.
  throw isChanged === undefined || isAnyVersion(input) ? noMailbox() : stale();
}

function checkBoth(change: GrantChange | undefined): void {
  if (change?.hasGrantee !== true) throw new NotFound('grantee');
  if (!change.hasSubject) {
    throw new NotFound('mailbox', 'there is no such mailbox or domain to grant');
  }
}

function checkAdded([change]: readonly GrantChange[]): void {
  checkBoth(change);
  if (change?.isChanged !== true) throw new StoreError('CONFLICT', 'there is such a grant already');
}

function checkRemoved([change]: readonly GrantChange[]): void {
  checkBoth(change);
  if (change?.isChanged !== true) throw new NotFound('grant');
}
