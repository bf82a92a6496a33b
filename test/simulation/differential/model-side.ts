/**
 * The model database, stepped by hand: what a statement answers, or that it waits for a row that a
 * transaction of the other connection has locked.
 */

import type { Statement, TableDump } from '@poplar/store/testing';
import type { Rows } from '../database/lock-statements.ts';
import { StatementError } from '../database/mail-statements.ts';
import { type Steps, Transaction } from '../database/rows.ts';
import { perform, type Request } from '../database/statements.ts';
import { Sequence, Tables } from '../database/tables.ts';

export type AnyStatement = Statement<never, unknown>;

export type Said = { readonly rows: unknown[] } | { readonly error: string } | 'waits';

interface Running {
  readonly tx: Transaction;
  readonly steps: Steps<Rows>;
  readonly statement: AnyStatement;
  readonly isHeld: boolean;
}

export class ModelSide {
  readonly #tables: Tables;
  #commits = 0;
  #nowMs = 0;
  #held: Transaction | null = null;
  #waiting: Running | null = null;

  constructor(mailboxIds: readonly string[]) {
    this.#tables = new Tables(new Sequence(0n, () => undefined));
    for (const mailboxId of mailboxIds) this.#tables.addMailbox(mailboxId);
  }

  run(request: Request, statement: AnyStatement, isHeld: boolean): Said {
    this.#nowMs += 1;
    const tx = new Transaction(this.#nowMs);
    tx.snapshot = this.#commits;
    const steps = perform(this.#tables, tx, request);
    return this.#go({ tx, steps, statement, isHeld });
  }

  /** Ends the transaction that is held; what the other connection, if it waited, says to that. */
  finish(how: 'commit' | 'rollback'): Said | null {
    const held = this.#held;
    this.#held = null;
    if (held !== null) {
      if (how === 'commit') this.#commit(held);
      else held.end();
    }
    const waiting = this.#waiting;
    this.#waiting = null;
    return waiting === null ? null : this.#go(waiting);
  }

  endLease(ownerId: string): void {
    const row = this.#tables.owner.row(ownerId);
    const owner = row.committed;
    if (owner === null) return;
    this.#commits += 1;
    const value = { ...owner, leaseUntilMs: this.#nowMs - 1_000 };
    row.versions.push({ commit: this.#commits, value });
  }

  dump(): TableDump {
    const { owner, lock, maildrop, receipt, message } = this.#tables;
    const now = this.#nowMs;
    return {
      owner: valuesOf(owner.rows.values()).map(
        ({ ownerId, epoch, sessions, draining, ...rest }) => ({
          ...{ owner_id: ownerId, epoch, sessions, draining, alive: rest.leaseUntilMs > now },
        }),
      ),
      locks: [...lock.rows.values()].flatMap(({ key, committed }) => {
        if (committed === null) return [];
        const { token, ownerId, ownerEpoch, grants, grantedAtMs, client, actorId } = committed;
        const granted = grantedAtMs !== null;
        const owned = { owner_id: ownerId, owner_epoch: ownerEpoch, client, actor_id: actorId };
        return [{ mailbox_id: key, token, ...owned, grants, granted }];
      }),
      drops: [...maildrop.rows.values()].flatMap(({ key, committed }) =>
        committed === null ? [] : [{ mailbox_id: key, ...committed }],
      ),
      messages: valuesOf(message.rows.values()).map((row) => ({
        mailbox_id: row.mailboxId,
        message_id: String(row.messageId),
        guid: row.guid,
        uidl: row.uidl,
        octets: row.octets,
        wire_octets: row.wireOctets,
        header_octets: row.headerOctets,
        deleted: row.deletedAtMs !== null,
        deleted_by: row.deletedBy,
        body: row.body,
      })),
      receipts: valuesOf(receipt.rows.values()).map((row) => ({
        mailbox_id: row.mailboxId,
        token: row.token,
        ids: row.messageIds.map(String),
        claimed: row.claimedUntilMs === null ? null : row.claimedUntilMs > now,
        purged: row.purgedAtMs !== null,
      })),
    };
  }

  #go(running: Running): Said {
    const { tx, steps, statement, isHeld } = running;
    try {
      for (;;) {
        const next = steps.next();
        if (next.done !== true) {
          if (next.value === 'step') continue;
          this.#waiting = running;
          return 'waits';
        }
        if (isHeld) this.#held = tx;
        else this.#commit(tx);
        return { rows: next.value.map(statement.row) };
      }
    } catch (error) {
      if (!(error instanceof StatementError)) throw error;
      tx.end();
      return { error: error.sqlState };
    }
  }

  #commit(tx: Transaction): void {
    this.#commits += 1;
    tx.commit(this.#commits);
  }
}

function valuesOf<Value>(rows: Iterable<{ readonly committed: Value | null }>): Value[] {
  return [...rows].flatMap(({ committed }) => (committed === null ? [] : [committed]));
}
