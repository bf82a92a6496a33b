/**
 * Brings messages to the import of the REST API and goes on after a lost connection. All requests have one key:
 * the API knows by it how many messages of this import are stored, and passes over none and doubles none.
 *
 * Theory of operation. `#position` is what the API has said is durable. A request says how many messages come
 * before its own. When its answer is lost, or breaks off, the job of the key is asked for its position, and
 * what is behind that is sent again; the node that answers may be another one. Without any progress it is
 * tried for about the time of a lease, and then told.
 *
 * Never: a message sent again that is stored; an answer believed without its last line.
 */

import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type SkipReason, tarEnd, tarFile, uidlRecord } from '@poplar/admin';
import { StartError } from '@poplar/runtime';
import {
  type ApiClient,
  ApiFailure,
  ApiProblem,
  type Fields,
  itemsOf,
  pathOf,
  queryOf,
  textOf,
} from '../api/client.ts';
import { importRetryMaxMs, importRetryMinMs, importTriesMax } from '../limits.ts';
import { noSuchMailbox } from '../mailbox-command.ts';
import type { FoundMessage } from './found.ts';
import type { Tally } from './tally.ts';

export class Sender {
  /** The job says that it is complete. */
  isComplete = false;

  readonly #api: ApiClient;
  readonly #address: string;
  readonly #tally: Tally;
  readonly #key = randomUUID();
  #jobId: string | null = null;
  /** Messages of the import that are done with. */
  #position = 0;

  constructor(api: ApiClient, address: string, tally: Tally) {
    this.#api = api;
    this.#address = address;
    this.#tally = tally;
  }

  /** Resolves when all of them are stored, or left out. Rejects with a StartError. */
  async send(messages: readonly FoundMessage[], isLast: boolean): Promise<void> {
    const end = this.#position + messages.length;
    for (let tries = 1; ; tries += 1) {
      const before = this.#position;
      try {
        const rest = messages.slice(messages.length - (end - before));
        await this.#request(rest, isLast);
        return;
      } catch (error) {
        if (error instanceof ApiProblem && error.status === 404) {
          throw new StartError(noSuchMailbox(this.#address));
        }
        this.#tally.isCertain = false;
        if (!isPassing(error) || tries === importTriesMax) throw error;
        await sleep(Math.min(importRetryMaxMs, importRetryMinMs * 2 ** (tries - 1)));
        await this.#catchUp(messages, end);
        if (this.isComplete) return;
        if (this.#position > before) tries = 0;
      }
    }
  }

  /** Tells the API that no more will come. */
  async cancel(): Promise<void> {
    if (this.#jobId === null) return;
    try {
      await this.#api.call('POST', pathOf`/jobs/${this.#jobId}/cancel`);
    } catch (error) {
      // Its lease will be over: it is interrupted then, which is no less true.
      if (!(error instanceof StartError)) throw error;
    }
  }

  async #request(messages: readonly FoundMessage[], isLast: boolean): Promise<void> {
    const from = this.#position;
    const path = pathOf`/mailboxes/${this.#address}/import`;
    const query = queryOf({ from, ...(isLast ? {} : { more: 'true' }) });
    const answers = await this.#api.send({
      ...{ method: 'POST', path: `${path}${query}`, key: this.#key },
      ...{ type: 'application/x-tar', body: archiveOf(messages) },
    });
    for (const answer of answers) this.#take(answer, messages, from);
    const last = answers.at(-1);
    if (last?.done === true) this.isComplete = last.state === 'complete';
    else if (last?.done === false && last.state === 'failed')
      throw new StartError(textOf(last.detail));
    else throw new ApiFailure(textOf(last?.detail, 'the answer broke off'));
  }

  /** A line about some messages. */
  #take(answer: Fields, messages: readonly FoundMessage[], from: number): void {
    if (typeof answer.jobId === 'string') this.#jobId = answer.jobId;
    if (answer.stored === undefined) return;
    const tally = this.#tally;
    const position = Number(answer.position);
    this.#passOver(messages.slice(this.#position - from, position - from));
    this.#position = position;
    tally.imported += Number(answer.stored);
    tally.importedOctets += Number(answer.octets);
    tally.importedWithoutUidl += Number(answer.withoutUidl);
    const placeOf = (at: unknown) => messages[Number(at) - from - 1]?.place ?? `message ${at}`;
    for (const { at, reason } of itemsOf({ items: answer.skipped })) {
      tally.skip(reasonOf(textOf(reason)), placeOf(at));
    }
    const renewed: readonly unknown[] = Array.isArray(answer.newUidls) ? answer.newUidls : [];
    for (const at of renewed) tally.renew(placeOf(at));
  }

  #passOver(messages: readonly FoundMessage[]): void {
    for (const { inputOctets } of messages) this.#tally.inputOctets += inputOctets;
  }

  /** Asks what became of a request whose answer was lost. @param end the position behind these messages */
  async #catchUp(messages: readonly FoundMessage[], end: number): Promise<void> {
    let job: Fields | undefined;
    try {
      const query = queryOf({ address: this.#address, key: this.#key });
      [job] = itemsOf(await this.#api.call('GET', `/jobs${query}`));
    } catch (error) {
      if (isPassing(error)) return;
      throw error;
    }
    this.#tally.resumed += 1;
    this.#tally.isCertain = true;
    // It never came.
    if (job === undefined) return;
    this.#jobId = textOf(job.jobId);
    const state = textOf(job.state);
    if (state === 'cancelled') throw new StartError('the import was cancelled');
    if (state === 'failed') throw new StartError(textOf(job.error, 'the import failed'));
    this.isComplete = state === 'complete';
    const position = Number(job.position);
    const first = messages.length - (end - this.#position);
    this.#passOver(messages.slice(first, first + position - this.#position));
    this.#position = position;
    const skipped = Object.entries(Object(job.skipped)).map(
      ([reason, count]) => [reasonOf(reason), Number(count)] as const,
    );
    this.#tally.correct({
      imported: Number(job.messages),
      importedOctets: Number(job.octets),
      importedWithoutUidl: Number(job.withoutUidl),
      newUidls: Number(job.newUidls),
      skipped: new Map(skipped),
    });
  }
}

/** Whether the same request may succeed in a while, with another node or this one. */
function isPassing(error: unknown): boolean {
  if (error instanceof ApiProblem) return error.status === 503 || error.status === 429;
  return error instanceof ApiFailure;
}

function reasonOf(text: string): SkipReason {
  const reasons = ['duplicate-uidl', 'over-quota', 'too-large', 'empty', 'folder-data'] as const;
  return reasons.find((reason) => reason === text) ?? 'refused';
}

/** A tar archive as a Maildir would be one; what a file name cannot say is in its records. */
function archiveOf(messages: readonly FoundMessage[]): Uint8Array {
  const files = messages.flatMap(({ content, uidl, receivedAt }, index) =>
    tarFile({
      name: `new/${index + 1}`,
      modifiedMs: receivedAt?.getTime() ?? 0,
      content,
      records: { [uidlRecord]: uidl ?? '' },
    }),
  );
  return Buffer.concat([...files, tarEnd()]);
}
