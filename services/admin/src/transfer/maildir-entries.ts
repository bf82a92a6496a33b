/**
 * The messages of a Maildir that comes as a tar archive: the files below `cur` and `new`, in the order of the
 * archive, with the UIDLs of the `dovecot-uidlist` that comes before them.
 *
 * Never: a name of the archive used for anything but to tell what an entry is; a message taken over before the
 * list that says its UIDL; folders below (`.Sent`), because a maildrop is the inbox alone.
 */

import { archivedUidListOctetsMax } from './limits.ts';
import { type MailEntry, MailStreamError, type MailStreamOptions } from './mail-entry.ts';
import { sendableUidl, storedUidlOf } from './stored-uidl.ts';
import { type TarEntry, type TarHeader, TarReader } from './tar-reader.ts';
import { type KnownMessage, UidList, uniqueName } from './uidlist.ts';

/** A record of pax that says the UIDL of a message; empty: it has none, whatever its header says. */
export const uidlRecord = 'POPLAR.uidl';

/** What each piece of the stream completes, together. */
export async function* maildirEntries(
  input: AsyncIterable<Uint8Array>,
  options: MailStreamOptions,
): AsyncGenerator<MailEntry[]> {
  const maildir = new ArchivedMaildir(options);
  for await (const piece of input) yield maildir.push(piece);
  maildir.finish();
}

type Part = 'message' | 'refused' | 'list' | 'nothing';

class ArchivedMaildir {
  readonly #tar: TarReader;
  #known: ReadonlyMap<string, KnownMessage> = new Map();
  #messages = 0;
  #others = 0;

  constructor({ messageOctetsMax }: MailStreamOptions) {
    this.#tar = new TarReader((header) => {
      const part = partOf(header);
      return part === 'list' ? archivedUidListOctetsMax : part === 'message' ? messageOctetsMax : 0;
    });
  }

  push(piece: Uint8Array): MailEntry[] {
    const bytes = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
    return this.#tar.push(bytes).flatMap((entry) => this.#entry(entry));
  }

  finish(): void {
    this.#tar.finish();
    if (this.#messages === 0 && this.#others > 0) {
      throw new MailStreamError('there is neither cur nor new in the archive');
    }
  }

  #entry(entry: TarEntry): MailEntry[] {
    const part = partOf(entry);
    if (part === 'list') this.#list(entry);
    if (part === 'nothing' && entry.type === 'file') this.#others += 1;
    if (part === 'list' || part === 'nothing') return [];
    this.#messages += 1;
    if (part === 'refused') return [{ kind: 'skipped', reason: 'not-a-message' }];
    if (entry.type !== 'file') return [{ kind: 'skipped', reason: 'not-a-file' }];
    const { content } = entry;
    if (content === null) return [{ kind: 'skipped', reason: 'too-large' }];
    if (content.length === 0) return [{ kind: 'skipped', reason: 'empty' }];
    const receivedAt = entry.modifiedAt;
    return [{ kind: 'message', content, uidl: this.#uidlOf(entry, content), receivedAt }];
  }

  #uidlOf({ name, records }: TarHeader, content: Buffer): string | null {
    const given = records.get(uidlRecord);
    if (given !== undefined) return sendableUidl(given);
    const known = this.#known.get(uniqueName(name.slice(name.lastIndexOf('/') + 1)));
    return known === undefined ? storedUidlOf(content) : known.uidl;
  }

  #list({ content }: TarEntry): void {
    if (this.#messages > 0) {
      throw new MailStreamError('dovecot-uidlist must come before the messages in the archive');
    }
    if (content === null) throw new MailStreamError('dovecot-uidlist is too large');
    const list = new UidList();
    list.push(content);
    list.finish();
    // Going on without it would give every message a new UIDL, and clients would fetch all mail again.
    if (!list.isUnderstood && content.length > 0) {
      throw new MailStreamError('the first line of dovecot-uidlist is not understood');
    }
    this.#known = list.known;
  }
}

function partOf({ name, type }: TarHeader): Part {
  if (type === 'folder') return 'nothing';
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  const file = parts.pop() ?? '';
  const folder = parts.at(-1);
  const isMessage = (folder === 'cur' || folder === 'new') && !file.startsWith('.');
  if (isMessage && (parts.includes('..') || file.includes('\0'))) return 'refused';
  if (parts.some((part) => part.startsWith('.'))) return 'nothing';
  if (isMessage) return 'message';
  return file === 'dovecot-uidlist' && type === 'file' ? 'list' : 'nothing';
}
