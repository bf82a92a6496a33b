/**
 * What became of the lines of a file: how many mailboxes were made, and which lines were refused and why.
 *
 * Never: any part of a password.
 */

import { namedMax } from '../limits.ts';
import { printable, printedCount, printJson, printLine } from '../output.ts';

export interface BulkResult {
  readonly lineNumber: number;
  readonly outcome: 'created' | 'exists' | 'refused';
  readonly detail: string;
}

type BulkEnd =
  | { readonly kind: 'complete' | 'stopped' }
  | { readonly kind: 'failed'; readonly reason: string };

export class BulkReport {
  created = 0;
  exists = 0;
  refused = 0;
  lines = 0;
  octetsRead = 0;
  end: BulkEnd = { kind: 'complete' };

  readonly #named: BulkResult[] = [];
  readonly #startedMs = performance.now();

  take(result: BulkResult): void {
    this[result.outcome] += 1;
    const isNamed = result.outcome === 'refused' && this.#named.length < namedMax.json;
    if (isNamed) this.#named.push(result);
  }

  print(asJson: boolean): void {
    if (asJson) printJson(this.#json());
    else for (const line of this.#text()) printLine(line);
    const done = `${mailboxes(this.created)} made, all of them kept`;
    if (this.end.kind === 'stopped') process.stderr.write(`poplar: stopped; ${done}\n`);
    if (this.end.kind === 'failed') {
      process.stderr.write(`poplar: ${printable(this.end.reason)}; ${done}; run it again\n`);
    }
  }

  #json(): unknown {
    const { created, exists, refused } = this;
    return {
      end: this.end.kind,
      ...{ created, exists, refused },
      lines: this.#named.map(({ lineNumber, detail }) => ({ lineNumber, detail })),
      elapsedMs: Math.round(performance.now() - this.#startedMs),
    };
  }

  #text(): string[] {
    const seconds = (performance.now() - this.#startedMs) / 1_000;
    const lines = [
      `created  ${mailboxes(this.created)} in ${seconds.toFixed(1)} s`,
      `exist    ${mailboxes(this.exists)}`,
      `refused  ${printedCount(this.refused)} ${this.refused === 1 ? 'line' : 'lines'}`,
    ];
    for (const { lineNumber, detail } of this.#named.slice(0, namedMax.text)) {
      lines.push(`  line ${lineNumber}: ${printable(detail)}`);
    }
    const unnamed = this.refused - namedMax.text;
    if (unnamed > 0) lines.push(`  and ${printedCount(unnamed)} more; --json names them`);
    return lines;
  }
}

function mailboxes(count: number): string {
  return `${printedCount(count)} ${count === 1 ? 'mailbox' : 'mailboxes'}`;
}
