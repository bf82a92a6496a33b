/**
 * Small messages read before they are asked for. A client that walks its maildrop is noticed by its
 * second step; from then on each statement brings up to four times as many messages as the last one,
 * and twice the octets, because a statement costs as much as some messages.
 *
 * `readAheadOctetsMax` is any session's own. What a client that keeps up is read beyond that is
 * borrowed from the room that all sessions of the thread share, and goes at the first sweep that finds
 * the client behind or silent; it then begins with its own again.
 *
 * Never: more than `readAheadOctetsMax` held for a client that stands still; more than the shared room
 * borrowed; a message the client did not come near.
 */

import { giveBack, type Snapshot } from '@poplar/store';
import {
  readAheadBehindOctetsMax,
  readAheadIdleMs,
  readAheadMessagesMax,
  readAheadOctetsMax,
  readAheadSharedOctetsMax,
  readAheadWalkOctetsMax,
  smallBodyOctetsMax,
  sweepIntervalMs,
} from '../limits.ts';

/** A body that nobody looks at any more; one function for all connections. */
export const giveBodyBack = (body: Uint8Array): void => giveBack(body);

const messagesGrowth = 4;
const octetsGrowth = 2;

/** What all sessions of a thread may have read ahead beyond their own. */
export class SharedRoom {
  #octets: number;

  constructor(octets: number = readAheadSharedOctetsMax) {
    this.#octets = octets;
  }

  /** Not more than half of it goes to one, so that something is left for the next. */
  get forOne(): number {
    return this.#octets / 2;
  }

  /** Negative for what comes back. */
  take(octets: number): void {
    this.#octets -= octets;
  }
}

const threadRoom = new SharedRoom();

export class ReadAhead {
  readonly #bodies = new Map<number, Uint8Array>();
  readonly #shared: SharedRoom;
  #window = 1;
  #octetsMax = readAheadOctetsMax;
  #nextIndex = -1;
  /** Behind the last message that was planned and may be kept. */
  #endIndex = -1;
  /** Planned, on the way or here, and not taken; and what of it is borrowed. */
  #octets = 0;
  #borrowed = 0;

  constructor(shared: SharedRoom = threadRoom) {
    this.#shared = shared;
  }

  /** The body if it is here; it is then forgotten, for no client asks twice in a row. */
  take(index: number): Uint8Array | undefined {
    const body = this.#bodies.get(index);
    if (body === undefined) return undefined;
    this.#bodies.delete(index);
    this.#nextIndex = index + 1;
    this.#hold(this.#octets - body.length);
    return body;
  }

  /** The indexes to read now that `index` is wanted: itself first, then what will follow. */
  plan(index: number, snapshot: Snapshot): number[] {
    this.#drop();
    if (index === this.#nextIndex) this.#grow();
    else this.#begin();
    this.#nextIndex = index + 1;
    const octetsMax = Math.min(this.#octetsMax, readAheadOctetsMax + this.#shared.forOne);
    const wanted = [index];
    const first = snapshot.wireOctets[index] ?? 0;
    let octets = first;
    for (let i = index + 1; i < snapshot.count && wanted.length < this.#window; i += 1) {
      const size = snapshot.wireOctets[i] ?? 0;
      if (size > smallBodyOctetsMax || octets + size > octetsMax) break;
      octets += size;
      wanted.push(i);
    }
    this.#endIndex = index + wanted.length;
    this.#hold(octets - first);
    return wanted;
  }

  /** One that was planned, unless the plan has been dropped since. */
  keep(index: number, body: Uint8Array): void {
    if (index < this.#endIndex) this.#bodies.set(index, body);
    else giveBack(body);
  }

  /** @param client how long it has been silent, and whether something waits for it */
  sweep({ idleMs, isBehind }: { readonly idleMs: number; readonly isBehind: boolean }): void {
    if (idleMs > readAheadIdleMs) this.clear();
    else if (this.#octets > 0 && (isBehind || idleMs > sweepIntervalMs)) this.#giveUpBorrowed();
  }

  clear(): void {
    this.#drop();
    this.#begin();
  }

  #begin(): void {
    this.#window = 1;
    this.#octetsMax = readAheadOctetsMax;
  }

  #grow(): void {
    // The step that shows that it walks is not a walk yet.
    if (this.#window > 1) {
      this.#octetsMax = Math.min(this.#octetsMax * octetsGrowth, readAheadWalkOctetsMax);
    }
    this.#window = Math.min(this.#window * messagesGrowth, readAheadMessagesMax);
  }

  /** Some of the messages that come next stay. */
  #giveUpBorrowed(): void {
    this.#octetsMax = readAheadOctetsMax;
    if (this.#borrowed === 0) return;
    let octets = 0;
    let end = this.#nextIndex;
    for (; end < this.#endIndex; end += 1) {
      // What is still on the way is not counted: it is not kept.
      const body = this.#bodies.get(end);
      if (body === undefined || octets + body.length > readAheadBehindOctetsMax) break;
      octets += body.length;
    }
    this.#endIndex = end;
    for (const [index, body] of this.#bodies) {
      if (index < end) continue;
      this.#bodies.delete(index);
      giveBack(body);
    }
    this.#hold(octets);
  }

  #hold(octets: number): void {
    this.#octets = octets;
    const borrowed = Math.max(0, octets - readAheadOctetsMax);
    if (borrowed === this.#borrowed) return;
    this.#shared.take(borrowed - this.#borrowed);
    this.#borrowed = borrowed;
  }

  #drop(): void {
    for (const body of this.#bodies.values()) giveBack(body);
    this.#bodies.clear();
    this.#endIndex = -1;
    this.#hold(0);
  }
}
