/**
 * How a password comes in: all of standard input, or typed twice without echo.
 *
 * Never: from an argument or a variable, which other users can see; printed, logged, or in an error.
 */

import { isUtf8 } from 'node:buffer';
import { isCancel, password as promptPassword } from '@clack/prompts';
import { passwordProblem, secretOctetsMax } from '@poplar/identity';
import { StartError } from '@poplar/runtime';
import type { Command } from 'commander';
import { withoutLineEnd } from '../secret-file.ts';

export interface PasswordOptions {
  readonly passwordStdin?: true;
}

export function withPasswordOption(command: Command): Command {
  return command.option(
    '--password-stdin',
    'the password is all of standard input, less one line end at its end',
  );
}

/** The password as octets. Throws StartError when it cannot be one. */
export async function readPassword(
  options: PasswordOptions,
  command: Command,
): Promise<Uint8Array> {
  if (options.passwordStdin === true) return checked(await readToEnd(process.stdin));
  if (!process.stdin.isTTY) {
    command.error(
      'error: standard input is not a terminal: give the password with --password-stdin',
    );
  }
  const first = await ask('Password');
  const second = await ask('The same again');
  if (first !== second) throw new StartError('the two passwords are not the same');
  return checked(new TextEncoder().encode(first));
}

/** As a request of the REST API has it. */
export function passwordFields(
  password: Uint8Array,
): { readonly password: string } | { readonly passwordBase64: string } {
  if (isUtf8(password)) return { password: Buffer.from(password).toString('utf8') };
  return { passwordBase64: Buffer.from(password).toString('base64') };
}

async function ask(message: string): Promise<string> {
  // On standard error, so that standard output stays what the command prints.
  const answer = await promptPassword({ message, output: process.stderr });
  if (isCancel(answer)) throw new StartError('no password was given');
  return answer ?? '';
}

async function readToEnd(input: AsyncIterable<Buffer | string>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let octets = 0;
  for await (const chunk of input) {
    const bytes = Buffer.from(chunk);
    octets += bytes.length;
    // Two more for the line end that does not count.
    if (octets > secretOctetsMax + 2) throw tooLong();
    chunks.push(bytes);
  }
  return withoutLineEnd(Buffer.concat(chunks));
}

function checked(secret: Uint8Array): Uint8Array {
  const problem = passwordProblem(secret);
  if (problem !== null) throw new StartError(`the password ${problem}`);
  return secret;
}

function tooLong(): StartError {
  return new StartError(`the password has more than ${secretOctetsMax} octets`);
}
