/**
 * The terminal that a node may have been started from, and may lose at any time.
 *
 * Never: the end of a node because nobody can read what it says.
 */

import { isatty } from 'node:tty';

/** Whether a terminal is behind standard input or output. True only while it is open. */
export function hasTerminal(): boolean {
  return isatty(0) || isatty(1);
}

let isHeard = false;

/** One line on standard output, or nowhere if that is closed, full or broken. */
export function say(line: string): void {
  try {
    if (!isHeard) process.stdout.on('error', () => {});
    isHeard = true;
    process.stdout.write(`${line}\n`);
  } catch {
    // It could not even be opened: the log says the same.
  }
}
