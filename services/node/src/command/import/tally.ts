/**
 * What an import has done so far, counted: the source of the progress line and of the report.
 */

import { isError, type SkipReason } from '@poplar/admin';
import { namedMax } from '../limits.ts';

export interface TallySums {
  readonly imported: number;
  readonly importedOctets: number;
  readonly importedWithoutUidl: number;
  readonly newUidls: number;
  readonly skipped: ReadonlyMap<SkipReason, number>;
}

export class Tally {
  imported = 0;
  /** With CRLF lines, as LIST would say. */
  importedOctets = 0;
  /** Imported messages without a UIDL from elsewhere: a second import would double them. */
  importedWithoutUidl = 0;
  /** Imported messages whose UIDL belongs to another one, and so was not kept. */
  newUidls = 0;
  /** The first of them. */
  readonly newUidlPlaces: string[] = [];
  /** Octets of input that are done with. */
  inputOctets = 0;
  readonly skipped = new Map<SkipReason, number>();
  /** The first of those that were skipped for an error. */
  readonly named: { readonly place: string; readonly reason: SkipReason }[] = [];
  readonly #startedMs = performance.now();
  #endedMs: number | null = null;
  /** What was left out on this side, before anything was sent. */
  readonly #leftOut = new Map<SkipReason, number>();

  /** Times that it went on after a lost connection. */
  resumed = 0;
  /** False while nobody knows what became of the last request: it may have stored more. */
  isCertain = true;

  get elapsedMs(): number {
    return (this.#endedMs ?? performance.now()) - this.#startedMs;
  }

  /** Nothing more is counted: the time is taken. */
  end(): void {
    this.#endedMs = performance.now();
  }

  get skippedMessages(): number {
    return [...this.skipped.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Whether something was skipped that somebody may miss. */
  get hasErrors(): boolean {
    return [...this.skipped.keys()].some((reason) => isError[reason]);
  }

  /** An imported message did not keep its UIDL. */
  renew(place: string): void {
    this.newUidls += 1;
    if (this.newUidlPlaces.length < namedMax.json) this.newUidlPlaces.push(place);
  }

  /** Of what was never sent: the input itself tells. */
  leaveOut(reason: SkipReason, place: string): void {
    this.#leftOut.set(reason, (this.#leftOut.get(reason) ?? 0) + 1);
    this.skip(reason, place);
  }

  /** The sums as the other side has them: some answers were lost, and what they named with them. */
  correct(sums: TallySums): void {
    const { imported, importedOctets, importedWithoutUidl, newUidls } = sums;
    Object.assign(this, { imported, importedOctets, importedWithoutUidl, newUidls });
    this.skipped.clear();
    for (const counts of [this.#leftOut, sums.skipped]) {
      for (const [reason, count] of counts) {
        this.skipped.set(reason, (this.skipped.get(reason) ?? 0) + count);
      }
    }
  }

  skip(reason: SkipReason, place: string): void {
    this.skipped.set(reason, (this.skipped.get(reason) ?? 0) + 1);
    if (isError[reason] && this.named.length < namedMax.json) {
      this.named.push({ place, reason });
    }
  }
}
