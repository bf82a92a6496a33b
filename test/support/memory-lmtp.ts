/**
 * LMTP sessions in memory, over a directory of three addresses and a counter of what was stored for
 * the first of them.
 *
 * Never: a shortcut past the session.
 */

import { LmtpSession, OctetBudget } from '@poplar/protocol';
import type { Talk } from './memory-peer.ts';
import { bytesOf } from './messages.ts';

/** As the node of the other driver is configured. */
export const lmtpMessageOctetsMax = 100_000;

export class MemoryLmtp {
  /** The store cannot be reached. */
  isDown = false;
  /** Messages stored for `{user}`. */
  stored = 0;
  readonly #names: ReadonlyMap<string, string>;

  constructor(names: ReadonlyMap<string, string>) {
    this.#names = names;
  }

  connect(): Talk {
    const session = new LmtpSession<string>({
      hostname: 'pop.example.org',
      messageOctetsMax: lmtpMessageOctetsMax,
      budget: new OctetBudget(10_000_000),
      offerStartTls: true,
    });
    let ended = false;
    const run = (): string => {
      let said = '';
      for (;;) {
        const step = session.next();
        said += Buffer.concat(session.takeOutput()).toString('latin1');
        if (step.kind === 'close' || step.kind === 'abort') ended = true;
        if (step.kind === 'effect' && step.effect.kind !== 'start-tls') {
          this.#perform(session, step.effect);
        } else if (step.kind !== 'flush') return said;
      }
    };
    return {
      get ended() {
        return ended;
      },
      greet: () => {
        session.greet();
        return run();
      },
      send: (octets) => {
        session.receive(bytesOf(octets));
        return run();
      },
      upgrade: () => {
        session.upgraded();
        return run();
      },
    };
  }

  #perform(
    session: LmtpSession<string>,
    effect: Exclude<
      Extract<ReturnType<LmtpSession<string>['next']>, { kind: 'effect' }>['effect'],
      { kind: 'start-tls' }
    >,
  ): void {
    if (effect.kind === 'resolve-recipient') {
      const name = effect.address.toLowerCase();
      const isKnown = name === this.#names.get('user') || name === this.#names.get('second');
      if (this.isDown) session.resume({ kind: 'rejected', reason: 'temporary' });
      else if (isKnown) session.resume({ kind: 'accepted', mailbox: name });
      else if (name === this.#names.get('suspended')) {
        session.resume({ kind: 'rejected', reason: 'suspended' });
      } else session.resume({ kind: 'rejected', reason: 'unknown' });
      return;
    }
    const results = effect.envelope.recipients.map(({ mailbox }) => {
      if (this.isDown) return 'temporary' as const;
      if (mailbox === this.#names.get('user')) this.stored += 1;
      return 'delivered' as const;
    });
    session.resume({ kind: 'delivered', id: 'id1', results });
  }
}
