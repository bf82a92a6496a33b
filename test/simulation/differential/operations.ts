/**
 * Random lists of operations for two connections: what the store's statements are asked, with tokens,
 * epochs and messages that are sometimes right and sometimes out of date, and transactions that are
 * held open while the other connection goes on.
 */

import type { MailboxId } from '@poplar/store';
import type { HeldLock, LockRequest } from '@poplar/store/testing';
import type { Chance } from '../chance.ts';
import { addressOf } from '../database/lock-statements.ts';
import type { Request } from '../database/statements.ts';

export type Side = 'a' | 'b';

export type Operation =
  /** In a transaction of its own; or in one that stays open until `finish`. */
  | {
      readonly kind: 'run';
      readonly side: Side;
      readonly request: Request;
      readonly isHeld: boolean;
    }
  | { readonly kind: 'finish'; readonly side: Side; readonly how: 'commit' | 'rollback' }
  | { readonly kind: 'end-lease'; readonly ownerId: string };

export const mailboxIds = ['1', '2'] as const;

/** What a list can refer to. */
class Names {
  readonly owners: readonly string[];
  readonly bootId: string;
  readonly tokens: string[] = [];
  /** As they would be if all went well; wrong ones are wanted, too. */
  readonly epochs = new Map<string, number>();
  messages = 0;
  readonly #chance: Chance;

  constructor(chance: Chance) {
    this.#chance = chance;
    this.owners = [chance.uuid(), chance.uuid()];
    this.bootId = chance.uuid();
    this.tokens.push(chance.uuid());
  }

  freshToken(): string {
    const token = this.#chance.uuid();
    this.tokens.push(token);
    return token;
  }

  /** Mostly one of the last. */
  token(): string {
    return this.#chance.pick(this.#chance.hit(0.7) ? this.tokens.slice(-3) : this.tokens);
  }

