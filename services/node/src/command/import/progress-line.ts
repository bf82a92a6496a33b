/**
 * Shows how far an import is: one line that is written over on a terminal, a line every few seconds
 * elsewhere. On standard error, because standard output is for the report.
 *
 * Never: a timer (it is told often enough); more than one line's width.
 */

import { progressIntervalMs } from '../limits.ts';
import { printedMessages, printedOctets } from '../output.ts';
import type { Tally } from './tally.ts';

/** Where it is written: standard error. */
export interface ProgressOutput {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const barCharacters = 24;

export class ProgressLine {
  readonly #output: ProgressOutput;
  readonly #totalOctets: number;
  readonly #isTerminal: boolean;
  #shownMs: number;
  #isShown = false;

  constructor(output: ProgressOutput, totalOctets: number) {
    this.#output = output;
    this.#totalOctets = totalOctets;
    this.#isTerminal = output.isTTY === true;
    this.#shownMs = performance.now() - progressIntervalMs.terminal;
  }

  /** Call it after each message; it shows itself when it is due. */
  update(tally: Tally): void {
    const now = performance.now();
    const interval = this.#isTerminal ? progressIntervalMs.terminal : progressIntervalMs.lines;
    if (now - this.#shownMs < interval) return;
    this.#shownMs = now;
    this.#show(tally);
  }

  /** Leaves the last state on a line of its own. */
  finish(tally: Tally): void {
    this.#show(tally);
    if (this.#isTerminal && this.#isShown) this.#output.write('\n');
  }

  #show(tally: Tally): void {
    const line = progressText(tally, this.#totalOctets);
    this.#isShown = true;
    if (!this.#isTerminal) {
      this.#output.write(`${line}\n`);
      return;
    }
    // Erases the rest of the line (ECMA-48 EL) instead of padding it.
    this.#output.write(`\r${line.slice(0, (this.#output.columns ?? 80) - 1)}\u001b[K`);
  }
}

/** Such as `[######------]  50%  1.2 of 2.4 GB  12,345 messages  2,100/s  3:10 left`. */
export function progressText(tally: Tally, totalOctets: number): string {
  const { inputOctets, imported, elapsedMs } = tally;
  // Files may have grown since they were looked at.
  const part = totalOctets === 0 ? 1 : Math.min(1, inputOctets / totalOctets);
  const filled = Math.floor(part * barCharacters);
  const done = imported + tally.skippedMessages;
  const fields = [
    `[${'#'.repeat(filled)}${'-'.repeat(barCharacters - filled)}]`,
    `${String(Math.floor(part * 100)).padStart(3)}%`,
    `${printedOctets(inputOctets)} of ${printedOctets(totalOctets)}`,
    printedMessages(done),
  ];
  if (elapsedMs > 1000) fields.push(`${Math.round((done * 1000) / elapsedMs)}/s`);
  if (elapsedMs > 1000 && part > 0 && part < 1) {
    fields.push(`${clock((elapsedMs * (1 - part)) / part)} left`);
  }
  return fields.join('  ');
}

function clock(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  const [minutes, rest] = [Math.floor(seconds / 60), String(seconds % 60).padStart(2, '0')];
  if (minutes < 60) return `${minutes}:${rest}`;
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')}:${rest}`;
}
