/**
 * What is wrong with a command line, or a file that it names, in one line; and its usage where that is asked for.
 *
 * Never: a stack for a mistake of whoever types.
 */

/** What `read` answers; else the process ends with 2 and one line that says why. */
export function readOrEnd<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    process.stderr.write(`${text.split('\n', 1)[0] ?? text}\n`);
    process.exit(2);
  }
}

/** Ends the process with the usage if it was asked for. */
export function helpIfAsked(argv: readonly string[], usage: string): void {
  if (!argv.includes('--help') && !argv.includes('-h')) return;
  process.stdout.write(`usage: ${usage}\n`);
  process.exit(0);
}
