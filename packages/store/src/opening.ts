/**
 * Opens maildrops: takes locks and reads what was opened, many at once.
 *
 * Each request goes through: queued -> in a batch -> opened, refused, or in use; in use is asked
 * again with doubling pauses until `lockWaitMs` is over, because a QUIT that is committing holds
 * its row for an fsync, and because its owner, which is told (lock-questions.ts), may find that its
 * client is gone. A batch is two statements in one round trip: the first locks, the second,
 * with a snapshot of its own, reads credentials and state anew. A lock whose state then does not
 * allow it, or is never learnt, is released. Why one that should have had its lock has none is asked
 * behind the batch (lock-refusals.ts). Credentials are the actor's, who is mostly the mailbox
 * itself: what it may open was read with them, and an end of that is a new version of them.
 *
 * Never: a lock under credentials that are not current; a lock left behind by a failed open.
 */

import type { Closing } from './closing.ts';
import type { BatchPulse } from './connection/batch-pulse.ts';
import { BatchQueue } from './connection/batch-queue.ts';
import type { Link } from './connection/link.ts';
import type { ShortLine } from './connection/short-line.ts';
import type { MailboxId, OpenRequest, OpenResult } from './contract.ts';
import { StoreError, translateError } from './errors.ts';
import { batchQueueMax, lockRetryMinMs, opensOfMailboxMax } from './limits.ts';
import type { LockKeeper } from './lock-keeper.ts';
import type { LockQuestions } from './lock-questions.ts';
import { LockRefusals } from './lock-refusals.ts';
import type { LockWaitEnd, StoreMeter } from './meter.ts';
import { type OpenedState, readOpened } from './statements/read-opened.ts';
import { type LockRequest, type TakenLock, takeLocks } from './statements/take-locks.ts';
import { sleep, type World } from './world.ts';

type Answer = OpenResult | { readonly kind: 'owner-expired' };
/** What a batch knows of it: not why there is no lock where there should be one. */
type Answered = Answer | { readonly kind: 'refused'; readonly asked: LockRequest };

export interface OpeningParts {
  readonly line: ShortLine;
  readonly keeper: LockKeeper;
  readonly closing: Closing;
  readonly questions: LockQuestions;
  readonly pulse: BatchPulse;
  readonly waitMs: number;
  readonly world: World;
  readonly meter: StoreMeter;
  /** Hears of locks that were taken from owners that are gone. */
  readonly stolen: (mailboxIds: readonly MailboxId[]) => void;
}

export class Opening {
  readonly queue: BatchQueue<OpenRequest, Answered>;

  readonly #line: ShortLine;
  readonly #keeper: LockKeeper;
  readonly #closing: Closing;
  readonly #questions: LockQuestions;
  readonly #waitMs: number;
  readonly #world: World;
  readonly #meter: StoreMeter;
  readonly #stolen: OpeningParts['stolen'];
  readonly #refusals: LockRefusals;
  /** How many ask for each mailbox. */
  readonly #standing = new Map<MailboxId, number>();
  #retrying = 0;

  constructor(parts: OpeningParts) {
    this.#line = parts.line;
    this.#keeper = parts.keeper;
    this.#closing = parts.closing;
    this.#questions = parts.questions;
    this.#waitMs = parts.waitMs;
    this.#world = parts.world;
    this.#meter = parts.meter;
    this.#stolen = parts.stolen;
    this.#refusals = new LockRefusals(parts);
    this.queue = new BatchQueue({
      send: (requests) => this.#send(requests),
      key: (request) => request.mailboxId,
      pulse: parts.pulse,
      world: parts.world,
    });
  }

  /** Rejects with a StoreError; no lock is held then. */
  async open(request: OpenRequest): Promise<OpenResult> {
    const { mailboxId } = request;
    const standing = this.#standing.get(mailboxId) ?? 0;
    // No two of them share a batch: one maildrop's clients would fill the queue of all others.
    if (standing >= opensOfMailboxMax) return { kind: 'in-use' };
    this.#standing.set(mailboxId, standing + 1);
    try {
      return await this.#openOrWait(request);
    } finally {
      const left = (this.#standing.get(mailboxId) ?? 1) - 1;
      if (left > 0) this.#standing.set(mailboxId, left);
      else this.#standing.delete(mailboxId);
    }
  }

  async #openOrWait(request: OpenRequest): Promise<OpenResult> {
    let answer = await this.#ask(request);
    // Told also when nobody waits here: the client will come back.
    if (answer.kind === 'in-use') this.#questions.ask(request.mailboxId);
    if (answer.kind === 'in-use' && this.#waitMs > 0) {
      answer = await this.#openMeasured(request);
    }
    if (answer.kind === 'owner-expired') {
      throw new StoreError('OWNER_EXPIRED', 'the lease of this worker is over');
    }
    return answer;
  }

