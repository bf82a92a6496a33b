/**
 * The memory and keys that the guards of all workers of a node share, and the guards themselves over
 * them. The main thread makes both and hands them to its workers as they are; each worker opens them.
 *
 * Never: memory that two processes share; a key that leaves the process.
 */

import { hkdfSync, randomBytes } from 'node:crypto';
import { TagTable } from '../cache/tag-table.ts';
import { VerificationCache } from '../cache/verification-cache.ts';
import { AddressCounts } from './address-counts.ts';
import { friendsOctets, repeatsOctets, scoresOctets } from './limits.ts';
import { Networks } from './networks.ts';
import { ScoreKeys } from './score-keys.ts';
import { ScoreTable } from './score-table.ts';
import { Throttle } from './throttle.ts';
import { ThrottleView } from './throttle-view.ts';

export type SharedMemory = Readonly<Record<string, SharedArrayBuffer>>;
export type SharedKeys = Readonly<Record<string, Uint8Array>>;

export interface GuardSettings {
  readonly cacheSeconds: number;
  readonly connectionsPerAddressMax: number;
  readonly trustedNetworks: readonly string[];
}

export interface Guards {
  readonly cache: VerificationCache;
  readonly throttle: Throttle;
  readonly addressCounts: AddressCounts;
  /** Of what unknown names are asked to prove by SCRAM: the same on all nodes of a cluster. */
  readonly decoyKey: Uint8Array;
}

/** By the main thread, once. Pages that are never written take no memory. */
export function allocateGuards(options: {
  readonly cacheOctets: number;
  readonly workers: number;
  /** Known to all nodes that exchange scores, and to nobody else. */
  readonly clusterKey: Uint8Array;
}): { readonly shared: SharedMemory; readonly keys: SharedKeys } {
  return {
    shared: {
      verified: TagTable.allocate(options.cacheOctets),
      repeats: TagTable.allocate(repeatsOctets),
      friends: TagTable.allocate(friendsOctets),
      scores: ScoreTable.allocate(scoresOctets),
      connections: AddressCounts.allocate(options.workers),
    },
    keys: {
      tags: randomBytes(32),
      scores: derived(options.clusterKey, 'scores'),
      decoys: derived(options.clusterKey, 'decoys'),
    },
  };
}

/** By the main thread, for the exchange with other nodes. */
export function openScores(shared: SharedMemory): ScoreTable {
  return new ScoreTable(memoryOf(shared, 'scores'));
}

/** By whoever shows and clears what is throttled. */
export function openThrottleView(shared: SharedMemory, keys: SharedKeys): ThrottleView {
  return new ThrottleView(openScores(shared), new ScoreKeys(keyOf(keys, 'scores')));
}

/** By each worker. `worker` is its number among those that count connections. */
export function openGuards(given: {
  readonly shared: SharedMemory;
  readonly keys: SharedKeys;
  readonly worker: number;
  readonly settings: GuardSettings;
}): Guards {
  const { shared, keys, worker, settings } = given;
  const trusted = new Networks(settings.trustedNetworks);
  const tagKey = keyOf(keys, 'tags');
  return {
    decoyKey: keyOf(keys, 'decoys'),
    cache: new VerificationCache({
      memory: memoryOf(shared, 'verified'),
      key: tagKey,
      seconds: settings.cacheSeconds,
    }),
    throttle: new Throttle({
      scores: openScores(shared),
      repeats: new TagTable(memoryOf(shared, 'repeats')),
      friends: new TagTable(memoryOf(shared, 'friends')),
      scoreKey: keyOf(keys, 'scores'),
      tagKey,
      trusted,
    }),
    addressCounts: new AddressCounts({
      memory: memoryOf(shared, 'connections'),
      key: tagKey,
      worker,
      connectionsMax: settings.connectionsPerAddressMax,
      exempt: trusted,
    }),
  };
}

/** One use of a key must not tell anything about another. */
function derived(key: Uint8Array, use: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', key, '', `poplar ${use} 1`, 32));
}

function memoryOf(shared: SharedMemory, name: string): SharedArrayBuffer {
  const memory = shared[name];
  if (memory === undefined) throw new Error(`no shared memory for ${name}`);
  return memory;
}

function keyOf(keys: SharedKeys, name: string): Uint8Array {
  const key = keys[name];
  if (key === undefined) throw new Error(`no key for ${name}`);
  return key;
}
