/**
 * A set of tags that expire, in memory that all threads of a process share. It is bounded, takes no
 * lock, allocates nothing, and forgets what was used longest ago when it is full.
 *
 * Theory of operation. The memory is an array of buckets of `bucketTagsMax` entries. The first word of
 * a tag chooses the bucket; tags come out of an HMAC, so buckets fill evenly and nobody can aim at
 * one. An entry is six words:
 *   expiry   second at which it ends; 0 is an empty entry
 *   used     second of its last use, for the choice of a victim
 *   tag 0    the first word of the tag, XOR expiry
 *   tag 1-3  the other words
 * A tag is *there* while its expiry is ahead; to add one is to overwrite itself, an ended entry, or
 * the one that was used longest ago.
 *
 * Threads read and write the words of an entry with no lock around them, so a reader can see words
 * of several writers, for a moment or, when two writers met, until the entry ends. This is harmless:
 * an entry matches only if all four words of the tag and the expiry agree, since the expiry is
 * folded into the first word. Words of different tags agree with a third one by chance of about
 * 2^-96 at best, and a tag under another's expiry does not match. So every torn entry is a miss: a tag that
 * was lost, which costs what a full table costs, too. A thread that is terminated half-way leaves
 * one such entry and nothing locked.
 *
 * Never: a tag that matches after its expiry; memory beyond what was given; a wait.
 */

import { bucketTagsMax } from './limits.ts';
import { type SharedClock, sharedClock } from './shared-clock.ts';

const expiry = 0;
const used = 1;
const firstTagWord = 2;
const entryWords = 6;
const bucketWords = bucketTagsMax * entryWords;
const bucketOctets = bucketWords * Int32Array.BYTES_PER_ELEMENT;

export class TagTable {
  readonly #words: Int32Array;
  readonly #buckets: number;
  readonly #clock: SharedClock;

  constructor(memory: SharedArrayBuffer, clock: SharedClock = sharedClock) {
    this.#words = new Int32Array(memory);
    this.#buckets = Math.floor(this.#words.length / bucketWords);
    this.#clock = clock;
  }

  /** Memory for a table of at most this size; a table without room for a bucket keeps nothing. */
  static allocate(octets: number): SharedArrayBuffer {
    return new SharedArrayBuffer(Math.floor(octets / bucketOctets) * bucketOctets);
  }

  /** How many tags there is room for. */
  get tagsMax(): number {
    return this.#buckets * bucketTagsMax;
  }

  /** @param tag of which the first 16 octets count */
  has(tag: Buffer): boolean {
    if (this.#buckets === 0) return false;
    const now = this.#nowSeconds();
    const at = this.#find(tag, now);
    if (at < 0) return false;
    // Not written when it says so already: the cache lines of a hot entry stay shared.
    if (Atomics.load(this.#words, at + used) !== now) Atomics.store(this.#words, at + used, now);
    return true;
  }

  /** From now on, or anew, for so many seconds. */
  add(tag: Buffer, seconds: number): void {
    const lifetime = Math.floor(seconds);
    if (this.#buckets === 0 || lifetime <= 0) return;
    const now = this.#nowSeconds();
    const found = this.#find(tag, now);
    const at = found < 0 ? this.#victim(tag, now) : found;
    const end = now + lifetime;
    const words = this.#words;
    Atomics.store(words, at + expiry, 0);
    Atomics.store(words, at + used, now);
    Atomics.store(words, at + firstTagWord, tag.readInt32LE(0) ^ end);
    Atomics.store(words, at + firstTagWord + 1, tag.readInt32LE(4));
    Atomics.store(words, at + firstTagWord + 2, tag.readInt32LE(8));
    Atomics.store(words, at + firstTagWord + 3, tag.readInt32LE(12));
    Atomics.store(words, at + expiry, end);
  }

  #nowSeconds(): number {
    return Math.floor(this.#clock() / 1_000);
  }

  #bucketOf(tag: Buffer): number {
    return (tag.readUInt32LE(0) % this.#buckets) * bucketWords;
  }

  /** Where the tag is, or -1. */
  #find(tag: Buffer, now: number): number {
    const words = this.#words;
    const bucket = this.#bucketOf(tag);
    const first = tag.readInt32LE(0);
    const second = tag.readInt32LE(4);
    for (let at = bucket; at < bucket + bucketWords; at += entryWords) {
      const end = Atomics.load(words, at + expiry);
      if (
        end > now &&
        Atomics.load(words, at + firstTagWord) === (first ^ end) &&
        Atomics.load(words, at + firstTagWord + 1) === second &&
        Atomics.load(words, at + firstTagWord + 2) === tag.readInt32LE(8) &&
        Atomics.load(words, at + firstTagWord + 3) === tag.readInt32LE(12)
      ) {
        return at;
      }
    }
    return -1;
  }

  /** The entry of the bucket that is missed least: one that has ended, or the longest unused. */
  #victim(tag: Buffer, now: number): number {
    const words = this.#words;
    const bucket = this.#bucketOf(tag);
    let victim = bucket;
    let oldest = Number.POSITIVE_INFINITY;
    for (let at = bucket; at < bucket + bucketWords; at += entryWords) {
      if (Atomics.load(words, at + expiry) <= now) return at;
      const usedAt = Atomics.load(words, at + used);
      if (usedAt >= oldest) continue;
      oldest = usedAt;
      victim = at;
    }
    return victim;
  }
}
