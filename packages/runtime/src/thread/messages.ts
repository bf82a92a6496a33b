/**
 * All that crosses between the main thread and a worker thread: two closed unions of plain data.
 *
 * Never: client bytes; a message that expects the other side to block.
 */

import type { Config, LogLevel } from '../config/config.ts';
import type { CertificateSet } from '../tls/certificates.ts';

/** Which worker: its role and its number within the role, from 0. */
export interface WorkerPlace {
  readonly role: string;
  readonly worker: number;
}

/** A place as the main thread's log names it; `role` there is the main thread's own. */
export function placeFields({ role, worker }: WorkerPlace): { workerRole: string; worker: number } {
  return { workerRole: role, worker };
}

/** Memory of this process that all its workers see, by names that only its users know. */
export type SharedMemory = Readonly<Record<string, SharedArrayBuffer>>;

/** Octets that are the same in all workers of the node, by names that only their users know. */
export type SharedKeys = Readonly<Record<string, Uint8Array>>;

/** Given to the thread when it is made. */
export interface WorkerData extends WorkerPlace {
  readonly config: Config;
  readonly databaseUrl: string;
  readonly ownerId: string;
  /** False while the node takes no clients: it is to begin without listeners for them. */
  readonly isAdmitting: boolean;
  readonly certificates: CertificateSet;
  readonly ticketKeys: Uint8Array;
  readonly shared: SharedMemory;
  readonly keys: SharedKeys;
}

/** What a running worker is given anew. */
export interface ReloadedParts {
  /** For new handshakes; connections that stand are not touched. */
  readonly certificates: CertificateSet;
  /** Differs from the former one in what reload-config.ts lists, and nowhere else. */
  readonly config: Config;
}

export type ToWorker =
  /** Answer with the same number: shows that the loop turns, and brings the metrics. */
  | { readonly kind: 'ping'; readonly sequence: number }
  /** End within this time: no new clients, no broken answers. */
  | { readonly kind: 'drain'; readonly deadlineMs: number }
  /** The configuration was read again: what may change while a node runs is in force from now on. */
  | { readonly kind: 'reload'; readonly reloaded: ReloadedParts }
  /** The level of its log, from now on. */
  | { readonly kind: 'log-level'; readonly logLevel: LogLevel }
  /** The lease was lost and taken anew: every lock held under the old owner is void. */
  | { readonly kind: 'owner'; readonly ownerId: string }
  /** The lease was over for a while and goes on: locks may have been taken meanwhile. */
  | { readonly kind: 'lapsed' }
  /** Take clients, or take none: those that are there end within this time. */
  | { readonly kind: 'admit'; readonly isAdmitting: boolean; readonly deadlineMs: number }
  /** The leases could not be renewed for so long that their sessions are of no use any more. */
  | { readonly kind: 'cut-off' };

export type FromWorker =
  /** Every listener answers; these are their printable addresses. */
  | { readonly kind: 'ready'; readonly listeners: readonly string[] }
  /** It cannot start; the message is one line for the operator. */
  | { readonly kind: 'failed'; readonly message: string }
  /** `admit` is done: its listeners are open, or closed. */
  | { readonly kind: 'admitting'; readonly isAdmitting: boolean }
  | { readonly kind: 'pong'; readonly sequence: number; readonly values: Float64Array }
  /** All is closed; the thread ends now. */
  | { readonly kind: 'drained'; readonly values: Float64Array };
