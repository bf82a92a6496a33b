/**
 * The commands of `poplar` other than `serve` and `config`. They are clients of the REST API (api/reach.ts).
 *
 * What an operator can mend is thrown as StartError, ConfigError and their like; `main.ts` prints it.
 */

import type { Command } from 'commander';
import { registerAuditCommand } from './audit.ts';
import { registerCompletionCommand } from './completion.ts';
import { registerCredentialCommands } from './credential/command.ts';
import { registerDomainCommands } from './domain.ts';
import { isJsonWanted, usageAsJson } from './error-output.ts';
import { registerJobCommands } from './job.ts';
import { registerMailboxCommands } from './mailbox.ts';
import { registerMessageCommands } from './message.ts';
import { registerNodeCommands } from './node.ts';
import { registerProbeCommand } from './probe.ts';
import { registerRemovalCommands } from './removal.ts';
import { registerSessionCommands } from './session.ts';
import { registerThrottleCommands } from './throttle.ts';
import { registerTokenCommands } from './token.ts';
import { registerTopCommand } from './top/command.ts';
import { registerWebhookCommands } from './webhook.ts';

/** Adds them. Commands of `program` inherit its exit override, which must exist before. */
export function registerCommands(program: Command): void {
  program.configureOutput({
    outputError: (text, write) =>
      write(isJsonWanted() ? usageAsJson(text) : text.replace(/^error: /, 'poplar: ')),
  });
  registerDomainCommands(program);
  registerMailboxCommands(program);
  registerCredentialCommands(program);
  registerSessionCommands(program);
  registerThrottleCommands(program);
  registerNodeCommands(program);
  registerRemovalCommands(program);
  registerAuditCommand(program);
  registerMessageCommands(program);
  registerJobCommands(program);
  registerTokenCommands(program);
  registerWebhookCommands(program);
  registerTopCommand(program);
  registerProbeCommand(program);
  registerCompletionCommand(program);
  if (!isJsonWanted()) hintAtHelp(program, 'poplar');
}

/** Behind what is wrong with a command line stands where its command is explained. */
function hintAtHelp(command: Command, words: string): void {
  const says = command.commands.length > 0 ? 'lists the commands' : 'says more';
  command.showHelpAfterError(`(${words} --help ${says})`);
  for (const sub of command.commands) hintAtHelp(sub, `${words} ${sub.name()}`);
}
