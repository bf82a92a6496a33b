/**
 * `poplar probe`: a login as a user's, to see whether mail can be read: exit code 0 if it can.
 *
 * Never: a message marked; the password printed.
 */

import { exitCode, printAddress, StartError } from '@poplar/runtime';
import type { Command } from 'commander';
import { printedOutcome } from '../probe/health-probe.ts';
import { ownListener } from '../probe/own-listener.ts';
import { probePop3 } from '../probe/pop3-probe.ts';
import { addressArgument } from './names.ts';
import { printJson, printLine } from './output.ts';
import { type PasswordOptions, readPassword, withPasswordOption } from './password-input.ts';
import { configured, type StoreCommandOptions, withStoreOptions } from './store-access.ts';

type ProbeOptions = StoreCommandOptions & PasswordOptions;

export function registerProbeCommand(program: Command): void {
  withPasswordOption(
    withStoreOptions(
      program
        .command('probe')
        .description('log in to the node of this configuration as a user does'),
    ).argument('<address>', 'such as probe@example.org', addressArgument),
  ).action(probe);
}

async function probe(address: string, options: ProbeOptions, command: Command): Promise<void> {
  const password = await readPassword(options, command);
  const target = await ownListener(configured(options));
  const listener = printAddress({ host: target.host, port: target.port });
  const outcome = await probePop3(target, { address, password });
  if (options.json === true) printJson({ address, listener, ...outcome });
  else if (outcome.kind === 'ok') printLine(`${listener}: ${printedOutcome(outcome)}`);
  if (outcome.kind === 'ok') return;
  if (options.json !== true) throw new StartError(`${listener}: ${printedOutcome(outcome)}`);
  process.exitCode = exitCode.failed;
}
