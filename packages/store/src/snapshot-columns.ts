/**
 * Makes a snapshot of the packed columns of `listMessages`. Numbers arrive big-endian and of fixed
 * width, so a column becomes a typed array by one copy and one swap; there is no loop over 100,000
 * messages but those for the total and the identities.
 */

import { endianness } from 'node:os';
import { readInt8Array, readTextArray } from './binary-array.ts';
import type { Snapshot } from './contract.ts';
import { StoreError } from './errors.ts';
import type { PackedList } from './statements/list-messages.ts';

const guidOctets = 16;
const numberOctets = 8;
/** Of an id and of a GUID, as they are interleaved. */
const identityWords = (numberOctets + guidOctets) / Uint32Array.BYTES_PER_ELEMENT;
const messageOctets = 4 * numberOctets + numberOctets + guidOctets;

/** Copies a column to a place in memory, and turns it into this machine's order. */
function copyNative(column: Buffer, memory: ArrayBuffer, at: number): void {
  const copy = Buffer.from(memory, at, column.length);
  column.copy(copy);
  if (endianness() === 'LE') copy.swap64();
}

/** Interleaves ids and GUIDs word by word: as bytes they are never turned around. */
function interleave(ids: Buffer, guids: Buffer, identities: Uint32Array): void {
  const idWords = words(ids);
  const guidWords = words(guids);
  for (let to = 0, id = 0, guid = 0; to < identities.length; to += 6, id += 2, guid += 4) {
    identities[to] = idWords[id] ?? 0;
    identities[to + 1] = idWords[id + 1] ?? 0;
    identities[to + 2] = guidWords[guid] ?? 0;
    identities[to + 3] = guidWords[guid + 1] ?? 0;
    identities[to + 4] = guidWords[guid + 2] ?? 0;
    identities[to + 5] = guidWords[guid + 3] ?? 0;
  }
}

/** An aligned copy. */
function words(bytes: Buffer): Uint32Array {
  const memory = new ArrayBuffer(bytes.length);
  bytes.copy(Buffer.from(memory));
  return new Uint32Array(memory);
}

/** Both columns are in the order of the ids, so one pass finds every index. */
function storedUidlsOf(ids: BigInt64Array, packed: PackedList): Map<number, string> {
  const stored = new Map<number, string>();
  if (packed.uidlIds === null || packed.uidls === null) return stored;
  const uidls = readTextArray(packed.uidls);
  let index = 0;
  readInt8Array(packed.uidlIds).forEach((id, nth) => {
    while (index < ids.length && ids[index] !== id) index += 1;
    const uidl = uidls[nth];
    if (index < ids.length && uidl !== undefined) stored.set(index, uidl);
  });
  return stored;
}

/**
 * All columns share one piece of memory: each costs some 200 octets beside what is in it, which for a short list is
 * more than the list.
 */
export function unpackSnapshot(packed: PackedList): Snapshot {
  const count = packed.messageIds.length / numberOctets;
  const numbers = [packed.messageIds, packed.octets, packed.wireOctets, packed.headerOctets];
  if (
    numbers.some(({ length }) => length !== count * numberOctets) ||
    packed.guids.length !== count * guidOctets
  ) {
    throw new StoreError('STORE_CORRUPT', 'the columns of a list differ in length');
  }
  const memory = new ArrayBuffer(count * messageOctets);
  const at = (column: number): number => column * count * numberOctets;
  for (const [column, bytes] of numbers.entries()) copyNative(bytes, memory, at(column));
  interleave(
    packed.messageIds,
    packed.guids,
    new Uint32Array(memory, at(4), count * identityWords),
  );
  const messageIds = new BigInt64Array(memory, at(0), count);
  const octets = new Float64Array(memory, at(1), count);
  let totalOctets = 0;
  for (const size of octets) totalOctets += size;
  return {
    version: String(packed.version),
    count,
    totalOctets,
    messageIds,
    octets,
    wireOctets: new Float64Array(memory, at(2), count),
    headerOctets: new Float64Array(memory, at(3), count),
    identities: new Uint8Array(memory, at(4), count * (numberOctets + guidOctets)),
    storedUidls: storedUidlsOf(messageIds, packed),
  };
}
