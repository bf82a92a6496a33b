/**
 * What operations cost, as it was measured on one machine: the input of the model. All CPU is in
 * microseconds, all sizes are in octets.
 *
 * Never: a cost that nobody has measured.
 */

import { readFileSync } from 'node:fs';
import type { Circumstances } from '../measured.ts';

/** Of the node and of PostgreSQL. */
interface Cpu {
  readonly node: number;
  readonly postgres: number;
}

export interface Cost extends Cpu {
  readonly wal: number;
}

/** What something costs by itself, and what each of its messages or thousands of octets adds. */
export interface Slope {
  readonly fixed: Cost;
  readonly each: Cost;
}

export interface PollCost extends Cost {
  /** At this rate in one worker: who comes seldom shares no statement with anybody. */
  readonly perSecondOfWorker: number;
}

export interface Costs {
  /** A session that finds nothing new, in the clear, with everything that can be remembered remembered. */
  readonly poll: readonly PollCost[];
  /** Added by a full TLS handshake. */
  readonly handshake: Cpu;
  /** Added when the list of messages is not remembered; for each message of the maildrop. */
  readonly listMiss: Slope;
  /** Added when the name or the verification is not remembered, the hash apart. */
  readonly loginMiss: Cost;
  /** One password hash. */
  readonly hash: number;
  /** RETR; for each 1,000 octets. */
  readonly retrieve: Slope;
  /** What QUIT costs more when messages are marked, the purge included; for each message, DELE too. */
  readonly remove: Slope;
  /** LMTP, one recipient; for each 1,000 octets. */
  readonly deliver: Slope;
  /** Of a node that does nothing, in a second. */
  readonly idle: Cost;
  /** Octets of a full page that goes into the WAL for the first change behind a checkpoint. */
  readonly fullPage: number;
  /** Rows of the lock table in one of its pages. */
  readonly locksOfPage: number;
  readonly memory: {
    /** A node with its workers, warm and without sessions. */
    readonly node: number;
    readonly session: number;
    readonly sessionTls: number;
    /** A connection of PostgreSQL. */
    readonly backend: number;
  };
}

export interface MeasuredCosts {
  readonly format: 1;
  readonly circumstances: Circumstances;
  readonly costs: Costs;
}

export function readCosts(path: string | URL): MeasuredCosts {
  const costs: MeasuredCosts = JSON.parse(readFileSync(path, 'utf8'));
  if (costs.format !== 1) throw new Error(`${String(path)} is not of format 1`);
  return costs;
}

export const nothing: Cost = { node: 0, postgres: 0, wal: 0 };

export function plus(a: Cost, b: Cost, times = 1): Cost {
  return {
    node: a.node + b.node * times,
    postgres: a.postgres + b.postgres * times,
    wal: a.wal + b.wal * times,
  };
}

export function atSize({ fixed, each }: Slope, size: number): Cost {
  return plus(fixed, each, size);
}
