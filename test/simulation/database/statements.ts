/**
 * The statements of the store by their names, as the model does them.
 */

import type { FlagRequest, MailboxId, NewOwner } from '@poplar/store';
import type {
  DeliverInput,
  FormerOwners,
  HeldLock,
  LockRequest,
  NewEpoch,
  PurgeSlice,
  Renewal,
  SessionToEnd,
} from '@poplar/store/testing';
import * as locks from './lock-statements.ts';
import * as mail from './mail-statements.ts';
import * as owners from './owner-statements.ts';
import type { Steps, Transaction } from './rows.ts';
import type { Tables } from './tables.ts';

/** What a statement was asked, by its name. */
export type Request =
  | {
      readonly name: 'take_locks' | 'read_opened' | 'read_refused';
      readonly input: readonly LockRequest[];
    }
  | { readonly name: 'begin_epoch'; readonly input: NewEpoch }
  | { readonly name: 'release_locks' | 'find_held_locks'; readonly input: readonly HeldLock[] }
  | { readonly name: 'ask_owners'; readonly input: readonly MailboxId[] }
  | { readonly name: 'end_session'; readonly input: SessionToEnd }
  | { readonly name: 'insert_owner'; readonly input: NewOwner }
  | { readonly name: 'renew_owners'; readonly input: Renewal }
  | { readonly name: 'delete_owner'; readonly input: string }
  | { readonly name: 'delete_former_owners'; readonly input: FormerOwners }
  | { readonly name: 'list_messages'; readonly input: MailboxId }
  | { readonly name: 'flag_messages'; readonly input: FlagRequest }
  | { readonly name: 'confirm_receipt' | 'mark_purged'; readonly input: HeldLock }
  | { readonly name: 'deliver_message'; readonly input: DeliverInput }
  | { readonly name: 'claim_receipt' | 'listen'; readonly input: undefined }
  | { readonly name: 'purge_messages'; readonly input: PurgeSlice };

/**
 * What is sent: a copy, since whoever sent it may use the memory of its pieces again. The statement's own
 * type of input belongs to its name: `Statement` says so, the compiler cannot.
 */
export function requestOf(name: string, input: unknown): Request {
  const request = { name, input } as Request;
  if (request.name !== 'deliver_message') return request;
  const pieces = request.input.pieces.map((piece) => piece.slice());
  return { name: request.name, input: { ...request.input, pieces } };
}

export function perform(tables: Tables, tx: Transaction, request: Request): Steps<locks.Rows> {
  switch (request.name) {
    case 'take_locks':
      return locks.takeLocks(tables, tx, request.input);
    case 'read_opened':
      return locks.readOpened(tables, tx, request.input);
    case 'read_refused':
      return locks.readRefused(tables, tx, request.input);
    case 'begin_epoch':
      return locks.beginEpoch(tables, tx, request.input);
    case 'release_locks':
      return locks.releaseLocks(tables, tx, request.input);
    case 'find_held_locks':
      return locks.findHeldLocks(tables, tx, request.input);
    case 'ask_owners':
      return locks.askOwners(tables, tx, request.input);
    case 'end_session':
      return locks.endSession(tables, tx, request.input);
    case 'insert_owner':
      return owners.insertOwner(tables, tx, request.input);
    case 'renew_owners':
      return owners.renewOwners(tables, tx, request.input);
    case 'delete_owner':
      return owners.deleteOwner(tables, tx, request.input);
    case 'delete_former_owners':
      return owners.deleteFormerOwners(tables, tx, request.input);
    case 'list_messages':
      return mail.listMessages(tables, tx, request.input);
    case 'flag_messages':
      return mail.flagMessages(tables, tx, request.input);
    case 'confirm_receipt':
      return mail.confirmReceipt(tables, tx, request.input);
    case 'mark_purged':
      return mail.markPurged(tables, tx, request.input);
    case 'deliver_message':
      return mail.deliverMessage(tables, tx, request.input);
    case 'claim_receipt':
      return mail.claimReceipt(tables, tx);
    case 'purge_messages':
      return mail.purgeMessages(tables, tx, request.input);
    case 'listen':
      return nothing();
    default:
      throw new Error(`the model does not know the statement ${JSON.stringify(request)}`);
  }
}

/** Who listens is the server process's business. */
function* nothing(): Steps<locks.Rows> {
  yield 'step';
  return [];
}
