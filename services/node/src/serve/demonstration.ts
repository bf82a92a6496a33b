/**
 * The demonstration mailbox of an embedded database: made by the first start of a node on it, so
 * that a newcomer can read real mail with the first command he types. A file in the data directory holds its password; while that
 * file has its unfinished name, the making is repeated.
 *
 * Never: in a database that somebody else runs; made again after it was deleted; the password in a
 * log (it is printed once, for the person who has just started the node).
 */

import { randomBytes } from 'node:crypto';
import { readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hashPassword } from '@poplar/identity';
import { toWireMessage } from '@poplar/protocol';
import { type Config, printAddress, type TcpAddress } from '@poplar/runtime';
import { type MailboxId, type Store, StoreError } from '@poplar/store';
import { demonstrationMessages } from './demonstration-messages.ts';

const domain = 'example.org';
const address = `demo@${domain}`;
const passwordOctets = 12;

export interface DemonstrationOptions {
  readonly config: Config;
  readonly store: Store;
}

/** Makes it if it is due. Answers the lines that tell how to read it. */
export async function makeDemonstration(options: DemonstrationOptions): Promise<string[]> {
  const { config, store } = options;
  const file = join(config.dataDir, 'demo-password');
  const unfinished = `${file}.new`;
  const whereItIs = [`demonstration mailbox ${address}: its password is in ${file}`];
  if (!(await exists(unfinished))) {
    if (await exists(file)) return whereItIs;
    // Somebody's own mailbox of that name is left alone.
    if ((await store.directory.findMailbox(address)) !== null) return [];
    await writeFile(unfinished, passwordText(), { mode: 0o600 });
  }
  const password = (await readFile(unfinished, 'utf8')).trim();
  const mailboxId = await makeMailbox(store, password);
  for (const content of demonstrationMessages(address, new Date())) {
    const { pieces, octets, headerOctets } = toWireMessage(content);
    const deliveries = [{ mailboxId, prefix: new Uint8Array(0) }];
    await store.deliver({ deliveries, pieces, octets, headerOctets });
  }
  await rename(unfinished, file);
  const commands = commandLines(config, password);
  if (commands.length === 0) return whereItIs;
  return [`A demonstration mailbox, ${address}, holds four messages. To read them:`, ...commands];
}

async function makeMailbox(store: Store, password: string): Promise<MailboxId> {
  const secret = await hashPassword(new TextEncoder().encode(password));
  await unlessThere(store.directory.addDomain({ name: domain }));
  await unlessThere(store.directory.addMailbox({ address, secret }));
  const recipient = await store.findRecipient(address);
  if (recipient.kind !== 'mailbox') throw new Error(`${address} was not made`);
  return recipient.mailboxId;
}

/** An earlier attempt that was cut off may have come this far. */
async function unlessThere(making: Promise<unknown>): Promise<void> {
  try {
    await making;
  } catch (error) {
    if (!(error instanceof StoreError) || error.code !== 'CONFLICT') throw error;
  }
}

/** The command lines, ready to be pasted: the password has no character that a shell would read. */
function commandLines(config: Config, password: string): string[] {
  const { pop3, pop3s } = config.listeners;
  const user = `--user '${address}:${password}'`;
  const lines: string[] = [];
  if (config.roles.includes('pop3') && pop3 !== null) {
    lines.push(`  curl ${user} 'pop3://${reachable(pop3)}/[1-4]'`);
  }
  if (config.roles.includes('pop3') && pop3s !== null) {
    // The certificate is self-signed unless one was given.
    const trust = config.tls.certFile === null ? '-k ' : '';
    lines.push(`  curl ${trust}${user} 'pop3s://${reachable(pop3s)}/[1-4]'`);
  }
  return lines;
}

/** Where a client on this machine finds a listener. */
function reachable({ host, port }: TcpAddress): string {
  const isWildcard = host === '::' || host === '0.0.0.0';
  return printAddress({ host: isWildcard ? '127.0.0.1' : host, port });
}

function passwordText(): string {
  return `${randomBytes(passwordOctets).toString('hex')}\n`;
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
