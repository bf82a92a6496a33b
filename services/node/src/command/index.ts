/**
 * The commands of `poplar` other than `serve` and `config`. For now they reach the store directly;
 * with the REST API they become its clients, in the same forms.
 *
 * What an operator can mend is thrown as StartError, ConfigError and their like; `main.ts` prints it.
 */

import type { Command } from 'commander';
import { registerCredentialCommands } from './credential/command.ts';
import { registerDomainCommands } from './domain.ts';
import { registerMailboxCommands } from './mailbox.ts';
import { registerNodeCommands } from './node.ts';
import { registerSessionCommands } from './session.ts';

/** Adds them. Commands of `program` inherit its exit override, which must exist before. */
export function registerCommands(program: Command): void {
  program.configureOutput({
    outputError: (text, write) => write(text.replace(/^error: /, 'poplar: ')),
  });
  registerDomainCommands(program);
  registerMailboxCommands(program);
  registerCredentialCommands(program);
  registerSessionCommands(program);
  registerNodeCommands(program);
}
