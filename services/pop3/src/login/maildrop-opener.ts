/**
 * Locks and opens a maildrop for somebody whose secret was verified.
 *
 * Never: a lock before the secret was verified; a lock kept when opening failed; a maildrop opened
 * that the verified credentials have no grant for.
 */

import { randomUUID } from 'node:crypto';
import { type KnownLogin, type Store, StoreError } from '@poplar/store';
import { type Claimant, type LoginNames, type LoginResult, refused } from './contract.ts';

export class MaildropOpener {
  readonly #store: Store;
  /** The worker's owner row; it changes when its lease was lost. */
  readonly #ownerId: () => string;

  constructor(store: Store, ownerId: () => string) {
    this.#store = store;
    this.#ownerId = ownerId;
  }

  /** Rejects with a StoreError; no lock is held then. The claimant's address is seen with the lock. */
  async open(
    login: KnownLogin,
    names: LoginNames,
    claimant: Claimant,
  ): Promise<LoginResult | 'stale'> {
    // Nobody would have the maildrop, but its login delay would begin.
    if (claimant.isGone()) return refused('client-gone', login.address);
    const target = names.maildrop === null ? login : login.target;
    if (target === null) return refused('no-grant', login.address);
    const store = this.#store;
    const { mailboxId, address } = target;
    const token = randomUUID();
    const ownerId = this.#ownerId();
    const opened = await store.open({
      mailboxId,
      actorId: login.mailboxId,
      credentialVersion: login.credentialVersion,
      ownerId,
      client: claimant.address,
      token,
    });
    switch (opened.kind) {
      case 'stale-credentials':
        return 'stale';
      case 'in-use':
        return refused('in-use', login.address);
      case 'login-delay':
        return refused('login-delay', login.address);
      case 'disabled':
        return refused('suspended', login.address);
      case 'opened':
        break;
    }
    try {
      const snapshot = await store.snapshot(mailboxId, opened.version, opened.messages);
      // The lease or the lock was lost meanwhile: nobody else would tell this session.
      if (this.#ownerId() !== ownerId || !store.holdsLock(ownerId, token)) throw leaseLost();
      const { loginDelaySeconds } = opened;
      const actorAddress = mailboxId === login.mailboxId ? null : login.address;
      return {
        kind: 'opened',
        maildrop: { mailboxId, address, actorAddress, token, snapshot, loginDelaySeconds },
      };
    } catch (error) {
      // RFC 1939 §4: a lock acquired is released before -ERR is said.
      await store.close(mailboxId, token);
      throw error;
    }
  }
}

function leaseLost(): StoreError {
  return new StoreError('OWNER_EXPIRED', 'the lease of this worker was lost while it opened');
}
