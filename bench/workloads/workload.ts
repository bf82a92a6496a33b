/**
 * What a workload is: the maildrops it needs, what its clients do, how many there are, and what an
 * operation may cost.
 *
 * Never: a number that depends on the server.
 */

import type { Shape, Task } from '../load/order.ts';

interface MailNeeded {
  /** Maildrops. */
  readonly count: number;
  readonly messages: number;
  /** Of each message, about. */
  readonly octets: number;
}

export interface Workload {
  readonly name: string;
  /** What one operation is, for the table. */
  readonly operation: string;
  readonly task: Task;
  readonly mail: MailNeeded;
  readonly clients: number;
  readonly shape?: Shape;
  /** Octets of what is delivered. */
  readonly deliveredOctets?: number;
  /** It uses its mail up: every run has maildrops of its own. */
  readonly usesUp?: true;
  /** Left out of --quick unless it is asked for: another workload of the kind shows that it works. */
  readonly isSpare?: boolean;
  /** What it is under --quick: as much of it as shows that it works. */
  readonly quick?: Partial<Pick<Workload, 'mail' | 'clients' | 'shape'>>;
  /** CPU microseconds of an operation, or octets of memory of a session, that we allow ourselves. */
  readonly goal?: number;
}

export const kilo = 1_000;
export const mega = 1_000_000;
