/**
 * What proves who somebody is: passwords and what is made of them, app passwords, APOP secrets, names
 * of client certificates. Secrets arrive as they are stored; how they are made and verified is not known
 * here. Every change by someone writes its audit row in the same transaction.
 *
 * A change of what lets a mailbox in bumps its credential version in the same statement. What only
 * writes down anew what was verified, `rehash` and `addScramSecrets`, does not, and is done only
 * while that is still current.
 *
 * Never: a secret given out, but to `findLogin`.
 */

import { type ByActor, byActor } from './by-actor.ts';
import type { LinkPool } from './connection/pool.ts';
import type { ShortLine } from './connection/short-line.ts';
import { NotFound, StoreError } from './errors.ts';
import {
  appPasswordsMax,
  certificateNamesMax,
  importRowsMax,
  touchedCredentialsMax,
} from './limits.ts';
import { addCredential, type NewCredential } from './statements/add-credential.ts';
import { addScramSecrets, type ScramSecrets } from './statements/add-scram-secrets.ts';
import { type ImportedRow, importCredentials } from './statements/import-credentials.ts';
import { type CredentialRow, listCredentials } from './statements/list-credentials.ts';
import { lockMailboxes } from './statements/lock-mailboxes.ts';
import { type Rehash, rehashCredential } from './statements/rehash-credential.ts';
import { type RevokedCredential, revokeCredential } from './statements/revoke-credential.ts';
import { type NewApopSecret, setApopSecret } from './statements/set-apop-secret.ts';
import { type NewPassword, setPassword } from './statements/set-password.ts';
import { touchCredentials, type UsedCredential } from './statements/touch-credentials.ts';

export interface NewAppPassword {
  readonly address: string;
  /** What its user calls it. */
  readonly label: string;
  /** Its stored form. */
  readonly stored: string;
  readonly expiresAt: Date | null;
  readonly actor: string;
}

export interface NewCertificateName {
  readonly address: string;
  /** As the certificate has it. */
  readonly name: string;
  readonly actor: string;
}

/** One mailbox of another server. */
export interface ImportedCredential {
  /** Canonical. */
  readonly address: string;
  /** The stored form of its password. */
  readonly stored: string;
}

/** `duplicate`: an earlier row of the batch has the address. `invalid`: it cannot be stored. */
export type ImportOutcome = ImportedRow['outcome'] | 'duplicate' | 'invalid';

export interface ImportOptions {
  /** Make mailboxes that are not there. */
  readonly create: boolean;
  readonly actor?: string;
}

function noMailbox(): StoreError {
  return new NotFound('mailbox');
}

export class Credentials {
  readonly #line: ShortLine;
  readonly #pool: LinkPool;

  constructor(line: ShortLine, pool: LinkPool) {
    this.#line = line;
    this.#pool = pool;
  }

