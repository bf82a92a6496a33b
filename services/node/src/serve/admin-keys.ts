/**
 * What the REST API's worker thread is given to know the root token by: its digest.
 *
 * Never: the token handed on. It goes out of this process's environment, which threads and the embedded
 * database would get a copy of.
 */

import { digestOf, rootDigestKey, rootToken } from '@poplar/admin';
import type { Config, SharedKeys } from '@poplar/runtime';

/** Makes the token file when there is none. Empty when nothing listens. Throws StartError. */
export async function adminKeys({ listeners, dataDir }: Config): Promise<SharedKeys> {
  const given = { POPLAR_ADMIN_TOKEN: process.env.POPLAR_ADMIN_TOKEN };
  delete process.env.POPLAR_ADMIN_TOKEN;
  if (listeners.admin === null) return {};
  return { [rootDigestKey]: digestOf(await rootToken(given, dataDir)) };
}
