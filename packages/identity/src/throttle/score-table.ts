/**
 * Scores that leak, in memory that all threads of a process share: how many failures a key has, and
 * when the line of those who wait on its account ends. Bounded and without locks.
 *
 * Theory of operation. The memory is a header, dirty flags, and buckets of `bucketScoresMax` entries.
 * An entry has four words of 64 bits:
 *   key     a hash; 0 is a free entry
 *   score   thousandths of a failure in the upper half, the second at which it was so in the lower;
 *           what it is now follows by the half-life
 *   tail    millisecond at which the line of waiting attempts ends
 *   delta   (32 bits) failures counted in this process since `takeDeltas` last came by
 * Each word is read and changed atomically, so none is ever torn. A new key takes a free entry or the
 * one with the lowest score: to push a high score out, one would have to bring a bucket of higher
 * ones. Where keys come from a hash that everybody can compute, the place of a key also depends on a
 * seed of this process.
 *
 * What threads can do to each other: an entry that changes hands while another thread raises it
 * gives a failure, or its delta, to the wrong key or to none; two threads that bring the same key at
 * once may make two entries, of which one is never found again and leaks away. Each costs about one
 * failure, and scores are approximate by design. A thread that is terminated half-way leaves a free entry.
 *
 * `takeDeltas` looks only at blocks whose dirty flag is set and is for one thread alone; `merge` adds
 * what other nodes counted and makes no delta of it, so failures do not echo. An administrator's order to
 * clear a key comes the same way, as a score below all others. With an account all of its pairs are
 * cleared, which is a look at each entry, so `merge` makes one for all accounts of a call.
 *
 * Never: a wait; a score that only grows; a key that is a name.
 */

import { randomBytes } from 'node:crypto';
import { type SharedClock, sharedClock } from '../cache/shared-clock.ts';
import {
  bucketScoresMax,
  scoreFailuresMax,
  scoreHalfLifeSeconds,
  scoreTriesMax,
} from './limits.ts';
import { scoreKindOf, upperHalf } from './score-keys.ts';

/** What crosses between nodes: so many failures of a key since the last time. */
export interface PenaltyRow {
  /** 8 octets. */
  readonly key: Buffer;
  readonly score: number;
}

/** In place of a score: what was counted under this key until now is void. Older programs pass it over. */
export const clearingScore = -1_000_000;

const wordOctets = 8;
const entryWords = 4;
const bucketWords = bucketScoresMax * entryWords;
const headerWords = 1;
/** Buckets that share a dirty flag. */
const blockBuckets = 64;
const blockWords = blockBuckets * bucketWords;
const blockOctets = blockWords * wordOctets;
const perFailure = 1_000;

// Words of an entry.
const score = 1;
const tail = 2;
/** In 32-bit words. */
const delta = 6;

export class ScoreTable {
  readonly #words: BigUint64Array;
  readonly #halves: Int32Array;
  readonly #flags: Int32Array;
  readonly #blocks: number;
  readonly #firstBucket: number;
  readonly #clock: SharedClock;
  #cursor = 0;

  constructor(memory: SharedArrayBuffer, clock: SharedClock = sharedClock) {
    this.#words = new BigUint64Array(memory);
    this.#halves = new Int32Array(memory);
    // A block has one flag of a whole word, so that the words after the flags are aligned.
    this.#blocks = Math.floor((this.#words.length - headerWords) / (blockWords + 1));
    this.#flags = new Int32Array(memory, headerWords * wordOctets, this.#blocks * 2);
    this.#firstBucket = headerWords + this.#blocks;
    this.#clock = clock;
  }

  /** Memory for a table of about this size, one block at least, with its seed. */
  static allocate(octets: number): SharedArrayBuffer {
    const blocks = Math.max(1, Math.floor(octets / blockOctets));
    const memory = new SharedArrayBuffer(
      (headerWords + blocks) * wordOctets + blocks * blockOctets,
    );
    new Uint8Array(memory).set(randomBytes(wordOctets * headerWords));
    return memory;
  }

  /** Failures of this key now. */
  failures(key: bigint): number {
    const at = this.#find(key);
    return at < 0 ? 0 : this.#scoreAt(at) / perFailure;
  }

