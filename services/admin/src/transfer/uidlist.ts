/**
 * Reads a dovecot-uidlist, the file in which Dovecot keeps the UIDs of a Maildir, for the UIDLs that
 * its pop3 service gave out: a `P` field where a message has one of its own, else Dovecot's default
 * `pop3_uidl_format`, which is `%08Xu%08Xv`, the UID and the UIDVALIDITY in hexadecimal.
 *
 * Never: a file name from here used as a path; it is only compared with names found in the folder. More lines
 * at once than a slice has, or more entries kept than the bound says: a list of nothing but line ends is small
 * as a file and large as strings.
 *
 * Rules: Dovecot's documentation of Maildir (versions 1 and 3 of the file).
 */

import { StringDecoder } from 'node:string_decoder';
import { uidListLineOctetsMax, uidListLinesMax, uidListSliceOctets } from './limits.ts';
import { MailStreamError } from './mail-entry.ts';
import { sendableUidl } from './stored-uidl.ts';

export interface KnownMessage {
  readonly uid: number;
  /** Null when it could not be sent by UIDL. */
  readonly uidl: string | null;
}

/** The unique part of a Maildir file name: what stands before the flags. */
export function uniqueName(fileName: string): string {
  const colon = fileName.indexOf(':');
  return colon < 0 ? fileName : fileName.slice(0, colon);
}

/** Takes the file in chunks; `known` is complete after `finish`. Throws MailStreamError for one beyond the bounds. */
export class UidList {
  /** By unique name. */
  readonly known = new Map<string, KnownMessage>();
  readonly #decoder = new StringDecoder('utf8');
  #rest = '';
  #lines = 0;
  /** Null before the first line; false if that was not understood. */
  #header: { readonly version: 1 | 3; readonly validity: number } | false | null = null;

  /** Whether its first line was understood; otherwise nothing is known. */
  get isUnderstood(): boolean {
    return this.#header !== null && this.#header !== false;
  }

  push(chunk: Buffer): void {
    for (let at = 0; at < chunk.length; at += uidListSliceOctets) {
      this.#slice(chunk.subarray(at, at + uidListSliceOctets));
    }
  }

  #slice(chunk: Buffer): void {
    const lines = (this.#rest + this.#decoder.write(chunk)).split('\n');
    this.#rest = lines.pop() ?? '';
    if (this.#rest.length > uidListLineOctetsMax) throw tooLong();
    for (const line of lines) this.#line(line);
  }

  finish(): void {
    if (this.#rest !== '') this.#line(this.#rest);
    this.#rest = '';
  }

  #line(line: string): void {
    if (line.length > uidListLineOctetsMax) throw tooLong();
    this.#lines += 1;
    if (this.#lines > uidListLinesMax) {
      throw new MailStreamError(`dovecot-uidlist has more than ${uidListLinesMax} lines`);
    }
    if (this.#header === null) this.#header = headerOf(line);
    else if (this.#header !== false) this.#entry(line, this.#header);
  }

  #entry(line: string, header: { readonly version: 1 | 3; readonly validity: number }): void {
    const match =
      header.version === 3
        ? /^(\d{1,10})((?: [^: ]\S*)*) :(.+)$/.exec(line)
        : /^(\d{1,10})() (.+)$/.exec(line);
    if (match === null) return;
    const uid = Number(match[1]);
    if (uid < 1 || uid > 0xffff_ffff) return;
    const own = (match[2] ?? '').split(' ').find((field) => field.startsWith('P'));
    const uidl = own === undefined ? hex(uid) + hex(header.validity) : own.slice(1);
    this.known.set(uniqueName(match[3] ?? ''), { uid, uidl: sendableUidl(uidl) });
  }
}

function tooLong(): MailStreamError {
  const detail = `dovecot-uidlist has a line of more than ${uidListLineOctetsMax} octets`;
  return new MailStreamError(detail);
}

function headerOf(line: string): { version: 1 | 3; validity: number } | false {
  // Version 3: `3 V<uidvalidity> N<next uid> G<guid>`, in any order. Version 1: `1 validity next`.
  const match = /^3(?= ).* V(\d{1,10})(?: |$)/.exec(line) ?? /^1 (\d{1,10}) \d+$/.exec(line);
  const validity = Number(match?.[1] ?? 0);
  if (validity < 1 || validity > 0xffff_ffff) return false;
  return { version: line.startsWith('3') ? 3 : 1, validity };
}

function hex(number: number): string {
  return number.toString(16).toUpperCase().padStart(8, '0');
}
