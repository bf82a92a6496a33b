/**
 * What a failure of ours is called. The cause goes to the log and the metrics under a code; the
 * client gets one of the protocol's fixed answers, so that neither ever carries the other's words.
 */

import { StoreError } from '@poplar/store';

/** A failure that is not the client's. */
export interface Incident {
  readonly during: 'authenticate' | 'send-message' | 'update';
  readonly error: unknown;
}

/** The code an incident is counted and logged under. */
export function incidentCode(error: unknown): string {
  return error instanceof StoreError ? error.code : 'INTERNAL';
}

/** What became of a message that failed before its first octet was sent. */
export function failureBeforeFirstOctet(error: unknown): 'gone' | 'unavailable' {
  return error instanceof StoreError && error.code === 'MESSAGE_GONE' ? 'gone' : 'unavailable';
}
