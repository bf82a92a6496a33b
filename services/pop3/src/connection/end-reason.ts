/**
 * Why a connection ended: a log field and a metric label, so a closed list. The runtime's metric
 * table knows the same words.
 */

import type { CloseReason } from '@poplar/protocol';

/** Why a connection from a load balancer did not become a client's. */
export type StartReason =
  /** Its peer is not in `proxy.trusted`. */
  | 'proxy-untrusted'
  | 'proxy-malformed'
  | 'proxy-timeout'
  | 'full'
  /** The client's address has its share. */
  | 'address-full'
  | 'client-closed'
  | 'client-reset'
  | 'shutdown'
  | 'error';

export type EndReason =
  /** What the session itself decided. */
  | CloseReason
  /** FIN without QUIT. */
  | 'client-closed'
  | 'client-reset'
  | 'tls-failed'
  | 'login-timeout'
  | 'idle-timeout'
  /** The client took none of its output for too long. */
  | 'write-stall'
  /** Put out before login to make room for somebody else. */
  | 'evicted'
  /** The lease of this worker was lost, and with it the session's lock. */
  | 'owner-lost'
  /** The leases of this node could not be renewed for so long that no QUIT could be stored. */
  | 'cut-off'
  /** Given up for another login. */
  | 'taken-over'
  /** An administrator ended it. */
  | 'kicked'
  /** A defect of ours. */
  | 'error';
