/**
 * Mail for servers that keep it in Maildirs, written as a delivery leaves it: one file a message, in
 * `new`, with its sizes in its name, and with the ends of lines that cost its server least.
 *
 * Never: a file that two maildrops share.
 */

import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Corpus } from '../corpus.ts';

/** Files written before the loop gets a turn: the bench has other children to hear. */
const filesPerTurn = 500;

export interface MaildirForm {
  readonly uid: number;
  readonly gid: number;
  readonly endOfLine: '\n' | '\r\n';
}

/** Makes `directory/PREFIX-0/Maildir` and on, with their mail. */
export async function fillMaildirs(
  directory: string,
  { mailboxes, content }: Corpus,
  { uid, gid, endOfLine }: MaildirForm,
): Promise<void> {
  const bytes = Buffer.from(content.replaceAll('\r\n', endOfLine), 'latin1');
  let written = 0;
  for (let index = 0; index < mailboxes.count; index += 1) {
    const maildir = join(directory, `${mailboxes.prefix}-${index}`, 'Maildir');
    for (const name of ['tmp', 'new', 'cur']) mkdirSync(join(maildir, name), { recursive: true });
    for (let number = 0; number < mailboxes.messages; number += 1) {
      const unique = `1790000000.M${number}P1.bench,S=${bytes.length},W=${content.length}`;
      writeFileSync(join(maildir, 'new', unique), bytes);
      written += 1;
      if (written % filesPerTurn === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  }
  const { status } = spawnSync('chown', ['-R', `${uid}:${gid}`, directory]);
  if (status !== 0) throw new Error(`chown ended with ${status}`);
}
