#!/usr/bin/env node
/**
 * The `poplar` command. `serve` runs a node, `config` shows what it would run with, the other
 * commands are in command/.
 *
 * Exit codes: 0 done, 1 could not be done (one line on standard error says why), 2 wrong usage. With --json the
 * line is one JSON object.
 *
 * Never: work in this file; a secret among the arguments.
 */

import {
  CertificateError,
  ConfigError,
  describeConfig,
  exitCode,
  fatal,
  ListenError,
  StartError,
} from '@poplar/runtime';
import { Command } from 'commander';
import manifest from '../package.json' with { type: 'json' };
import { failedAsJson, isJsonWanted } from './command/error-output.ts';
import { registerCommands } from './command/index.ts';
import { configured, withConfigOption } from './command/store-access.ts';

const program = new Command('poplar')
  .description('A clustered POP3 service: mail in over LMTP, out over POP3.')
  .version(manifest.version)
  // Inherited by all commands that are added below.
  .exitOverride((error) => process.exit(error.exitCode === 0 ? exitCode.ok : exitCode.usage));

withConfigOption(program.command('serve').description('run a node until SIGTERM or Ctrl-C')).action(
  async (options: { config?: string }) => {
    const { serve } = await import('./serve/serve.ts');
    await serve(() => configured(options), manifest.version);
  },
);

withConfigOption(
  program
    .command('config')
    .description('print every setting, its value and where it comes from; passwords are hidden'),
)
  .option('--json', 'as JSON')
  .action((options: { config?: string; json?: true }) => {
    const config = configured(options);
    const settings = describeConfig(config);
    for (const warning of config.warnings) process.stderr.write(`poplar: ${warning}\n`);
    const width = Math.max(...settings.map(({ key }) => key.length));
    process.stdout.write(
      options.json === true
        ? `${JSON.stringify(settings, null, 2)}\n`
        : settings
            .map(({ key, value, source }) => `${key.padEnd(width)}  ${value}  (${source})\n`)
            .join(''),
    );
  });

registerCommands(program);

/** What an operator can mend is told in one line; anything else is a fault of ours. */
const mendable = [ConfigError, StartError, ListenError, CertificateError];

try {
  await program.parseAsync();
} catch (error) {
  if (mendable.some((known) => error instanceof known)) {
    if (isJsonWanted()) failedAsJson(error, exitCode.failed);
    fatal(String(Object(error).message));
  }
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  fatal('unexpected error, see above');
}