  /** NOT_FOUND when there is no such mailbox. */
  async setPassword(input: ByActor<NewPassword>): Promise<void> {
    const changed = await this.#pool.transaction(async (link) => {
      await link.run(lockMailboxes, [input.address]);
      return link.run(setPassword, byActor(input));
    });
    if (changed.length === 0) throw noMailbox();
  }

  /** Whether it was replaced: not, when it was changed or removed since it was read. */
  async rehash(input: ByActor<Rehash>): Promise<boolean> {
    return (await this.#pool.run(rehashCredential, byActor(input))).length > 0;
  }

  /** How many there were missing; none when the version is not current any more. */
  async addScramSecrets(input: ByActor<ScramSecrets>): Promise<number> {
    return (await this.#pool.run(addScramSecrets, byActor(input))).length;
  }

  /** Its id. NOT_FOUND when there is no such mailbox, INVALID when it has too many. */
  addAppPassword(input: ByActor<NewAppPassword>): Promise<string> {
    const { stored: secret, ...rest } = byActor(input);
    return this.#add({ ...rest, secret, kind: 'app-password', countMax: appPasswordsMax });
  }

  /** Its id. Also CONFLICT when the mailbox has this name already. */
  addCertificateName(input: ByActor<NewCertificateName>): Promise<string> {
    const { name: secret, ...rest } = byActor(input);
    const kind = 'certificate';
    const countMax = certificateNamesMax;
    return this.#add({ ...rest, secret, kind, label: '', expiresAt: null, countMax });
  }

  /** NOT_FOUND when there is no such mailbox. */
  async setApopSecret(input: ByActor<NewApopSecret>): Promise<void> {
    const changed = await this.#pool.run(setApopSecret, byActor(input));
    if (changed.length === 0) throw noMailbox();
  }

  /** All but the secrets. NOT_FOUND when there is no such mailbox. */
  async list(address: string): Promise<CredentialRow[]> {
    const rows = await this.#pool.run(listCredentials, address);
    if (rows.length === 0) throw noMailbox();
    return rows.filter((row) => row !== null);
  }

  /** NOT_FOUND when the mailbox has no such credential. With a password go its SCRAM secrets. */
  async revoke(input: ByActor<RevokedCredential>): Promise<void> {
    const revoked = await this.#pool.run(revokeCredential, byActor(input));
    if (revoked.length === 0) throw new NotFound('credential');
  }

  /** Notes the day of their use. Answers how many had not been used today. */
  async touch(used: readonly UsedCredential[]): Promise<number> {
    if (used.length > touchedCredentialsMax) {
      throw new StoreError('INVALID', `at most ${touchedCredentialsMax} credentials at once`);
    }
    if (used.length === 0) return 0;
    return (await this.#line.run(touchCredentials, used)).length;
  }

  /** What became of each row, in their order; all in one transaction. */
  async import(
    rows: readonly ImportedCredential[],
    { create, actor = 'system' }: ImportOptions,
  ): Promise<ImportOutcome[]> {
    if (rows.length > importRowsMax) {
      throw new StoreError('INVALID', `at most ${importRowsMax} rows at once`);
    }
    const outcomes = rows.map((row): ImportOutcome => (isStorable(row) ? 'duplicate' : 'invalid'));
    const first = new Map<string, number>();
    rows.forEach(({ address }, index) => {
      if (outcomes[index] === 'duplicate' && !first.has(address)) first.set(address, index);
    });
    const places = [...first.values()];
    const addresses = [...first.keys()];
    const secrets = places.map((place) => rows[place]?.stored ?? '');
    if (addresses.length === 0) return outcomes;
    const imported = await this.#pool.transaction(async (link) => {
      await link.run(lockMailboxes, addresses);
      return link.run(importCredentials, { addresses, secrets, create, actor });
    });
    for (const { index, outcome } of imported) {
      const place = places[index];
      if (place !== undefined) outcomes[place] = outcome;
    }
    return outcomes;
  }

  async #add(input: NewCredential): Promise<string> {
    const [added] = await this.#pool.transaction(async (link) => {
      await link.run(lockMailboxes, [input.address]);
      return link.run(addCredential, input);
    });
    if (added === undefined) throw noMailbox();
    if (added.kind === 'added') return added.credentialId;
    if (added.kind === 'known') throw new StoreError('CONFLICT', 'the mailbox has it already');
    throw new StoreError('INVALID', `a mailbox has at most ${input.countMax} of this kind`);
  }
}

/** What the schema would refuse, and the whole batch with it. */
function isStorable({ address, stored }: ImportedCredential): boolean {
  const octets = Buffer.byteLength(stored);
  return (
    octets >= 1 &&
    octets <= 4096 &&
    !stored.includes('\0') &&
    Buffer.byteLength(address) <= 320 &&
    /^[^\p{Cc}\s\\]+@[^\p{Cc}\s\\@]+$/u.test(address) &&
    !/[A-Z]/.test(address)
  );
}
