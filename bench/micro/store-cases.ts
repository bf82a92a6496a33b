/**
 * The store without PostgreSQL: what becomes of inputs before they are sent, in batches as they are at a
 * busy hour, and of the rows that come back.
 */

import { randomUUID } from 'node:crypto';
import type { MailboxId } from '@poplar/store';
import {
  deliverMessage,
  flagMessages,
  type LockRequest,
  releaseLocks,
  takeLocks,
} from '@poplar/store/testing';
import type { MicroCase } from './micro-case.ts';

/** Sessions that share a statement. */
const batch = 64;
const marked = 100;

/** Octets of the parameters that lie in one piece. */
function octetsOf(parameters: readonly unknown[]): number {
  let octets = 0;
  for (const one of parameters) {
    if (typeof one === 'string' || one instanceof Uint8Array) octets += one.length;
  }
  return octets;
}

function caseOf(options: {
  readonly name: string;
  readonly operation: string;
  readonly operations: number;
  readonly calls: number;
  readonly run: () => number;
}): MicroCase {
  return { ...options, answer: options.run() };
}

function requests(): LockRequest[] {
  const ownerId = randomUUID();
  return Array.from({ length: batch }, (_, index) => {
    const mailboxId = String(1_000_000 + index) as MailboxId;
    const token = randomUUID();
    const credentialVersion = '1';
    const client = '192.0.2.1';
    return {
      ...{ mailboxId, actorId: mailboxId, credentialVersion },
      ...{ ownerId, token, epoch: '1', client },
    };
  });
}

export function storeCases(): MicroCase[] {
  const opens = requests();
  const rows = opens.map(({ token }) => [token, 'f']);
  const flagged = {
    mailboxId: '1000000' as MailboxId,
    token: randomUUID(),
    messageIds: Array.from({ length: marked }, (_, index) => BigInt(index + 1)),
  };
  const delivery = {
    mailboxIds: ['1000000'],
    guids: [randomUUID()],
    prefixes: [new Uint8Array(200)],
    pieces: [new Uint8Array(10_000)],
    ...{ octets: 10_000, headerOctets: 300, uidl: null, receivedAt: null },
  };
  return [
    caseOf({
      name: 'open',
      calls: 50,
      operation: `a maildrop to be opened, of ${batch} in a statement`,
      operations: batch,
      run: () => octetsOf(takeLocks.parameters(opens)),
    }),
    caseOf({
      name: 'opened',
      calls: 1_000,
      operation: 'a row that says a maildrop is open',
      operations: batch,
      run: () => rows.reduce((octets, row) => octets + takeLocks.row(row).token.length, 0),
    }),
    caseOf({
      name: 'close',
      calls: 150,
      operation: `a maildrop to be closed, of ${batch} in a statement`,
      operations: batch,
      run: () => octetsOf(releaseLocks.parameters(opens)),
    }),
    caseOf({
      name: 'flag',
      calls: 350,
      operation: `a message to be flagged, of ${marked} in a QUIT`,
      operations: marked,
      run: () => octetsOf(flagMessages.parameters(flagged)),
    }),
    caseOf({
      name: 'deliver',
      calls: 6_000,
      operation: 'a message of 10 KB to be stored',
      operations: 1,
      run: () => octetsOf(deliverMessage.parameters(delivery)),
    }),
  ];
}
