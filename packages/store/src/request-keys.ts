/**
 * Keys by which clients name requests that they may have to send again. A key is claimed before anything is done, in
 * a commit of its own, and what was answered is kept behind it, for a day.
 *
 * Theory of operation. A key that nobody has is claimed. Claimed, it is given back by a request that changed nothing,
 * or settled by one that was answered. Whoever comes with it meanwhile is told that it is busy. A claim that is
 * neither given back nor settled in its time is that of a process that died: nobody knows what it did, and nobody
 * may find out by doing it again. So such a key stays unknown until its day is over.
 *
 * Never: the key itself, or a secret of an answer, in a row; a key claimed twice within its day.
 */

import type { LinkPool } from './connection/pool.ts';
import { StoreError } from './errors.ts';
import { claimRequestKeyTriesMax } from './limits.ts';
import {
  claimRequestKey,
  type RequestKeyRow,
  type RequestToClaim,
} from './statements/claim-request-key.ts';
import { forgetRequestKeys } from './statements/forget-request-keys.ts';
import { releaseRequestKey } from './statements/release-request-key.ts';
import { type SettledRequest, settleRequestKey } from './statements/settle-request-key.ts';

export class RequestKeys {
  readonly #pool: LinkPool;

  constructor(pool: LinkPool) {
    this.#pool = pool;
  }

  /** Durable when it answers `claimed`. */
  async claim(request: RequestToClaim): Promise<RequestKeyRow> {
    for (let tries = 0; tries < claimRequestKeyTriesMax; tries += 1) {
      const [row] = await this.#pool.run(claimRequestKey, request);
      if (row !== undefined) return row;
    }
    throw new StoreError(
      'STORE_TIMEOUT',
      'a key of a request is claimed and given back all the time',
    );
  }

  /** False when it is not claimed any more. */
  async settle(settled: SettledRequest): Promise<boolean> {
    return (await this.#pool.run(settleRequestKey, settled)).length > 0;
  }

  /** False when it is not claimed any more. */
  async release(digest: Uint8Array): Promise<boolean> {
    return (await this.#pool.run(releaseRequestKey, digest)).length > 0;
  }

  /** Removes those whose day is over. Answers how many; call again when it is the bound. */
  async forget(): Promise<number> {
    return (await this.#pool.run(forgetRequestKeys, undefined)).length;
  }
}
