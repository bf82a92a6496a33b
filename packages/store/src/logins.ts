/**
 * Who logs in: look-ups of names, many in one statement, and what is remembered of them
 * (login-cache.ts).
 *
 * Never: a name that could make the statement of all others fail.
 */

import { hash } from 'node:crypto';
import { BatchQueue } from './connection/batch-queue.ts';
import type { ShortLine } from './connection/short-line.ts';
import { type Credential, credentialKinds, type Login } from './contract.ts';
import { LoginCache, type LoginCacheBounds } from './login-cache.ts';
import { findLogins, type LoginRequest, type LoginRow } from './statements/find-logins.ts';

export class Logins {
  readonly cache: LoginCache;

  readonly #queue: BatchQueue<LoginRequest, Login | null>;

  constructor(line: ShortLine, bounds: LoginCacheBounds) {
    this.cache = new LoginCache(bounds);
    this.#queue = new BatchQueue({
      send: async (requests) => {
        const link = await line.connected();
        const { generation } = this.cache;
        const logins = loginsOf(requests, await link.run(findLogins, requests));
        // What a database said that is not this one any more is not kept.
        if (generation === this.cache.generation) {
          requests.forEach((request, index) => {
            this.cache.put(request, logins[index] ?? null);
          });
        }
        return logins;
      },
    });
  }

  /** Rejects with a StoreError. */
  async find(request: LoginRequest): Promise<Login | null> {
    // PostgreSQL has no such text, and would refuse the whole batch.
    if (`${request.name}${request.maildropName ?? ''}`.includes('\0')) return null;
    return this.#queue.submit(request);
  }
}

function loginsOf(requests: readonly LoginRequest[], rows: readonly LoginRow[]): (Login | null)[] {
  const logins = requests.map((): (Login & { credentials: Credential[] }) | null => null);
  for (const row of rows) {
    const { index, credentialId, kind, secret, expiresInSeconds, ...login } = row;
    let found = logins[index];
    if (found === undefined) continue;
    if (found === null) {
      found = { ...login, credentialsDigest: '', credentials: [] };
      logins[index] = found;
    }
    // A kind that only a later version knows is nothing to this one.
    const known = credentialKinds.find((one) => one === kind);
    if (credentialId !== null && secret !== null && known !== undefined) {
      found.credentials.push({ id: credentialId, kind: known, secret, expiresInSeconds });
    }
  }
  return logins.map((login) =>
    login === null ? null : { ...login, credentialsDigest: digestOf(login.credentials) },
  );
}

/** Ids are never given out twice, and what an id stands for changes with its secret alone. */
function digestOf(credentials: readonly Credential[]): string {
  const texts = credentials.map(({ id, secret }) => `${id} ${secret}`).sort();
  return hash('sha256', texts.join('\n'), 'base64').slice(0, 22);
}
