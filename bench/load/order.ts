/**
 * What a generator is told and what it answers, as JSON: an order is one line, and so is a result.
 *
 * Never: a function; anything that a second process could not read.
 */

import { Chance } from './chance.ts';
import type { HistogramData } from './histogram.ts';

/** What the clients of a run do, over and over. `Operation` says what one of it is called. */
export type Task =
  /** Connect, USER, PASS, STAT, UIDL, QUIT. */
  | {
      readonly kind: 'poll';
      readonly tls: boolean;
      readonly pipelined: boolean;
      readonly visits?: Visits;
    }
  /** The same on a maildrop to which a message was delivered just before. */
  | { readonly kind: 'poll-changed' }
  /** LIST and UIDL in a session that stays open. */
  | { readonly kind: 'listing' }
  /** RETR in a session that stays open, so many before the first answer is waited for. */
  | { readonly kind: 'retrieval'; readonly tls: boolean; readonly pipelined: number }
  /** RETR and DELE of everything, QUIT; an operation is a message. */
  | { readonly kind: 'drain'; readonly pipelined: number }
  /** The same with UIDL of the last message alone, behind a delivery or not. */
  | { readonly kind: 'opening'; readonly isChanged: boolean }
  /** LMTP; an operation is a message for one recipient, or for so many. */
  | { readonly kind: 'delivery'; readonly recipients?: number }
  /** LMTP delivery, then a session that reads and deletes that message. */
  | { readonly kind: 'churn' }
  /** So many messages for each of a client's maildrops, then a session in each that deletes them unread. */
  | { readonly kind: 'turnover'; readonly messages: number }
  /** Sessions that do nothing, from some point on; on maildrops that were opened before, or never. */
  | {
      readonly kind: 'idle';
      readonly tls: boolean;
      readonly after: IdleAfter;
      readonly seen: boolean;
    }
  /** All sorts of clients; the weights are shares of the operations. */
  | { readonly kind: 'mixed'; readonly weights: Readonly<Record<MixedKind, number>> };

/** Mailboxes are not seen before they are measured, and then any number of times or once. */
type Visits = 'cold' | 'once';

/** The greeting, STAT, or LIST and UIDL as well. */
export type IdleAfter = 'greeting' | 'stat' | 'listing';

export const mixedKinds = ['poll', 'poll-tls', 'fetch', 'delivery'] as const;
export type MixedKind = (typeof mixedKinds)[number];

/** Mailboxes `prefix-0@domain` and on, all alike. */
export interface Mailboxes {
  readonly prefix: string;
  readonly domain: string;
  readonly count: number;
  /** The number of the first of them, if it is not 0. */
  readonly first?: number;
  /**
   * They are taken in an order that jumps over all of `of` mailboxes in steps, so that neighbours are not
   * neighbours on the server. A step shares no factor with `of`: none comes twice.
   */
  readonly scattered?: { readonly of: number; readonly step: number };
  readonly messages: number;
  /** Of each message: as LIST says, as RETR sends without the final dot line. */
  readonly octets: number;
  readonly wireOctets: number;
}

/** Clients that go on as soon as they are answered, or arrivals that come whatever is answered. */
export type Shape =
  | { readonly kind: 'closed' }
  | { readonly kind: 'open'; readonly operationsPerSecond: number };

export interface Ports {
  readonly pop3: number;
  readonly pop3s: number;
  /** 0 where no mail is taken over LMTP. */
  readonly lmtp: number;
}

export interface LoadOrder {
  /** Of the nodes of the server: connections go to any of them, by chance. */
  readonly nodes: readonly Ports[];
  readonly secret: string;
  readonly task: Task;
  readonly mailboxes: Mailboxes;
  readonly shape: Shape;
  /** Of all processes; each has mailboxes of its own. */
  readonly clients: number;
  /** This process and how many there are: it has every client whose number fits. */
  readonly process: number;
  readonly processes: number;
  readonly warmUpSeconds: number;
  readonly seconds: number;
  /** What is delivered. */
  readonly content: string;
}

export interface LoadResult {
  readonly operations: number;
  /** Octets that the server sent, over TLS before it was encrypted. */
  readonly octets: number;
  readonly connections: number;
  readonly seconds: number;
  /** Of this process while it was measured: it must not be the bottleneck. */
  readonly cpuSeconds: number;
  /** By what was done; one entry but for mixed loads. Open loop: from when it was due. */
  readonly latencies: Readonly<Record<string, HistogramData>>;
  readonly operationsOf: Readonly<Record<string, number>>;
  /** Arrivals for which there was no client left: the server was too slow for the rate. */
  readonly held: number;
  /** Version, cipher and group of TLS, where there was any. */
  readonly tls: string;
}

/** What a generator prints: `ready` when it is warm, then waits for a line, then its result. */
export type Said =
  | { readonly said: 'ready' }
  | { readonly said: 'done'; readonly result: LoadResult }
  | { readonly said: 'failed'; readonly reason: string };

const balancing = new Chance(1);

/** Where the next connection of this process goes. */
export function nextNode({ nodes }: LoadOrder): Ports {
  const chosen = nodes[Math.floor(balancing.next() * nodes.length)];
  return chosen ?? { pop3: 0, pop3s: 0, lmtp: 0 };
}

export function addressOf(mailboxes: Mailboxes, index: number): string {
  const { prefix, domain, first = 0, scattered } = mailboxes;
  const place = first + index;
  const number = scattered === undefined ? place : (place * scattered.step) % scattered.of;
  return `${prefix}-${number}@${domain}`;
}
