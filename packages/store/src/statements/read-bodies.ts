/**
 * Bodies of several mailboxes, each with the position of its request; what is gone is missing.
 * Waking a server process costs more than fetching a few kilobytes, so what several sessions ask for
 * at one time goes out as one statement.
 *
 * Plan: a nested loop of primary key look-ups, each in one partition; `lateral` and `offset 0` leave
 * no other. message itself is not touched, for a session reads only what its snapshot lists.
 */

import { binaryIntegerAt, bytesAt } from '../field.ts';
import { int8Array } from '../parameter.ts';
import type { Statement } from '../statement.ts';

export interface BodyKey {
  readonly mailboxId: string;
  readonly messageId: bigint;
}

export interface BodyRow {
  /** Position of the key. */
  readonly index: number;
  readonly body: Buffer;
}

export const readBodies: Statement<readonly BodyKey[], BodyRow> = {
  name: 'read_bodies',
  binary: true,
  lent: true,
  text: `
select (w.n - 1)::int4, b.body
from unnest($1::bigint[], $2::bigint[]) with ordinality as w (mailbox_id, message_id, n)
cross join lateral (
  select b.body from message_body b
  where b.mailbox_id = w.mailbox_id and b.message_id = w.message_id offset 0) b`,
  parameters: (keys) => [
    int8Array(keys.map((key) => key.mailboxId)),
    int8Array(keys.map((key) => key.messageId)),
  ],
  row: (row) => ({ index: binaryIntegerAt(row, 0), body: bytesAt(row, 1) }),
};
