/**
 * What clients said and heard, each with a number of the database's log of changes that was drawn at the
 * right side of it: before what they say, behind what they hear. So what stands before a number in the log
 * was committed by then, and no clock is asked.
 *
 * Never: a judgement; that is the verdict's.
 */

import { nextChangeNumber } from '@poplar/store/testing';
import type { TestDatabase } from '../../support/test-database.ts';

/** A session is known by the address it comes from: no two come from the same. */
export interface WitnessedSession {
  readonly client: string;
  readonly mailboxId: string;
}

export type Testified =
  /** It is logged in and was told its list: unique ids in the order of their numbers. */
  | { readonly kind: 'listed'; readonly session: WitnessedSession; readonly uidls: string[] }
  /** It is told them again; null where it marked one. */
  | {
      readonly kind: 'uidls';
      readonly session: WitnessedSession;
      readonly uidls: readonly (string | null)[];
    }
  | { readonly kind: 'quits'; readonly session: WitnessedSession; readonly numbers: number[] }
  | { readonly kind: 'confirmed'; readonly session: WitnessedSession }
  /** From here on it may be over. */
  | { readonly kind: 'ending'; readonly session: WitnessedSession }
  | { readonly kind: 'accepted'; readonly attempt: number; readonly mailboxId: string };

export type Event = Testified & { readonly number: number };

export class Witness {
  readonly events: Event[] = [];
  /** Counts for the curious: a run in which nothing happens proves nothing. */
  readonly counts = {
    ...{ opened: 0, inUse: 0, retrieved: 0, removed: 0, delivered: 0, dropped: 0 },
    /** QUITs with marks that were not answered `+OK`, or whose answer was not waited for. */
    unconfirmed: 0,
  };
  /** What clients saw that no client may see. */
  readonly complaints: string[] = [];
  readonly #database: TestDatabase;
  #clients = 0;
  #attempts = 0;

  constructor(database: TestDatabase) {
    this.#database = database;
  }

  /** Of 127.0.0.0/8, all of which is this machine. */
  freshAddress(): string {
    this.#clients += 1;
    const nth = this.#clients;
    return `127.${32 + (nth >> 16)}.${(nth >> 8) & 255}.${nth & 255}`;
  }

  freshAttempt(): number {
    this.#attempts += 1;
    return this.#attempts;
  }

  mark(): Promise<number> {
    return nextChangeNumber(this.#database);
  }

  tell(number: number, testified: Testified): void {
    this.events.push({ ...testified, number });
  }

  /** Of what has been heard just now. */
  async heard(testified: Testified): Promise<void> {
    this.tell(await this.mark(), testified);
  }
}

/** What a message says that is sent with this number, so that whoever reads it can tell. */
export function contentOf(attempt: number): string {
  const dots = '.'.repeat(attempt % 3);
  return `Subject: attempt-${attempt}\r\n\r\n${dots}text ${attempt}\r\n`.repeat(1 + (attempt % 7));
}
