/**
 * What workers ask each other about locks: whether the client of a session is still there, and to end
 * a session that an administrator wants ended.
 *
 * Theory of operation. A lock is never taken from an owner that lives; but its owner can give it back
 * when it finds that the client is gone. So a worker whose `open` finds a maildrop in use asks the
 * owner once, and goes on asking for the lock as it does anyway:
 *
 *   opener    in use -> ask (one statement for all that ask at the moment) -> tries until `lockWaitMs`
 *   database  looks the owner up and tells owner and mailbox on the channel `poplar_lock` (NOTIFY)
 *   owner     hears -> is it one of mine, and live? -> tells its service by the lock's token -> the
 *             service decides, and closes the lock like that of any session that ends
 *
 * Questions are heard on the short lane, which every new connection makes listen before anyone else
 * may use it, so they need no connection of their own and are reconnected with it. A lane that is used
 * by nobody is tried every few seconds, because a connection that was cut without a word hears nothing.
 *
 * Nothing depends on an answer. A question that is lost, or whose owner hangs, leaves everything as if
 * it had not been asked: the opener waits, the lock lasts until its session or its lease ends. A
 * question that comes late, for a session that has ended, finds no live lock, or the next session's,
 * about which it is as good a question.
 *
 * Never: a lock taken or released here; an answer waited for; more than one question about a mailbox
 * in a while, however many ask for it.
 */

import { BatchQueue } from './connection/batch-queue.ts';
import type { Link } from './connection/link.ts';
import type { ShortLine } from './connection/short-line.ts';
import type { MailboxId } from './contract.ts';
import { listenIntervalMs, questionIntervalMs, questionsRememberedMax } from './limits.ts';
import type { LockKeeper } from './lock-keeper.ts';
import { askOwners } from './statements/ask-owners.ts';
import { listen } from './statements/listen.ts';
import { realWorld, type Timer, type World } from './world.ts';

export interface LockQuestion {
  /** `check`: is its client still there? `end`: an administrator wants it to end. */
  readonly kind: 'check' | 'end';
  /** Of a lock that `open` gave and nobody has closed. */
  readonly token: string;
}

export interface LockQuestionsParts {
  readonly line: ShortLine;
  readonly keeper: LockKeeper;
  /** Whether questions are asked. */
  readonly asks: boolean;
  /** Hears those of others; null: nobody here is asked. */
  readonly asked: ((question: LockQuestion) => void) | null;
  readonly world?: World;
}

const form = /^(check|end) ([0-9a-f-]{36}) (\d{1,19})$/;

export class LockQuestions {
  /** Plain counters. */
  questionsAsked = 0;
  questionsHeard = 0;

  readonly #line: ShortLine;
  readonly #keeper: LockKeeper;
  readonly #asks: boolean;
  readonly #asked: ((question: LockQuestion) => void) | null;
  readonly #queue: BatchQueue<MailboxId, undefined>;
  /** When a mailbox was last asked about. */
  readonly #recent = new Map<MailboxId, number>();
  readonly #world: World;
  readonly #timer: Timer | null = null;

  constructor(parts: LockQuestionsParts) {
    this.#line = parts.line;
    this.#keeper = parts.keeper;
    this.#asks = parts.asks;
    this.#asked = parts.asked;
    const { world = realWorld } = parts;
    this.#world = world;
    this.#queue = new BatchQueue({ send: (mailboxIds) => this.#send(mailboxIds), world });
    if (parts.asked === null) return;
    this.#timer = world.every(listenIntervalMs, () => this.#listenAgain());
  }

  /** To be done on a new link of the line. Rejects with a StoreError. */
  async begin(link: Link): Promise<void> {
    if (this.#asked === null) return;
    link.onNotified = (payload) => this.#hear(payload);
    await link.run(listen, undefined);
  }

  /** Best effort; nothing is known when it returns. */
  ask(mailboxId: MailboxId): void {
    const nowMs = this.#world.nowMs();
    if (!this.#asks || !this.#isDue(mailboxId, nowMs)) return;
    this.#recent.set(mailboxId, nowMs);
    this.questionsAsked += 1;
    this.#queue.submit(mailboxId).catch(() => undefined);
  }

  end(): void {
    this.#timer?.cancel();
  }

  #isDue(mailboxId: MailboxId, nowMs: number): boolean {
    const isRecent = (atMs: number): boolean => nowMs - atMs < questionIntervalMs;
    if (this.#recent.size >= questionsRememberedMax) {
      for (const [id, atMs] of this.#recent) if (!isRecent(atMs)) this.#recent.delete(id);
    }
    const lastMs = this.#recent.get(mailboxId);
    if (lastMs !== undefined) return !isRecent(lastMs);
    return this.#recent.size < questionsRememberedMax;
  }

  async #send(mailboxIds: readonly MailboxId[]): Promise<undefined[]> {
    await this.#line.run(askOwners, mailboxIds);
    return mailboxIds.map(() => undefined);
  }

  #hear(payload: string): void {
    const [, kind, ownerId = '', mailboxId = ''] = form.exec(payload) ?? [];
    if (kind !== 'check' && kind !== 'end') return;
    const token = this.#keeper.liveToken(ownerId, mailboxId);
    if (token === null) return;
    this.questionsHeard += 1;
    this.#asked?.({ kind, token });
  }

  #listenAgain(): void {
    // A connection that does not answer is given up, and the next one listens.
    this.#line.run(listen, undefined).catch(() => undefined);
  }
}
