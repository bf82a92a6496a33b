/**
 * What an import of credentials has done so far, and what is said of it at the end: how many, and
 * which lines were left out and why.
 *
 * Never: any part of a password.
 */

import { namedMax } from '../limits.ts';
import { printable, printedCount, printJson, printLine } from '../output.ts';

/** A line of which nothing was taken. */
export interface SkippedLine {
  readonly lineNumber: number;
  /** As the file has it; null where it has none. */
  readonly name: string | null;
  readonly reason: string;
}

export type Taken = 'set' | 'created' | 'unchanged';

export type CredentialImportEnd =
  | { readonly kind: 'complete' | 'stopped' }
  | { readonly kind: 'failed'; readonly reason: string };

export class CredentialReport {
  readonly taken: Record<Taken, number> = { set: 0, created: 0, unchanged: 0 };
  /** Restrictions that were not taken over, by their names, and how often. */
  readonly dropped = new Map<string, number>();
  lines = 0;
  octetsRead = 0;
  skippedLines = 0;

  readonly #reasons = new Map<string, number>();
  readonly #named: SkippedLine[] = [];
  readonly #startedMs = performance.now();

  take(outcome: Taken, dropped: readonly string[]): void {
    this.taken[outcome] += 1;
    for (const name of dropped) this.dropped.set(name, (this.dropped.get(name) ?? 0) + 1);
  }

  skip(line: SkippedLine): void {
    this.skippedLines += 1;
    this.#reasons.set(line.reason, (this.#reasons.get(line.reason) ?? 0) + 1);
    if (this.#named.length < namedMax.json) this.#named.push(line);
  }

  print(end: CredentialImportEnd, asJson: boolean): void {
    if (asJson) printJson(this.#json(end));
    else for (const line of this.#text()) printLine(line);
    const done = printedCount(this.taken.set + this.taken.created);
    if (end.kind === 'stopped') process.stderr.write(`poplar: stopped; ${done} set, all kept\n`);
    if (end.kind === 'failed') {
      process.stderr.write(`poplar: ${end.reason}; ${done} set, all kept; run it again\n`);
    }
  }

  #json(end: CredentialImportEnd): unknown {
    return {
      end: end.kind,
      ...this.taken,
      skipped: Object.fromEntries(this.#reasons),
      notTakenOver: Object.fromEntries(this.dropped),
      lines: this.#named,
      elapsedMs: Math.round(performance.now() - this.#startedMs),
    };
  }

  #text(): string[] {
    const { set, created, unchanged } = this.taken;
    const seconds = (performance.now() - this.#startedMs) / 1000;
    const lines = [
      `set        ${passwords(set)} in ${seconds.toFixed(1)} s`,
      `created    ${printedCount(created)} ${created === 1 ? 'mailbox' : 'mailboxes'}`,
      `unchanged  ${passwords(unchanged)}`,
    ];
    for (const [reason, count] of this.#reasons) {
      lines.push(`skipped    ${passwords(count)}: ${printable(reason)}`);
    }
    for (const [name, count] of this.dropped) {
      lines.push(`not taken  ${printable(name)}, which restricted ${passwords(count)}`);
    }
    for (const { lineNumber, name, reason } of this.#named.slice(0, namedMax.text)) {
      const who = name === null ? '' : ` ${printable(name)}`;
      lines.push(`  line ${lineNumber}${who}: ${printable(reason)}`);
    }
    const unnamed = this.skippedLines - namedMax.text;
    if (unnamed > 0) lines.push(`  and ${printedCount(unnamed)} more; --json names them`);
    return lines;
  }
}

function passwords(count: number): string {
  return `${printedCount(count)} ${count === 1 ? 'password' : 'passwords'}`;
}
