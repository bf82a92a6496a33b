/**
 * How a failure is told to a program that asked for JSON: one object on standard error, in one line, with the words
 * that a person would read.
 *
 * Never: a cause, a stack or a secret.
 */

import { writeSync } from 'node:fs';
import { exitCode } from '@poplar/runtime';

/** By the arguments alone: what is wrong may be the arguments themselves. Behind `--` nothing is an option. */
export function isJsonWanted(argv: readonly string[] = process.argv.slice(2)): boolean {
  const end = argv.indexOf('--');
  return (end < 0 ? argv : argv.slice(0, end)).includes('--json');
}

/** Ends the process. */
export function failedAsJson(error: unknown, code: number): never {
  const { message, status } = Object(error);
  const known = typeof status === 'number' ? { status } : {};
  try {
    writeSync(2, lineOf({ error: oneLine(String(message)), ...known, exitCode: code }));
  } catch {
    // Standard error is gone: the exit code has to do.
  }
  process.exit(code);
}

/** Of what the parser of the command line says. */
export function usageAsJson(text: string): string {
  return lineOf({ error: oneLine(text.replace(/^error: /, '')), exitCode: exitCode.usage });
}

function lineOf(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}

function oneLine(text: string): string {
  return text.trim().replace(/\s*[\r\n]+\s*/g, ' ');
}
