/**
 * The store's numbers as of now, for metrics: what it holds, what waits, what it has counted. What has
 * to be told as it happens is in meter.ts.
 *
 * Never: a query; a number that costs more than reading it.
 */

import type { Closing } from './closing.ts';
import type { LinkPool } from './connection/pool.ts';
import type { ShortLine } from './connection/short-line.ts';
import type { Flagging } from './flagging.ts';
import type { LockKeeper } from './lock-keeper.ts';
import type { LockQuestions } from './lock-questions.ts';
import type { Logins } from './logins.ts';
import type { Opening } from './opening.ts';
import type { Snapshots } from './snapshots.ts';

/** The connections of one lane. */
export interface LaneStats {
  readonly lane: 'short' | 'read' | 'work' | 'stream';
  readonly busy: number;
  readonly idle: number;
  /** Callers that wait for one. */
  readonly waiting: number;
}

export interface StoreStats {
  readonly up: boolean;
  readonly lanes: readonly LaneStats[];
  readonly opensWaiting: number;
  readonly openBatches: number;
  readonly opens: number;
  readonly closesWaiting: number;
  readonly closesAbandoned: number;
  /** Epochs that the worker's owner row has had. */
  readonly epochs: number;
  /** Questions about locks that this store asked, and that it heard about its own. */
  readonly locksAsked: number;
  readonly locksHeard: number;
  readonly workWaiting: number;
  readonly streamsWaiting: number;
  readonly loginHits: number;
  readonly loginMisses: number;
  readonly loginsKept: number;
  readonly snapshotHits: number;
  readonly snapshotMisses: number;
  readonly snapshotOctets: number;
  readonly flagsUnsettled: number;
}

export interface StoreParts {
  readonly short: ShortLine;
  readonly read: ShortLine;
  readonly work: LinkPool;
  readonly stream: LinkPool;
  readonly opening: Opening;
  readonly closing: Closing;
  readonly keeper: LockKeeper;
  readonly questions: LockQuestions;
  readonly logins: Logins;
  readonly snapshots: Snapshots;
  readonly flagging: Flagging;
}

export function statsOf(parts: StoreParts): StoreStats {
  const { short, opening, closing, keeper, questions, logins, snapshots } = parts;
  return {
    up: short.up,
    lanes: [
      lineStats('short', short),
      lineStats('read', parts.read),
      poolStats('work', parts.work),
      poolStats('stream', parts.stream),
    ],
    opensWaiting: opening.queue.waiting,
    openBatches: opening.queue.batches,
    opens: opening.queue.requests,
    closesWaiting: closing.queue.waiting,
    closesAbandoned: closing.abandoned,
    epochs: keeper.epochs,
    locksAsked: questions.questionsAsked,
    locksHeard: questions.questionsHeard,
    workWaiting: parts.work.waiting,
    streamsWaiting: parts.stream.waiting,
    loginHits: logins.cache.hits,
    loginMisses: logins.cache.misses,
    loginsKept: logins.cache.size,
    snapshotHits: snapshots.hits,
    snapshotMisses: snapshots.misses,
    snapshotOctets: snapshots.octets,
    flagsUnsettled: parts.flagging.unsettled,
  };
}

/** A pipelined line is everybody's at once: nobody waits for it. */
function lineStats(lane: LaneStats['lane'], line: ShortLine): LaneStats {
  return { lane, busy: 0, idle: line.up ? 1 : 0, waiting: 0 };
}

function poolStats(lane: LaneStats['lane'], pool: LinkPool): LaneStats {
  return { lane, ...pool.links, waiting: pool.waiting };
}
