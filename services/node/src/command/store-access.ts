/**
 * How a command reaches the store: the database of DATABASE_URL, or the embedded one, whose server is
 * that of the running node or is started for as long as the command takes.
 *
 * Never: a connection or a server left behind, whatever the command does; a password in a message;
 * the schema of somebody else's database changed (that is done by `serve`).
 */

import {
  type Config,
  hidePassword,
  loadConfig,
  requireDataDirectory,
  StartError,
  silentLog,
  useEmbeddedPostgres,
} from '@poplar/runtime';
import { migrate, openStore, type Store, StoreError } from '@poplar/store';
import type { Command } from 'commander';
import { databaseProblem } from '../database-problem.ts';
import { commandConnectionsMax } from './limits.ts';
import { printable } from './output.ts';

/** The options of every command that reaches the store. */
export interface StoreCommandOptions {
  readonly config?: string;
  readonly json?: true;
}

/** Adds them. */
export function withStoreOptions(command: Command): Command {
  return withConfigOption(command.option('--json', 'print JSON'));
}

/** Adds the option of all commands that read the configuration. */
export function withConfigOption(command: Command): Command {
  return command.option(
    '--config <file>',
    'read this file instead of POPLAR_CONFIG or ./poplar.toml',
  );
}

/** Throws ConfigError. */
export function configured({ config: file }: { readonly config?: string }): Config {
  return loadConfig(process.env, file === undefined ? {} : { file });
}

/** What a command works with. */
export interface StoreAccess {
  readonly store: Store;
  readonly config: Config;
}

/** Runs `work` with an open store and closes everything again. Throws what an operator can mend. */
export async function withStore<T>(
  options: StoreCommandOptions,
  work: (access: StoreAccess) => Promise<T>,
): Promise<T> {
  const config = configured(options);
  await using opened = new AsyncDisposableStack();
  const { url } = config.database;
  const databaseUrl = url ?? (await embeddedUrl(config, opened, options));
  try {
    const store = openStore({ databaseUrl, applicationName: 'poplar command' });
    opened.defer(() => store.end());
    await store.ready();
    return await work({ store, config });
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    throw new StartError(`database ${hidePassword(databaseUrl)}: ${reasonOf(error)}`);
  }
}

/** So that nobody who forgot to set DATABASE_URL looks for his mailboxes in another database. */
function sayEmbedded({ dataDir }: Config): void {
  process.stderr.write(
    `poplar: DATABASE_URL is not set, this is the embedded database in ${printable(dataDir)}\n`,
  );
}

async function embeddedUrl(
  config: Config,
  opened: AsyncDisposableStack,
  options: StoreCommandOptions,
): Promise<string> {
  await requireDataDirectory(config.dataDir);
  if (options.json !== true) sayEmbedded(config);
  const postgres = await useEmbeddedPostgres({
    dataDir: config.dataDir,
    connectionsMax: commandConnectionsMax,
    log: silentLog,
  });
  opened.defer(() => postgres.stop());
  // For one that a node of this version has used there is nothing to do.
  await migrate(postgres.url);
  return postgres.url;
}

function reasonOf(error: StoreError): string {
  if (error.code === 'STORE_INCOMPATIBLE') {
    return 'its schema is not of this version; `poplar serve` brings it up to date';
  }
  return databaseProblem(error);
}
