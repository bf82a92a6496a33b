/**
 * The names of connections in the log: what was logged of one is found by it, in all nodes' logs
 * together.
 *
 * Never: a secret, or anything that a client learns.
 */

import { randomBytes } from 'node:crypto';

/** Of this thread in this run: no other has the same. */
const prefix = randomBytes(5).toString('hex');
let connections = 0;

export function newSessionId(): string {
  connections += 1;
  return `${prefix}-${connections.toString(36)}`;
}