  /** Its epoch may have changed under it: then it is asked once more, with the one there is then. */
  async #ask(request: OpenRequest): Promise<Answer> {
    const answer = await this.#askOnce(request);
    return answer.kind === 'owner-expired' ? this.#askOnce(request) : answer;
  }

  async #askOnce(request: OpenRequest): Promise<Answer> {
    const answer = await this.queue.submit(request);
    return answer.kind === 'refused' ? this.#refusals.queue.submit(answer.asked) : answer;
  }

  /** Tells how long it waited, and for what. */
  async #openMeasured(request: OpenRequest): Promise<Answer> {
    const startedAtMs = this.#world.nowMs();
    let end: LockWaitEnd = 'failed';
    try {
      const answer = await this.#openLater(request);
      const { kind } = answer;
      end = kind === 'opened' || kind === 'in-use' ? kind : 'refused';
      return answer;
    } finally {
      this.#meter.lockWaited(this.#world.nowMs() - startedAtMs, end);
    }
  }

  async #openLater(request: OpenRequest): Promise<Answer> {
    if (this.#retrying >= batchQueueMax) return { kind: 'in-use' };
    this.#retrying += 1;
    try {
      const until = this.#world.nowMs() + this.#waitMs;
      for (let pauseMs = lockRetryMinMs; ; pauseMs *= 2) {
        const leftMs = until - this.#world.nowMs();
        if (leftMs <= 0) return { kind: 'in-use' };
        await sleep(this.#world, Math.min(pauseMs, leftMs));
        const answer = await this.#ask(request);
        if (answer.kind !== 'in-use') return answer;
      }
    } finally {
      this.#retrying -= 1;
    }
  }

  async #send(requests: readonly OpenRequest[]): Promise<Answered[]> {
    const link = await this.#line.connected();
    const asked = await this.#withEpochs(link, requests);
    const [taken, states] = await Promise.allSettled([
      link.run(takeLocks, asked),
      link.run(readOpened, asked),
    ]);
    // The locks may have been taken although nobody heard of it.
    if (taken.status === 'rejected') throw this.#abandon(requests, taken.reason);
    if (states.status === 'rejected') throw this.#abandon(requests, states.reason);
    this.#meter.opensSent(requests.length);
    const tokens = new Set(taken.value.map(({ token }) => token));
    const stolen = taken.value.filter(({ isStolen }) => isStolen);
    if (stolen.length > 0) this.#tellStolen(requests, stolen);
    const answers: Answered[] = requests.map(() => ({ kind: 'disabled' }));
    for (const state of states.value) {
      const request = asked[state.index];
      if (request === undefined) continue;
      const locked = tokens.has(request.token);
      const answer = answerFor(request, state, locked);
      answers[state.index] = answer;
      if (answer.kind === 'opened') this.#keeper.opened(request.ownerId, request.token);
      else if (locked) void this.#closing.close(request.mailboxId, request.token);
      else this.#keeper.forget(request.token);
    }
    return answers;
  }

  #tellStolen(requests: readonly OpenRequest[], stolen: readonly TakenLock[]): void {
    this.#meter.locksStolen(stolen.length);
    const tokens = new Set(stolen.map(({ token }) => token));
    const opened = requests.filter(({ token }) => tokens.has(token));
    this.#stolen(opened.map(({ mailboxId }) => mailboxId));
  }

  async #withEpochs(link: Link, requests: readonly OpenRequest[]): Promise<LockRequest[]> {
    const asked: LockRequest[] = [];
    for (const request of requests) {
      const epoch = await this.#keeper.epochOf(link, request.ownerId);
      asked.push({ ...request, epoch });
    }
    // Said when nothing can come between this and the asking.
    for (const request of asked) this.#keeper.opening(request.ownerId, request);
    return asked;
  }

  #abandon(requests: readonly OpenRequest[], cause: unknown): StoreError {
    for (const { mailboxId, token } of requests) void this.#closing.close(mailboxId, token);
    return translateError(cause).error;
  }
}

function answerFor(request: LockRequest, state: OpenedState, locked: boolean): Answered {
  if (state.credentialVersion === null) return { kind: 'disabled' };
  if (state.credentialVersion !== request.credentialVersion) return { kind: 'stale-credentials' };
  if (!state.enabled) return { kind: 'disabled' };
  if (!locked) return { kind: 'refused', asked: request };
  const { version, messages, loginDelaySeconds } = state;
  return { kind: 'opened', version, messages, loginDelaySeconds };
}
