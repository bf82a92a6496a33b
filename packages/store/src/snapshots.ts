/**
 * Snapshots of maildrops, kept while there is room. The key is mailbox and version: a version is
 * changed by whatever changes the list, so what is found under the version that `open` answered is
 * the list, and a poll that finds nothing new reads no message rows.
 *
 * The least recently used go first; the bound is in octets. One load for each mailbox and version
 * is under way at a time, however many ask.
 *
 * Never: a snapshot that is written to after it was made.
 */

import type { LinkPool } from './connection/pool.ts';
import type { ShortLine } from './connection/short-line.ts';
import type { MailboxId, Snapshot } from './contract.ts';
import { StoreError } from './errors.ts';
import { smallSnapshotMessages } from './limits.ts';
import { unpackSnapshot } from './snapshot-columns.ts';
import { listMessages } from './statements/list-messages.ts';

interface Kept {
  readonly snapshot: Snapshot;
  readonly octets: number;
}

const octetsPerMessage = 56;
const octetsPerUidl = 100;
const octetsPerSnapshot = 1_000;

function octetsOf(snapshot: Snapshot): number {
  return (
    octetsPerSnapshot +
    snapshot.count * octetsPerMessage +
    snapshot.storedUidls.size * octetsPerUidl
  );
}

function emptySnapshot(version: string): Snapshot {
  return {
    version,
    count: 0,
    totalOctets: 0,
    messageIds: new BigInt64Array(0),
    octets: new Float64Array(0),
    wireOctets: new Float64Array(0),
    headerOctets: new Float64Array(0),
    identities: new Uint8Array(0),
    storedUidls: new Map(),
  };
}

export interface SnapshotLanes {
  readonly line: ShortLine;
  readonly pool: LinkPool;
  readonly cacheOctets: number;
}

export class Snapshots {
  hits = 0;
  misses = 0;
  /** Octets kept now. */
  octets = 0;

  readonly #lanes: SnapshotLanes;
  readonly #kept = new Map<MailboxId, Kept>();
  readonly #loading = new Map<string, Promise<Snapshot>>();
  /** Loads that began before `clear` are not kept. */
  #generation = 0;

  constructor(lanes: SnapshotLanes) {
    this.#lanes = lanes;
  }

  /**
   * The list at `version`, or at a later one if it has changed since. Pass the count that `open`
   * answered with the version: it chooses the connection and saves the query for an empty drop.
   * Rejects with a StoreError.
   */
  async get(mailboxId: MailboxId, version: string, messages?: number): Promise<Snapshot> {
    if (messages === 0) return emptySnapshot(version);
    const kept = this.#kept.get(mailboxId);
    if (kept?.snapshot.version === version) {
      this.hits += 1;
      this.#kept.delete(mailboxId);
      this.#kept.set(mailboxId, kept);
      return kept.snapshot;
    }
    this.misses += 1;
    const key = `${mailboxId} ${version}`;
    let loading = this.#loading.get(key);
    if (loading === undefined) {
      // What it held before tells a drop's size when the caller does not.
      const small = (messages ?? kept?.snapshot.count ?? Number.MAX_VALUE) <= smallSnapshotMessages;
      const load = this.#load(mailboxId, small).finally(() => {
        if (this.#loading.get(key) === load) this.#loading.delete(key);
      });
      loading = load;
      this.#loading.set(key, load);
    }
    return loading;
  }

  /** Forgets all: versions that were seen may be given out again. */
  clear(): void {
    this.#kept.clear();
    this.#loading.clear();
    this.octets = 0;
    this.#generation += 1;
  }

  async #load(mailboxId: MailboxId, small: boolean): Promise<Snapshot> {
    const { line, pool } = this.#lanes;
    const generation = this.#generation;
    const [packed] = await (small ? line : pool).run(listMessages, mailboxId);
    if (packed === undefined) throw new StoreError('NOT_FOUND', 'the mailbox is gone');
    const snapshot = unpackSnapshot(packed);
    if (generation === this.#generation) this.#keep(mailboxId, snapshot);
    return snapshot;
  }

  #keep(mailboxId: MailboxId, snapshot: Snapshot): void {
    const before = this.#kept.get(mailboxId);
    // Of two loads that cross, the one with the later version stays.
    if (before !== undefined && BigInt(before.snapshot.version) > BigInt(snapshot.version)) return;
    this.#drop(mailboxId);
    const octets = octetsOf(snapshot);
    if (octets > this.#lanes.cacheOctets) return;
    this.#kept.set(mailboxId, { snapshot, octets });
    this.octets += octets;
    for (const oldest of this.#kept.keys()) {
      if (this.octets <= this.#lanes.cacheOctets) break;
      this.#drop(oldest);
    }
  }

  #drop(mailboxId: MailboxId): void {
    const kept = this.#kept.get(mailboxId);
    if (kept === undefined) return;
    this.#kept.delete(mailboxId);
    this.octets -= kept.octets;
  }
}
