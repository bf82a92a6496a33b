/**
 * The first server of a list that answers and will do. All others of its list are tried when one
 * cannot be reached, is starting or stopping, or is not what is wanted; one that refuses the user or the
 * database ends the search, as in libpq: that is a mistake to be mended, not an outage.
 *
 * Never: more than two rounds; a host that is waited for without a bound (those who connect see to it).
 */

import { StoreError, translateError } from '../errors.ts';
import type { Server, ServerList } from './server-list.ts';
import { roundsOf, type SessionAttributes } from './server-state.ts';

/** Connects to one server or rejects, leaving nothing behind; `wanted` is to be checked. */
type Attempt<T> = (server: Server, wanted: SessionAttributes) => Promise<T>;

/** Rejects with a StoreError. */
export async function connectToFirst<T>(list: ServerList, attempt: Attempt<T>): Promise<T> {
  const { servers, attributes } = list.parsed;
  const failures: string[] = [];
  for (const wanted of roundsOf(attributes)) {
    for (const server of list.order()) {
      try {
        const made = await attempt(server, wanted);
        list.served(server);
        return made;
      } catch (cause) {
        const { error } = translateError(cause);
        if (servers.length === 1 || error.code !== 'STORE_UNAVAILABLE') throw error;
        failures.push(`${server.name}: ${reasonOf(error)}`);
      }
    }
  }
  const all = new Error(failures.join('; '));
  throw new StoreError('STORE_UNAVAILABLE', 'no server of the database URL will do', all);
}

function reasonOf({ cause, message }: StoreError): string {
  return cause instanceof Error && cause.message !== '' ? cause.message : message;
}
