/**
 * A message on its way from PostgreSQL to a client. Small ones come whole from a prepared statement,
 * several at once when the client walks the drop. Large ones are passed on as they arrive, and a
 * client that cannot keep up loses the PostgreSQL connection and gets the rest in slices, each read
 * only when the one before was taken.
 *
 * Never: a PostgreSQL connection held while a client is waited for beyond `streamPatienceMs`; more
 * produced than the sink has room for.
 */

import type { BodyStream, MailboxId, Snapshot, Store } from '@poplar/store';
import { sliceOctets, smallBodyOctetsMax, streamPatienceMs, topSliceOctets } from '../limits.ts';
import type { ReadAhead } from './read-ahead.ts';

/** One message wanted of an open maildrop. */
export interface Letter {
  readonly mailboxId: MailboxId;
  readonly snapshot: Snapshot;
  readonly readAhead: ReadAhead;
  /** 0-based. */
  readonly index: number;
  /** Body lines for TOP; null for the whole message. */
  readonly bodyLines: number | null;
}

/** Where the pieces go. */
export interface MessageSink {
  /** True once `begin` was called: from then on a failure can only break the connection. */
  readonly begun: boolean;
  begin(): void;
  /** False when enough has been given. The bytes belong to the sink from now on. */
  piece(bytes: Uint8Array): boolean;
  /** Sends what is pending; true if more may be produced at once. */
  flush(): boolean;
  /** Resolves when there is room again: true, or false when the connection has died. */
  room(): Promise<boolean>;
}

/** `broken` stands also for a connection that died meanwhile: nobody is left to be answered. */
export type Sent = 'sent' | 'gone' | 'unavailable' | 'broken';

/** Sends one message. Rejects with a StoreError when the store fails. */
export function send(store: Store, letter: Letter, sink: MessageSink): Promise<Sent> {
  if (letter.bodyLines !== null) return sendTop(store, letter, sink);
  const octets = letter.snapshot.wireOctets[letter.index] ?? 0;
  return octets <= smallBodyOctetsMax
    ? sendSmall(store, letter, sink)
    : sendLarge(store, letter, sink);
}

function messageId(letter: Letter, index = letter.index): bigint {
  const id = letter.snapshot.messageIds[index];
  if (id === undefined) throw new RangeError('message index outside the snapshot');
  return id;
}

async function sendSmall(store: Store, letter: Letter, sink: MessageSink): Promise<Sent> {
  const indexes = letter.readAhead.plan(letter.index, letter.snapshot);
  const ids = indexes.map((index) => messageId(letter, index));
  const [body, ...following] = await store.readBodies(letter.mailboxId, ids);
  following.forEach((ahead, i) => {
    const index = indexes[i + 1];
    if (ahead !== null && index !== undefined) letter.readAhead.keep(index, ahead);
  });
  if (body === undefined || body === null) return 'gone';
  sink.begin();
  sink.piece(body);
  return 'sent';
}

async function sendLarge(store: Store, letter: Letter, sink: MessageSink): Promise<Sent> {
  const size = letter.snapshot.wireOctets[letter.index] ?? 0;
  const stream = await store.streamBody(letter.mailboxId, messageId(letter), 0);
  let sentOctets: number;
  try {
    sentOctets = await passOn(stream, sink);
  } finally {
    stream.cancel();
  }
  if (sentOctets < 0) return 'broken';
  if (!sink.begun) return 'gone';
  return sentOctets < size ? sendSlices(store, letter, sink, sentOctets) : 'sent';
}

/**
 * Passes the stream on until it ends or the client has used up the patience. Answers how many
 * octets were given to the sink; -1 when the connection died.
 */
async function passOn(stream: BodyStream, sink: MessageSink): Promise<number> {
  let octets = 0;
  let waitedMs = 0;
  for (;;) {
    const chunk = await stream.read();
    if (chunk === null) return octets;
    if (!sink.begun) sink.begin();
    sink.piece(chunk);
    octets += chunk.length;
    if (sink.flush()) continue;
    const since = performance.now();
    const answer = await withinPatience(sink.room(), streamPatienceMs - waitedMs);
    if (answer === false) return -1;
    if (answer === 'impatient') return octets;
    waitedMs += performance.now() - since;
  }
}

function withinPatience(room: Promise<boolean>, ms: number): Promise<boolean | 'impatient'> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, Math.max(ms, 1), 'impatient');
    void room.then((alive) => {
      clearTimeout(timer);
      resolve(alive);
    });
  });
}

async function sendSlices(
  store: Store,
  letter: Letter,
  sink: MessageSink,
  from: number,
): Promise<Sent> {
  const size = letter.snapshot.wireOctets[letter.index] ?? 0;
  const id = messageId(letter);
  for (let offset = from; offset < size; ) {
    if (!sink.flush() && !(await sink.room())) return 'broken';
    const slice = await store.readSlice(letter.mailboxId, id, { offset, octets: sliceOctets });
    if (slice === null || slice.length === 0) return 'broken';
    sink.piece(slice);
    offset += slice.length;
  }
  return 'sent';
}

async function sendTop(store: Store, letter: Letter, sink: MessageSink): Promise<Sent> {
  const { snapshot, index, bodyLines } = letter;
  const size = snapshot.wireOctets[index] ?? 0;
  const headerOctets = snapshot.headerOctets[index] ?? 0;
  const id = messageId(letter);
  // The whole header and a guess at the lines; a header of any size is cut into slices too.
  let octets = Math.min(headerOctets + (bodyLines === 0 ? 0 : topSliceOctets), sliceOctets);
  for (let offset = 0; ; octets = topSliceOctets) {
    const slice = await store.readSlice(letter.mailboxId, id, {
      offset,
      octets: Math.max(octets, 1),
    });
    if (slice === null) return sink.begun ? 'broken' : 'gone';
    if (!sink.begun) sink.begin();
    const more = sink.piece(slice);
    offset += slice.length;
    if (!more || offset >= size || (bodyLines === 0 && offset >= headerOctets)) return 'sent';
    if (slice.length === 0) return 'broken';
    if (!sink.flush() && !(await sink.room())) return 'broken';
  }
}
