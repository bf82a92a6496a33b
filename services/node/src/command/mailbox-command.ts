/**
 * What the commands that name a mailbox have in common.
 */

import type { Command } from 'commander';
import { addressArgument } from './names.ts';
import { withStoreOptions } from './store-access.ts';

/** Adds a command whose first argument is an address. */
export function addressedCommand(parent: Command, name: string, description: string): Command {
  return withStoreOptions(parent.command(name).description(description)).argument(
    '<address>',
    'such as ann@example.org',
    addressArgument,
  );
}

export function noSuchMailbox(address: string): string {
  return `there is no mailbox ${address}`;
}
