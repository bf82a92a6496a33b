/**
 * `poplar message inject`: one message of a file, or of standard input, into a mailbox, as it is.
 *
 * Never: more of it in memory than the API takes; a message that is cut off, because its input was.
 */

import { open } from 'node:fs/promises';
import { StartError } from '@poplar/runtime';
import type { Command } from 'commander';
import { withApi } from './api/access.ts';
import { explained, pathOf, queryOf } from './api/client.ts';
import { injectedOctetsMax } from './limits.ts';
import { noSuchMailbox } from './mailbox-command.ts';
import { printable, printedOctets, printJson, printLine } from './output.ts';
import type { StoreCommandOptions } from './store-access.ts';

interface InjectOptions extends StoreCommandOptions {
  readonly uidl?: string;
}

/** Completes `message inject ADDRESS`. */
export function registerInjectCommand(command: Command): void {
  command
    .argument('<file>', 'a message (RFC 5322); - is standard input')
    .option('--uidl <uidl>', 'the UIDL that it has; made from its identity without it')
    .action(inject);
}

async function inject(address: string, file: string, options: InjectOptions): Promise<void> {
  const body = await contentOf(file);
  const path = `${pathOf`/mailboxes/${address}/messages`}${queryOf({ uidl: options.uidl })}`;
  const [answer = {}] = await withApi(options, (api) =>
    explained(api.send({ method: 'POST', path, body, type: 'message/rfc822' }), {
      404: noSuchMailbox(address),
      413: 'the message is too large for this way: import it, or send it by LMTP',
    }),
  );
  const octets = Number(answer.octets);
  const { messageId } = answer;
  if (options.json === true) printJson({ address, messageId, octets });
  else printLine(`a message of ${printedOctets(octets)} put into ${address}`);
}

async function contentOf(file: string): Promise<Uint8Array> {
  const pieces: Buffer[] = [];
  let octets = 0;
  try {
    await using opened = new AsyncDisposableStack();
    const handle = file === '-' ? null : await open(file);
    if (handle !== null) opened.defer(() => handle.close());
    const input = handle?.createReadStream({ autoClose: false }) ?? process.stdin;
    for await (const piece of input) {
      octets += piece.length;
      if (octets > injectedOctetsMax) break;
      pieces.push(Buffer.from(piece));
    }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    throw new StartError(`${printable(file)} cannot be read (${code})`);
  }
  if (octets > injectedOctetsMax) {
    throw new StartError(
      `the message has more than ${printedOctets(injectedOctetsMax)}: import it, or send it by LMTP`,
    );
  }
  if (octets === 0) throw new StartError('there is no message in it');
  return Buffer.concat(pieces);
}
