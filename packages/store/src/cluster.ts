/**
 * The verbs of administration for what runs: sessions on any node, and nodes. What is done writes its
 * audit row in the same transaction.
 *
 * Never: a wait for a worker to do what it was told; callers look for themselves.
 */

import { type ByActor, byActor } from './by-actor.ts';
import type { LinkPool } from './connection/pool.ts';
import type { ShortLine } from './connection/short-line.ts';
import { StoreError } from './errors.ts';
import { throttlesClearedMax } from './limits.ts';
import { type ClearedThrottles, clearThrottles } from './statements/clear-throttles.ts';
import { drainNode, type NodeToDrain } from './statements/drain-node.ts';
import { type EndedSession, endSession, type SessionToEnd } from './statements/end-session.ts';
import { listDrains, type NodeDrain } from './statements/list-drains.ts';
import { listNodes, type NodePage, type NodeWorker } from './statements/list-nodes.ts';
import { type DatabaseFigures, readClusterFigures } from './statements/read-cluster-figures.ts';
import { type NodeFigures, readClusterNodes } from './statements/read-cluster-nodes.ts';
import { type LogLevelShown, readLogLevel } from './statements/read-log-level.ts';
import { type NodeReport, reportFigures } from './statements/report-figures.ts';
import {
  type LogLevelOrder,
  type LogLevelSet,
  type OrderedLogLevel,
  setLogLevel,
} from './statements/set-log-level.ts';
import { undrainNode } from './statements/undrain-node.ts';

/** What the cluster is like now, for metrics: cheap enough to be asked for every few seconds. */
export interface ClusterFigures {
  readonly nodes: readonly NodeFigures[];
  readonly database: DatabaseFigures;
}

export class Cluster {
  readonly #pool: LinkPool;
  readonly #line: ShortLine;

  /** @param line for what may be lost in a crash */
  constructor(pool: LinkPool, line: ShortLine) {
    this.#pool = pool;
    this.#line = line;
  }

  /** Tells the session that has a maildrop open to end; null when there is none. */
  async endSession(input: ByActor<SessionToEnd>): Promise<EndedSession | null> {
    const [ended] = await this.#pool.run(endSession, byActor(input));
    return ended ?? null;
  }

  /** From its next renewal on the node takes no sessions, also when it restarts. False: no such node. */
  async drainNode(input: ByActor<NodeToDrain>): Promise<boolean> {
    const [isKnown] = await this.#pool.run(drainNode, byActor(input));
    return isKnown === true;
  }

  /** False when it was not to be drained. */
  async undrainNode(input: ByActor<NodeToDrain>): Promise<boolean> {
    return (await this.#pool.run(undrainNode, byActor(input))).length > 0;
  }

  /** All nodes forget what they count under these keys, within the interval of their exchange. */
  async clearThrottles(input: ByActor<ClearedThrottles>): Promise<void> {
    if (input.keys.length < 1 || input.keys.length > throttlesClearedMax) {
      throw new StoreError('INVALID', `1 to ${throttlesClearedMax} throttles are cleared at once`);
    }
    await this.#pool.run(clearThrottles, byActor(input));
  }

  /** Nodes in the order of their names, a row for each of their workers. */
  async nodes(page: NodePage): Promise<NodeWorker[]> {
    return this.#pool.run(listNodes, page);
  }

  /** Nodes that are to take no sessions, whether they run or not. */
  async drains(): Promise<NodeDrain[]> {
    return this.#pool.run(listDrains, undefined);
  }

  /** From its next report on the node logs at this level. */
  async setLogLevel(input: ByActor<LogLevelOrder>): Promise<LogLevelSet> {
    const [set] = await this.#pool.run(setLogLevel, byActor(input));
    return set ?? { isKnown: false, until: null };
  }

  /** What was ordered, and is not over. */
  async logLevel(nodeName: string): Promise<LogLevelShown> {
    const [shown] = await this.#pool.run(readLogLevel, nodeName);
    return shown ?? { isKnown: false, level: null, since: null, until: null };
  }

  /**
   * What a node says of itself, in the place of what it said before. Answers at which level it is to log; null: as
   * its settings say.
   */
  async report(report: NodeReport): Promise<OrderedLogLevel | null> {
    const [level] = await this.#line.run(reportFigures, report);
    return level ?? null;
  }

  /** Rejects with a StoreError. */
  async figures(): Promise<ClusterFigures> {
    const nodes = await this.#pool.run(readClusterNodes, undefined);
    const [database] = await this.#pool.run(readClusterFigures, undefined);
    if (database === undefined)
      throw new StoreError('STORE_CORRUPT', 'the database has no figures');
    return { nodes, database };
  }
}
