/**
 * A thread for the test of shared tables: adds its own tags and the ones all threads share, looks
 * for tags that nobody ever adds, and raises scores, until it has done its rounds. Posts what it found.
 *
 * Never: an end by itself before that.
 */

import { parentPort, workerData } from 'node:worker_threads';
import { sharedClock } from '../cache/shared-clock.ts';
import { TagTable } from '../cache/tag-table.ts';
import { Tagger } from '../cache/tagger.ts';
import { ScoreTable } from '../throttle/score-table.ts';

export interface HammerOrder {
  readonly tags: SharedArrayBuffer;
  readonly scores: SharedArrayBuffer;
  readonly key: Uint8Array;
  /** Keys of scores: 1 to this. */
  readonly scoreKeys: number;
  readonly thread: number;
  readonly rounds: number;
}

export interface HammerReport {
  /** Each raised one score. */
  readonly rounds: number;
  /** Tags found that were never added. */
  readonly invented: number;
  /** Tags not found right after they were added: pushed out, or torn. */
  readonly lost: number;
  /** The shared clock as this thread read it at its end. */
  readonly clockMs: number;
}

const order: HammerOrder = workerData;
const table = new TagTable(order.tags);
const scores = new ScoreTable(order.scores);
const tagger = new Tagger(order.key);
let rounds = 0;
let invented = 0;
let lost = 0;
while (rounds < order.rounds) {
  rounds += 1;
  scores.raise(BigInt((rounds % order.scoreKeys) + 1));
  const which = String(rounds % 97);
  const shared = Buffer.from(tagger.tag(['shared', which]));
  table.add(shared, 60);
  if (!table.has(shared)) lost += 1;
  table.add(tagger.tag([`own ${order.thread}`, which]), 60);
  if (table.has(tagger.tag(['never', which]))) invented += 1;
}
const report: HammerReport = { rounds, invented, lost, clockMs: sharedClock() };
parentPort?.postMessage(report);
