/**
 * A POP3 worker thread: the real store, and what services/pop3 does around it (role.ts,
 * login/maildrop-opener.ts): opens maildrops for clients whose password is right, drops sessions
 * whose lock is gone, looks after clients that others ask about.
 */

import {
  type MailboxId,
  type OpenResult,
  openStore,
  type Snapshot,
  type Store,
} from '@poplar/store';
import type { Database } from '../database/database.ts';
import type { History } from '../history.ts';
import type { Stage } from '../stage.ts';
import { Pop3Connection } from './pop3-connection.ts';
import { Process } from './process.ts';
import { Wire } from './wire.ts';

export interface OpenMaildrop {
  readonly mailboxId: MailboxId;
  readonly token: string;
  readonly snapshot: Snapshot;
}

type Refusal = 'in-use' | 'temporary' | 'disabled';

/** Credentials that change in between are read again. */
const staleCredentialTriesMax = 3;

export class Pop3Worker extends Process {
  ownerId: string;
  readonly store: Store;
  readonly history: History;
  readonly connections = new Set<Pop3Connection>();
  readonly #database: Database;
  readonly #wires = new Set<Wire>();
  readonly #stageOfWires: Stage;
  /** Credential versions as they were last read. */
  readonly #known = new Map<string, string>();

  constructor(
    stage: Stage,
    database: Database,
    options: { name: string; ownerId: string; history: History; lockWaitMs: number },
  ) {
    super(stage, database, options.name);
    this.#database = database;
    this.#stageOfWires = stage;
    this.ownerId = options.ownerId;
    this.history = options.history;
    this.store = openStore({
      databaseUrl: 'simulated',
      lockWaitMs: options.lockWaitMs,
      world: this.world,
      locksLost: (tokens) => this.#drop((token) => tokens.includes(token)),
      asksOwners: true,
      lockAsked: ({ kind, token }) => this.#asked(kind, token),
    });
  }

  /** A client connects. */
  accept(): { wire: Wire; connection: Pop3Connection } {
    const wire = new Wire(this.#stageOfWires, this.actor);
    const connection = new Pop3Connection(this, wire);
    wire.serving = connection;
    this.connections.add(connection);
    this.#wires.add(wire);
    return { wire, connection };
  }

  override kill(): void {
    super.kill();
    this.history.died(this.actor);
    for (const wire of this.#wires) wire.closed();
  }

  ownerChanged(ownerId: string): void {
    this.ownerId = ownerId;
    this.#drop(() => true);
  }

  leaseLapsed(): void {
    this.store.checkLocks().catch(() => {});
  }

  /** The node has been without its database for too long. */
  endSessions(): void {
    for (const connection of [...this.connections]) connection.shutDown();
  }

  async open(name: string, connection: Pop3Connection): Promise<OpenMaildrop | Refusal> {
    const mailboxId = name as MailboxId;
    try {
      for (let tries = 0; tries < staleCredentialTriesMax; tries += 1) {
        const result = await this.#openWith(mailboxId, connection);
        if (result !== 'stale-credentials') return result;
        const row = this.#database.primary.tables.mailbox.row(mailboxId);
        this.#known.set(mailboxId, row.committed?.credentialVersion ?? '1');
      }
    } catch {
      // An outage; no lock is held.
    }
    return 'temporary';
  }

  async release(mailboxId: MailboxId, token: string): Promise<void> {
    this.history.ending(token);
    await this.store.close(mailboxId, token);
    this.history.ended(token);
  }

  async #openWith(
    mailboxId: MailboxId,
    connection: Pop3Connection,
  ): Promise<OpenMaildrop | Refusal | 'stale-credentials'> {
    const token = this.world.uuid();
    const { ownerId } = this;
    this.history.opening({ token, mailboxId, actor: this.actor });
    const opened = await this.#lock(mailboxId, token);
    if (opened.kind === 'in-use') this.history.refused(mailboxId);
    if (opened.kind !== 'opened') {
      this.history.ended(token);
      return opened.kind === 'login-delay' ? 'temporary' : opened.kind;
    }
    try {
      const snapshot = await this.store.snapshot(mailboxId, opened.version, opened.messages);
      if (this.ownerId !== ownerId || !this.store.holdsLock(ownerId, token)) {
        throw new Error('the lock was lost meanwhile');
      }
      this.history.opened(token, snapshot);
      connection.token = token;
      return { mailboxId, token, snapshot };
    } catch (error) {
      await this.release(mailboxId, token);
      throw error;
    }
  }

  async #lock(mailboxId: MailboxId, token: string): Promise<OpenResult> {
    const credentialVersion = this.#known.get(mailboxId) ?? '1';
    const who = { actorId: mailboxId, ownerId: this.ownerId, client: '192.0.2.1' };
    try {
      return await this.store.open({ mailboxId, credentialVersion, token, ...who });
    } catch (error) {
      // A lock that was taken and never heard of is the store's to release.
      this.history.ended(token);
      throw error;
    }
  }

  #drop(isLost: (token: string) => boolean): void {
    for (const connection of [...this.connections]) {
      const token = connection.maildrop?.token;
      if (token === undefined || !isLost(token)) continue;
      this.history.ending(token);
      connection.shutDown();
    }
  }

  #asked(kind: 'check' | 'end', token: string): void {
    for (const connection of [...this.connections]) {
      if (connection.maildrop?.token !== token) continue;
      if (kind === 'end') connection.shutDown();
      else void connection.giveWay();
    }
  }
}
