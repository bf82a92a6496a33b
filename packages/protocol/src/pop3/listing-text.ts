/**
 * The lines of LIST and UIDL, rendered in blocks of some hundred messages and kept.
 *
 * A maildrop's listing does not change while it is open, and an unchanged maildrop is opened with
 * the same listing again and again. So a block without marks is rendered once for a listing and then
 * passed on by reference; a block with marks is rendered for the session that made them. The kept
 * blocks live exactly as long as the listing: about 14 octets a message for LIST, 42 for UIDL.
 *
 * Never: number anything but by index + 1; change a block after it was made.
 */

import { listingBlockMessages, uidlOctetsMax } from '../limits.ts';
import { carriageReturn, lineFeed, space, writeAscii, writeDecimal } from '../wire/ascii.ts';
import { writeBase64 } from '../wire/base64.ts';
import type { Listing } from './effects.ts';

/** What is said of each message: its size, or its unique id. */
export type ListingKind = 'LIST' | 'UIDL';

const identityOctets = 24;
/** 32 BASE64 characters. */
const madeUidlOctets = (identityOctets / 3) * 4;
/** Number, space, the longest fact (a UIDL), end of line; sizes are at most 16 digits. */
const lineOctetsMax = 10 + 1 + uidlOctetsMax + 2;
/** Where a block is rendered before it is copied to its exact size; used within one call only. */
const scratch = new Uint8Array(listingBlockMessages * lineOctetsMax);

/** Writes the unique id of one message (RFC 1939 §7) and returns the index behind it. */
function writeUidl(listing: Listing, index: number, target: Uint8Array, at: number): number {
  const stored = listing.storedUidls.get(index);
  if (stored !== undefined) return writeAscii(stored, target, at);
  const from = index * identityOctets;
  return writeBase64(listing.identities.subarray(from, from + identityOctets), target, at);
}

/** The unique id of one message as text; the same characters as in the listing of all. */
export function uidlOf(listing: Listing, index: number): string {
  const stored = listing.storedUidls.get(index);
  if (stored !== undefined) return stored;
  writeUidl(listing, index, scratch, 0);
  return String.fromCharCode(...scratch.subarray(0, madeUidlOctets));
}

/** Leaves a message out of a block. */
export type IsMarked = (index: number) => boolean;

function render(
  listing: Listing,
  kind: ListingKind,
  range: { readonly block: number; readonly isMarked: IsMarked },
): Uint8Array {
  const from = range.block * listingBlockMessages;
  const to = Math.min(from + listingBlockMessages, listing.count);
  let at = 0;
  for (let index = from; index < to; index += 1) {
    if (range.isMarked(index)) continue;
    at = writeDecimal(index + 1, scratch, at);
    scratch[at] = space;
    at += 1;
    at =
      kind === 'LIST'
        ? writeDecimal(listing.octets[index] as number, scratch, at)
        : writeUidl(listing, index, scratch, at);
    scratch[at] = carriageReturn;
    scratch[at + 1] = lineFeed;
    at += 2;
  }
  return new Uint8Array(scratch.subarray(0, at));
}

const noneMarked: IsMarked = () => false;

/** The rendered blocks of one listing. */
export class ListingText {
  readonly #listing: Listing;
  readonly #kept: Record<ListingKind, Uint8Array[]> = { LIST: [], UIDL: [] };

  constructor(listing: Listing) {
    this.#listing = listing;
  }

  get blocks(): number {
    return Math.ceil(this.#listing.count / listingBlockMessages);
  }

  /** All lines of a block: shared, and for reading only. */
  whole(kind: ListingKind, block: number): Uint8Array {
    const kept = this.#kept[kind][block];
    if (kept !== undefined) return kept;
    const text = render(this.#listing, kind, { block, isMarked: noneMarked });
    this.#kept[kind][block] = text;
    return text;
  }

  /** The lines of a block without those of marked messages. */
  without(kind: ListingKind, block: number, isMarked: IsMarked): Uint8Array {
    return render(this.#listing, kind, { block, isMarked });
  }
}

const texts = new WeakMap<Listing, ListingText>();

/** The text of a listing, the same one for every session that was given the same listing. */
export function textOf(listing: Listing): ListingText {
  const known = texts.get(listing);
  if (known !== undefined) return known;
  const text = new ListingText(listing);
  texts.set(listing, text);
  return text;
}