  mailbox(): MailboxId {
    return (this.#chance.hit(0.04) ? '9' : this.#chance.pick(mailboxIds)) as MailboxId;
  }

  mailboxes(): MailboxId[] {
    return this.#chance.hit(0.6) ? [this.mailbox()] : (['2', '1'] as MailboxId[]);
  }

  ids(): bigint[] {
    const ids: bigint[] = [];
    for (let id = 1n; id <= BigInt(this.messages + 1); id += 1n) {
      if (this.#chance.hit(0.5)) ids.push(id);
    }
    return ids;
  }

  epoch(ownerId: string): number {
    const epoch = this.epochs.get(ownerId) ?? 0;
    return this.#chance.hit(0.85) ? epoch : Math.max(0, epoch - 1);
  }

  lock(): HeldLock {
    return { mailboxId: this.mailbox(), token: this.token() };
  }

  locks(): HeldLock[] {
    return this.mailboxes().map((mailboxId) => ({ mailboxId, token: this.token() }));
  }
}

type Asking = (chance: Chance, names: Names) => Request;

function lockRequests(chance: Chance, names: Names): LockRequest[] {
  return names.mailboxes().map((mailboxId) => {
    const ownerId = chance.pick(names.owners);
    return {
      mailboxId,
      actorId: chance.hit(0.8) ? mailboxId : names.mailbox(),
      credentialVersion: chance.hit(0.9) ? '1' : '2',
      ownerId,
      token: names.freshToken(),
      epoch: String(names.epoch(ownerId)),
      ...(chance.hit(0.5) ? { client: '192.0.2.7' } : {}),
    };
  });
}

const deliver: Asking = (chance, names) => {
  const unknown = ['1', '9'] as MailboxId[];
  const wanted = chance.hit(0.1) ? unknown : names.mailboxes();
  names.messages += wanted.length;
  const body = `Subject: ${names.messages}\r\n\r\n..text\r\n`;
  return {
    name: 'deliver_message',
    input: {
      mailboxIds: wanted,
      guids: wanted.map(() => chance.uuid()),
      prefixes: wanted.map((mailboxId) => Buffer.from(`To: ${mailboxId}\r\n`)),
      pieces: [Buffer.from(body.slice(0, 9)), Buffer.from(body.slice(9))],
      octets: body.length - 1,
      headerOctets: body.indexOf('\r\n\r\n') + 4,
      uidl: chance.hit(0.3) ? chance.pick(['u1', 'u2', 'u3']) : null,
      receivedAt: null,
    },
  };
};

const beginEpoch: Asking = (chance, names) => {
  const ownerId = chance.pick(names.owners);
  const epoch = (names.epochs.get(ownerId) ?? 0) + (chance.hit(0.8) ? 1 : 0);
  names.epochs.set(ownerId, epoch);
  const locks = chance.hit(0.6) ? names.locks() : [];
  return { name: 'begin_epoch', input: { ownerId, epoch: String(epoch), locks } };
};

const renewOwners: Asking = (chance, names) => {
  const workers = names.owners.map((ownerId) => ({ ownerId, sessions: chance.below(9) }));
  return { name: 'renew_owners', input: { workers, draining: chance.hit(0.2) } };
};

const deleteFormer: Asking = (chance, names) => {
  const exceptBootId = chance.hit(0.5) ? names.bootId : chance.uuid();
  return { name: 'delete_former_owners', input: { nodeName: 'n', exceptBootId } };
};

const endSession: Asking = (chance, names) => {
  const isBroken = chance.hit(0.6);
  const address = addressOf(names.mailbox());
  return { name: 'end_session', input: { address, isBroken, actor: 'system' } };
};

function flagOrPurge(names: Names) {
  return { ...names.lock(), messageIds: names.ids() };
}

/** By weight. */
const askings: readonly (readonly [number, Asking])[] = [
  [8, (chance, names) => ({ name: 'take_locks', input: lockRequests(chance, names) })],
  [2, (chance, names) => ({ name: 'read_opened', input: lockRequests(chance, names) })],
  [2, (chance, names) => ({ name: 'read_refused', input: lockRequests(chance, names) })],
  [4, (_, names) => ({ name: 'release_locks', input: names.locks() })],
  [1, (_, names) => ({ name: 'find_held_locks', input: names.locks() })],
  [1, (_, names) => ({ name: 'ask_owners', input: names.mailboxes() })],
  [2, endSession],
  [3, beginEpoch],
  [6, deliver],
  [2, (_, names) => ({ name: 'list_messages', input: names.mailbox() })],
  [7, (_, names) => ({ name: 'flag_messages', input: flagOrPurge(names) })],
  [3, (_, names) => ({ name: 'confirm_receipt', input: names.lock() })],
  [2, () => ({ name: 'claim_receipt', input: undefined })],
  [2, (_, names) => ({ name: 'purge_messages', input: flagOrPurge(names) })],
  [1, (_, names) => ({ name: 'mark_purged', input: names.lock() })],
  [2, renewOwners],
  [1, (chance, names) => ({ name: 'delete_owner', input: chance.pick(names.owners) })],
  [0.3, deleteFormer],
];

const weights = askings.reduce((sum, [weight]) => sum + weight, 0);

function ask(chance: Chance, names: Names): Request {
  let at = chance.fraction() * weights;
  for (const [weight, asking] of askings) {
    at -= weight;
    if (at < 0) return asking(chance, names);
  }
  return { name: 'claim_receipt', input: undefined };
}

/** A list of `length` operations, one or two more to bring it to an end. */
export function operationsOf(chance: Chance, length: number): Operation[] {
  const names = new Names(chance);
  const operations: Operation[] = names.owners.map((ownerId) => {
    const input = { ownerId, nodeName: 'n', bootId: names.bootId, worker: 0 };
    return { kind: 'run', side: 'a', isHeld: false, request: { name: 'insert_owner', input } };
  });
  let isHeld = false;
  const finish = (): Operation => {
    isHeld = false;
    return { kind: 'finish', side: 'a', how: chance.hit(0.75) ? 'commit' : 'rollback' };
  };
  while (operations.length < length) {
    if (isHeld) {
      operations.push({ kind: 'run', side: 'b', isHeld: false, request: ask(chance, names) });
      operations.push(finish());
    } else if (chance.hit(0.1)) {
      operations.push({ kind: 'end-lease', ownerId: chance.pick(names.owners) });
    } else {
      isHeld = chance.hit(0.35);
      const side = isHeld ? 'a' : chance.pick(['a', 'b'] as const);
      operations.push({ kind: 'run', side, isHeld, request: ask(chance, names) });
    }
  }
  if (isHeld) operations.push(finish());
  return operations;
}
