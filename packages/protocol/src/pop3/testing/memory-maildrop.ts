/**
 * A maildrop in memory for tests: messages in wire form and the listing made of them.
 *
 * Never: imported by anything but tests; a shortcut through the session's own code.
 */

import type { Listing } from '../effects.ts';

/** One character an octet. */
export function octetsOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** One character an octet. */
export function textOf(bytes: Uint8Array): string {
  let text = '';
  for (const octet of bytes) text += String.fromCharCode(octet);
  return text;
}

export interface MemoryMessage {
  /** CRLF lines, dots stuffed, no final dot; one character an octet. */
  readonly wire: string;
  /** Unstuffed octets. */
  readonly octets: number;
  readonly headerOctets: number;
  /** 64-bit id, big-endian, then a 128-bit GUID. */
  readonly identity: Uint8Array;
  /** A UIDL kept from another server. */
  readonly uidl?: string;
}

let lastId = 0;

/** A message of a text with LF or CRLF lines. Its octets are as LIST counts them (RFC 1939 §11). */
export function messageOf(text: string, uidl?: string): MemoryMessage {
  const content = text.replace(/\r?\n/g, '\r\n');
  const wire = content.replace(/(^|\r\n)\./g, '$1..');
  const blank = wire.startsWith('\r\n') ? 2 : wire.indexOf('\r\n\r\n') + 4;
  lastId += 1;
  const identity = Uint8Array.from({ length: 24 }, (_, i) => (i < 8 ? 0 : i * lastId) & 0xff);
  new DataView(identity.buffer).setBigUint64(0, BigInt(lastId));
  return {
    wire,
    octets: content.length,
    headerOctets: blank > 3 || blank === 2 ? blank : wire.length,
    identity,
    ...(uidl === undefined ? {} : { uidl }),
  };
}

export class MemoryMaildrop {
  /** A session has it. */
  locked = false;
  #messages: readonly MemoryMessage[];
  #listing: Listing | null = null;

  constructor(messages: readonly MemoryMessage[]) {
    this.#messages = messages;
  }

  get messages(): readonly MemoryMessage[] {
    return this.#messages;
  }

  /** The same object until something changes, like a cached snapshot. */
  listing(): Listing {
    this.#listing ??= listingOf(this.#messages);
    return this.#listing;
  }

  deliver(message: MemoryMessage): void {
    this.#change([...this.#messages, message]);
  }

  remove(gone: ReadonlySet<MemoryMessage>): void {
    this.#change(this.#messages.filter((message) => !gone.has(message)));
  }

  #change(messages: readonly MemoryMessage[]): void {
    this.#messages = messages;
    this.#listing = null;
  }
}

function listingOf(messages: readonly MemoryMessage[]): Listing {
  const identities = new Uint8Array(messages.length * 24);
  const storedUidls = new Map<number, string>();
  for (const [index, message] of messages.entries()) {
    identities.set(message.identity, index * 24);
    if (message.uidl !== undefined) storedUidls.set(index, message.uidl);
  }
  return {
    count: messages.length,
    totalOctets: messages.reduce((sum, message) => sum + message.octets, 0),
    octets: Float64Array.from(messages, (message) => message.octets),
    wireOctets: Float64Array.from(messages, (message) => message.wire.length),
    headerOctets: Float64Array.from(messages, (message) => message.headerOctets),
    identities,
    storedUidls,
  };
}
