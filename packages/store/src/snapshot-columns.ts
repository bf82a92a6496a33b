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

/** The column in memory of its own, aligned, in this machine's order. */
function nativeColumn(column: Buffer): ArrayBuffer {
  const memory = new ArrayBuffer(column.length);
  const copy = Buffer.from(memory);
  column.copy(copy);
  if (endianness() === 'LE') copy.swap64();
  return memory;
}

/** Interleaves ids and GUIDs word by word: as bytes they are never turned around. */
function identitiesOf(ids: Buffer, guids: Buffer): Uint8Array {
  const idWords = words(ids);
  const guidWords = words(guids);
  const identities = new Uint32Array((ids.length + guids.length) / 4);
  for (let to = 0, id = 0, guid = 0; to < identities.length; to += 6, id += 2, guid += 4) {
    identities[to] = idWords[id] ?? 0;
    identities[to + 1] = idWords[id + 1] ?? 0;
    identities[to + 2] = guidWords[guid] ?? 0;
    identities[to + 3] = guidWords[guid + 1] ?? 0;
    identities[to + 4] = guidWords[guid + 2] ?? 0;
    identities[to + 5] = guidWords[guid + 3] ?? 0;
  }
  return new Uint8Array(identities.buffer);
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

export function unpackSnapshot(packed: PackedList): Snapshot {
  const messageIds = new BigInt64Array(nativeColumn(packed.messageIds));
  const octets = new Float64Array(nativeColumn(packed.octets));
  const count = messageIds.length;
  if (octets.length !== count || packed.guids.length !== count * guidOctets) {
    throw new StoreError('STORE_CORRUPT', 'the columns of a list differ in length');
  }
  let totalOctets = 0;
  for (const size of octets) totalOctets += size;
  return {
    version: String(packed.version),
    count,
    totalOctets,
    messageIds,
    octets,
    wireOctets: new Float64Array(nativeColumn(packed.wireOctets)),
    headerOctets: new Float64Array(nativeColumn(packed.headerOctets)),
    identities: identitiesOf(packed.messageIds, packed.guids),
    storedUidls: storedUidlsOf(messageIds, packed),
  };
}
