/**
 * What an import has done so far, counted: the source of the progress line and of the report.
 */

import { namedMax } from '../limits.ts';
import { isError, type SkipReason } from './found.ts';

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

  skip(reason: SkipReason, place: string): void {
    this.skipped.set(reason, (this.skipped.get(reason) ?? 0) + 1);
    if (isError[reason] && this.named.length < namedMax.json) {
      this.named.push({ place, reason });
    }
  }
}
