/**
 * The way of a command to the REST API. What that needs is loaded when a command goes it, not before:
 * a node and the other commands start without it.
 */

import type { StoreCommandOptions } from '../store-access.ts';
import type { ApiClient } from './client.ts';

/** Runs `work` with a client and closes everything again. Throws what an operator can mend. */
export async function withApi<T>(
  options: StoreCommandOptions,
  work: (api: ApiClient) => Promise<T>,
): Promise<T> {
  const { reachApi } = await import('./reach.ts');
  return reachApi(options, work);
}
