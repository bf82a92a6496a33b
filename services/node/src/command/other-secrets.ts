/**
 * `poplar mailbox apop` and `mailbox certificate`: what some clients log in with besides passwords.
 *
 * Never: the APOP secret printed; it has to be stored as it is (RFC 1939 section 7), so it must not be
 * the password either, which the command says.
 */

import { canonicalCertificateName } from '@poplar/identity';
import { StartError } from '@poplar/runtime';
import { type Command, InvalidArgumentError } from 'commander';
import { withApi } from './api/access.ts';
import { type ApiClient, explained, type Fields, itemsOf, pathOf, textOf } from './api/client.ts';
import { addressedCommand, noSuchMailbox } from './mailbox-command.ts';
import { onePage, printedTime, printJson, printLine, printRows } from './output.ts';
import { type PasswordOptions, readPassword, withPasswordOption } from './password-input.ts';
import type { StoreCommandOptions } from './store-access.ts';

interface ApopOptions extends StoreCommandOptions, PasswordOptions {
  readonly off?: true;
}

export function registerSecretCommands(mailbox: Command): void {
  const apop = addressedCommand(mailbox, 'apop', 'set the secret that APOP shares with a client');
  withPasswordOption(apop)
    .option('--off', 'remove it')
    .addHelpText('after', '\nIt is stored as it is: take another one than the password.')
    .action(setApop);
  const certificate = mailbox
    .command('certificate')
    .description('names of client certificates that log in');
  const named = (name: string, description: string) =>
    addressedCommand(certificate, name, description).argument(
      '<name>',
      'such as email:ann@example.org, "cn:Ann Lee", or sha256: and the fingerprint',
      certificateNameArgument,
    );
  named('add', 'let a certificate of this name log in').action(addCertificate);
  named('remove', 'end that').action(removeCertificate);
  addressedCommand(certificate, 'list', 'list them').action(listCertificates);
}

/** For commander: a name in the form in which the server reads it off a certificate. */
function certificateNameArgument(text: string): string {
  const name = canonicalCertificateName(text);
  if (name === null) {
    throw new InvalidArgumentError(
      'It must be email: and an address, cn: and a common name, or sha256: and a fingerprint.',
    );
  }
  return name;
}

async function setApop(address: string, options: ApopOptions, command: Command): Promise<void> {
  const secret = options.off === true ? null : decoded(await readPassword(options, command));
  const path = pathOf`/mailboxes/${address}/apop-secret`;
  await withApi(options, (api) => {
    const setting =
      secret === null ? api.call('DELETE', path) : api.call('PUT', path, { password: secret });
    return explained(setting, { 404: noSuchMailbox(address) });
  });
  if (options.json === true) printJson({ address, apop: secret !== null });
  else printLine(`APOP secret of ${address} ${secret === null ? 'removed' : 'set'}`);
}

function decoded(secret: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(secret);
  } catch {
    throw new StartError('the secret is not UTF-8');
  }
}

async function addCertificate(
  address: string,
  name: string,
  options: StoreCommandOptions,
): Promise<void> {
  const { credentialId } = await withApi(options, (api) =>
    explained(api.call('POST', pathOf`/mailboxes/${address}/certificate-names`, { name }), {
      404: noSuchMailbox(address),
      409: `mailbox ${address} has this name already`,
      422: `mailbox ${address} has as many of them as it may`,
    }),
  );
  if (options.json === true) printJson({ address, credentialId, name });
  else printLine(`a certificate of this name logs in as ${address}`);
}

async function certificatesOf(api: ApiClient, address: string): Promise<readonly Fields[]> {
  const listing = api.call('GET', pathOf`/mailboxes/${address}/credentials`);
  const listed = await explained(listing, { 404: noSuchMailbox(address) });
  return itemsOf(listed).filter(({ kind }) => kind === 'certificate');
}

async function removeCertificate(
  address: string,
  name: string,
  options: StoreCommandOptions,
): Promise<void> {
  const unknown = `mailbox ${address} has no such name`;
  const credentialId = await withApi(options, async (api) => {
    const rows = await certificatesOf(api, address);
    const found = rows.find(({ certificateName }) => certificateName === name);
    if (found === undefined) throw new StartError(unknown);
    const id = textOf(found.credentialId);
    const revoking = api.call('DELETE', pathOf`/mailboxes/${address}/credentials/${id}`);
    await explained(revoking, { 404: unknown });
    return id;
  });
  if (options.json === true) printJson({ address, credentialId, name });
  else printLine(`no certificate of this name logs in as ${address} any more`);
}

async function listCertificates(address: string, options: StoreCommandOptions): Promise<void> {
  await printRows<Fields>({
    pages: onePage(await withApi(options, (api) => certificatesOf(api, address))),
    columns: [
      { title: 'ID', text: ({ credentialId }) => textOf(credentialId), right: true },
      { title: 'NAME', text: ({ certificateName }) => textOf(certificateName) },
      { title: 'CREATED', text: ({ createdAt }) => printedTime(createdAt, '') },
    ],
    json: ({ credentialId, certificateName, createdAt, lastUsedOn }) => {
      return { credentialId, name: certificateName, createdAt, lastUsedOn };
    },
    asJson: options.json === true,
    none: `no certificate logs in as ${address}`,
  });
}
