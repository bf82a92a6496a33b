/**
 * How the process ends: exit codes, and the one line that says why it could not go on.
 *
 * Never: a stack trace for what an operator can mend.
 */

import { writeSync } from 'node:fs';

export const exitCode = {
  ok: 0,
  /** It could not start or had to give up. */
  failed: 1,
  /** The command line is wrong. */
  usage: 2,
} as const;

/**
 * What an operator can mend: shown as its one line, without a stack. Errors of other classes that
 * reach the top are faults of ours.
 */
export class StartError extends Error {
  override readonly name = 'StartError';
}

/** Writes `poplar: message` to standard error and ends the process with 1. */
export function fatal(message: string): never {
  writeLine(`poplar: ${message.replace(/\s*[\r\n]+\s*/g, ' ')}`);
  process.exit(exitCode.failed);
}

function writeLine(line: string): void {
  try {
    writeSync(2, `${line}\n`);
  } catch {
    // Standard error is gone: the exit code has to do.
  }
}