  /** One more failure. */
  raise(key: bigint): void {
    const at = this.#enter(key);
    if (at < 0) return;
    this.#raiseAt(at, perFailure);
    Atomics.add(this.#halves, at * 2 + delta, 1);
    const flag = Math.floor((at - this.#firstBucket) / blockWords) * 2;
    if (Atomics.load(this.#flags, flag) === 0) Atomics.store(this.#flags, flag, 1);
  }

  /** No failure any more, for this process. */
  forgive(key: bigint): void {
    const at = this.#find(key);
    if (at >= 0) Atomics.store(this.#words, at + score, 0n);
  }

  /** Milliseconds until the line of this key ends; 0 if nobody waits. */
  lineMs(key: bigint): number {
    const at = this.#find(key);
    if (at < 0) return 0;
    return Math.max(0, Number(Atomics.load(this.#words, at + tail)) - Math.floor(this.#clock()));
  }

  /** Joins the line: makes it longer, and says how many milliseconds it was long before. */
  join(key: bigint, spacingMs: number): number {
    const at = this.#enter(key);
    if (at < 0) return 0;
    const now = BigInt(Math.floor(this.#clock()));
    for (let tries = 0; tries < scoreTriesMax; tries += 1) {
      const end = Atomics.load(this.#words, at + tail);
      const start = end > now ? end : now;
      const next = start + BigInt(spacingMs);
      if (Atomics.compareExchange(this.#words, at + tail, end, next) === end) {
        return Number(start - now);
      }
    }
    return 0;
  }

  /** What was counted here since the last call; the rest, if there is more, next time. */
  takeDeltas(rowsMax: number): PenaltyRow[] {
    const rows: PenaltyRow[] = [];
    for (let seen = 0; seen < this.#blocks && rows.length < rowsMax; seen += 1) {
      const block = this.#cursor;
      if (Atomics.exchange(this.#flags, block * 2, 0) !== 0) {
        if (!this.#takeBlock(block, rows, rowsMax)) {
          Atomics.store(this.#flags, block * 2, 1);
          break;
        }
      }
      this.#cursor = (block + 1) % this.#blocks;
    }
    return rows;
  }

  /** Adds what other nodes counted, in its order. A row that makes no sense is passed over. */
  merge(rows: Iterable<PenaltyRow>): void {
    const cleared: bigint[] = [];
    const families = new Set<bigint>();
    // What a pair fails after its account was cleared is kept out of the look at all entries.
    const later: [key: bigint, failures: number][] = [];
    for (const row of rows) {
      if (row.key.length !== wordOctets) continue;
      const key = row.key.readBigUInt64BE(0);
      if (row.score === clearingScore) {
        if (scoreKindOf(key) === 'account') {
          cleared.push(key);
          families.add(upperHalf(key));
        }
        this.#clearOne(key);
      } else if (row.score > 0) {
        if (families.has(upperHalf(key))) later.push([key, row.score]);
        else this.#add(key, row.score);
      }
    }
    this.clear(cleared);
    for (const [key, failures] of later) this.#add(key, failures);
  }

  /** Nothing is counted under these keys any more, nor under those of an account's pairs; nobody stands in their lines. */
  clear(keys: readonly bigint[]): void {
    for (const key of keys) this.#clearOne(key);
    const accounts = keys.filter((key) => scoreKindOf(key) === 'account');
    for (const [key] of this.familiesOf(accounts)) this.#clearOne(key);
  }

  /** Every key that something is counted under, with its failures. */
  *entries(): Generator<readonly [key: bigint, failures: number]> {
    for (let at = this.#firstBucket; at < this.#words.length; at += entryWords) {
      const key = Atomics.load(this.#words, at);
      if (key !== 0n) yield [key, this.#scoreAt(at) / perFailure];
    }
  }

  /** These accounts and their pairs. One look at all entries, however many are asked for. */
  familiesOf(accounts: readonly bigint[]): readonly (readonly [key: bigint, failures: number])[] {
    if (accounts.length === 0) return [];
    const exact = new Set(accounts);
    const families = new Set(accounts.map(upperHalf));
    const isOf = (key: bigint): boolean =>
      exact.has(key) || (scoreKindOf(key) === 'pair' && families.has(upperHalf(key)));
    const found: (readonly [key: bigint, failures: number])[] = [];
    for (let at = this.#firstBucket; at < this.#words.length; at += entryWords) {
      const key = Atomics.load(this.#words, at);
      // What an entry decays to is computed of those that are wanted alone: the table has as many as guessers make.
      if (key !== 0n && isOf(key)) found.push([key, this.#scoreAt(at) / perFailure]);
    }
    return found;
  }

  /** False when there was no room for all of it. */
  #takeBlock(block: number, rows: PenaltyRow[], rowsMax: number): boolean {
    const first = this.#firstBucket + block * blockWords;
    for (let at = first; at < first + blockWords; at += entryWords) {
      if (Atomics.load(this.#halves, at * 2 + delta) === 0) continue;
      if (rows.length >= rowsMax) return false;
      const failures = Atomics.exchange(this.#halves, at * 2 + delta, 0);
      const key = Buffer.alloc(wordOctets);
      key.writeBigUInt64BE(Atomics.load(this.#words, at));
      if (failures > 0) rows.push({ key, score: failures });
    }
    return true;
  }

  #add(key: bigint, failures: number): void {
    const at = this.#enter(key);
    const amount = Math.round(Math.min(failures, scoreFailuresMax) * perFailure);
    if (at >= 0) this.#raiseAt(at, amount);
  }

  #clearOne(key: bigint): void {
    const at = this.#find(key);
    if (at < 0) return;
    Atomics.store(this.#words, at + score, 0n);
    Atomics.store(this.#words, at + tail, 0n);
    Atomics.store(this.#halves, at * 2 + delta, 0);
  }

  #raiseAt(at: number, amount: number): void {
    const now = BigInt(this.#nowSeconds());
    for (let tries = 0; tries < scoreTriesMax; tries += 1) {
      const before = Atomics.load(this.#words, at + score);
      const raised = Math.min(this.#leaked(before) + amount, scoreFailuresMax * perFailure);
      const after = (BigInt(raised) << 32n) | now;
      if (Atomics.compareExchange(this.#words, at + score, before, after) === before) return;
    }
  }

  #scoreAt(at: number): number {
    return this.#leaked(Atomics.load(this.#words, at + score));
  }

  /** What is left now of a score word, in thousandths of a failure. */
  #leaked(word: bigint): number {
    const ageSeconds = Math.max(0, this.#nowSeconds() - Number(word & 0xffff_ffffn));
    return Math.round(Number(word >> 32n) * 0.5 ** (ageSeconds / scoreHalfLifeSeconds));
  }

  #nowSeconds(): number {
    return Math.floor(this.#clock() / 1_000);
  }

  #bucketOf(key: bigint): number {
    const low = Number(key & 0xffff_ffffn) ^ (this.#halves[0] ?? 0);
    const high = Number(key >> 32n) ^ (this.#halves[1] ?? 0);
    let mixed = Math.imul(low ^ (low >>> 15), 0x2c1b3c6d);
    mixed = Math.imul(mixed ^ high ^ (mixed >>> 12), 0x297a2d39);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x85ebca6b);
    const bucket = ((mixed ^ (mixed >>> 16)) >>> 0) % (this.#blocks * blockBuckets);
    return this.#firstBucket + bucket * bucketWords;
  }

  #find(key: bigint): number {
    const bucket = this.#bucketOf(key);
    for (let at = bucket; at < bucket + bucketWords; at += entryWords) {
      if (Atomics.load(this.#words, at) === key) return at;
    }
    return -1;
  }

  /** Where the key is, from now on if it was not; -1 when other threads were always faster. */
  #enter(key: bigint): number {
    for (let tries = 0; tries < scoreTriesMax; tries += 1) {
      const found = this.#find(key);
      if (found >= 0) return found;
      const at = this.#lowest(this.#bucketOf(key));
      const former = Atomics.load(this.#words, at);
      // Free first, so that nobody finds a key with the score of another.
      if (Atomics.compareExchange(this.#words, at, former, 0n) !== former) continue;
      Atomics.store(this.#words, at + score, 0n);
      Atomics.store(this.#words, at + tail, 0n);
      Atomics.store(this.#halves, at * 2 + delta, 0);
      if (Atomics.compareExchange(this.#words, at, 0n, key) === 0n) return at;
    }
    return -1;
  }

  /** A free entry of the bucket, or the one with the lowest score. */
  #lowest(bucket: number): number {
    let lowest = bucket;
    let least = Number.POSITIVE_INFINITY;
    for (let at = bucket; at < bucket + bucketWords; at += entryWords) {
      if (Atomics.load(this.#words, at) === 0n) return at;
      const here = this.#scoreAt(at);
      if (here >= least) continue;
      least = here;
      lowest = at;
    }
    return lowest;
  }
}
