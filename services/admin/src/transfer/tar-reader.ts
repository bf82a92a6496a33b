/**
 * Reads a tar archive (ustar, with the extensions of pax and GNU for names, sizes and times) while it comes.
 * Octets in, entries out; nothing is written anywhere, and a name is a label.
 *
 * Theory of operation. Blocks of 512 octets: a header, then the content of the entry it describes, filled up.
 * `wanted` says of each header how much of its content is kept; what is larger is read past and counted, so
 * a size that is not true costs nothing: the next header is then none, by its checksum, and the archive is
 * refused there. An archive ends with a block of zeroes, and what follows is read past. Contents are not
 * packed, so no octet comes out that did not come in; sparse files, which would be the exception, are told
 * by their type and never unfolded.
 *
 * Never: more in memory than one content that is wanted and one extension; an archive that broke off taken
 * for a whole one.
 *
 * Rules: POSIX pax; GNU tar's manual for types L, K and S and sizes in base 256. Faults V95 and V96.
 */

import { GatheredOctets } from './gathered-octets.ts';
import { archiveEntriesMax, archiveEntryOctetsMax, archiveHeaderOctetsMax } from './limits.ts';
import { MailStreamError } from './mail-entry.ts';
import { receivedAtOf } from './received-at.ts';

export interface TarHeader {
  /** A label, with whatever the archive says. */
  readonly name: string;
  readonly type: 'file' | 'folder' | 'other';
  readonly octets: number;
  /** Null when nothing tells, or nothing that could be. */
  readonly modifiedAt: Date | null;
  /** Records of a pax extension for this entry. */
  readonly records: ReadonlyMap<string, string>;
}

export interface TarEntry extends TarHeader {
  /** Null when more than was wanted. */
  readonly content: Buffer | null;
}

interface Reading {
  readonly header: TarHeader;
  /** `pax` and `name` belong to the entry behind them. */
  readonly purpose: 'entry' | 'pax' | 'name' | 'nothing';
  /** Null when it is read past. */
  readonly kept: GatheredOctets | null;
  left: number;
  padding: number;
}

const blockOctets = 512;

export class TarReader {
  readonly #wanted: (header: TarHeader) => number;
  /** What has come of a header. */
  readonly #block = new GatheredOctets();
  #reading: Reading | null = null;
  #records = new Map<string, string>();
  #longName: string | null = null;
  #entries = 0;
  #isOver = false;

  /** @param wanted octets of the content that are kept at most */
  constructor(wanted: (header: TarHeader) => number) {
    this.#wanted = wanted;
  }

  /** The entries that end in these octets. Throws MailStreamError. Keeps parts of `chunk`; it must not be written again. */
  push(chunk: Buffer): TarEntry[] {
    const found: TarEntry[] = [];
    let at = 0;
    while (at < chunk.length && !this.#isOver) {
      if (this.#reading === null) {
        const octets = Math.min(blockOctets - this.#block.octets, chunk.length - at);
        this.#block.push(chunk.subarray(at, at + octets));
        at += octets;
        if (this.#block.octets === blockOctets) this.#header(this.#block.take());
      }
      // Also where nothing is left: a file may have no content.
      if (this.#reading !== null) at += this.#content(this.#reading, chunk.subarray(at), found);
    }
    return found;
  }

  /** Throws MailStreamError when the archive is not complete. */
  finish(): void {
    if (!this.#isOver) throw new MailStreamError('the archive breaks off');
  }

  #header(block: Buffer): void {
    if (block.every((octet) => octet === 0)) {
      this.#isOver = true;
      return;
    }
    if (!isChecked(block)) throw new MailStreamError('a header of the archive is wrong');
    this.#entries += 1;
    if (this.#entries > archiveEntriesMax) {
      throw new MailStreamError(`the archive has more than ${archiveEntriesMax} entries`);
    }
    const flag = String.fromCharCode(block[156] ?? 0);
    const isExtension = 'xLKg'.includes(flag);
    const header = this.#headerOf(block, flag, isExtension);
    const { octets } = header;
    if (octets > (isExtension ? archiveHeaderOctetsMax : archiveEntryOctetsMax)) {
      throw new MailStreamError('an entry of the archive says that it is too large');
    }
    const purpose = purposeOf(flag, isExtension);
    const isKept = purpose !== 'nothing' && (isExtension || octets <= this.#wanted(header));
    const padding = (blockOctets - (octets % blockOctets)) % blockOctets;
    const kept = isKept ? new GatheredOctets() : null;
    this.#reading = { header, purpose, kept, left: octets, padding };
    if (isExtension) return;
    this.#records = new Map();
    this.#longName = null;
  }

  #headerOf(block: Buffer, flag: string, isExtension: boolean): TarHeader {
    const records = isExtension ? new Map<string, string>() : this.#records;
    const prefix = textIn(block, 345, 155);
    const short = textIn(block, 0, 100);
    const isUstar = textIn(block, 257, 5) === 'ustar' && block[262] === 0;
    const plain = isUstar && prefix !== '' ? `${prefix}/${short}` : short;
    const given = records.get('mtime');
    const seconds = given === undefined ? numberIn(block, 136, 12) : secondsOf(given);
    const type = '0\u00007'.includes(flag) ? 'file' : flag === '5' ? 'folder' : 'other';
    return {
      name: isExtension ? plain : (records.get('path') ?? this.#longName ?? plain),
      type: [...records.keys()].some((key) => key.startsWith('GNU.sparse')) ? 'other' : type,
      // Links and devices have no content, whatever they say.
      octets: '123456'.includes(flag) ? 0 : sizeOf(records.get('size') ?? numberIn(block, 124, 12)),
      modifiedAt: receivedAtOf(seconds * 1000),
      records,
    };
  }

  /** Takes what it can of the content and what fills it up; answers how many octets. */
  #content(reading: Reading, bytes: Buffer, found: TarEntry[]): number {
    const content = Math.min(reading.left, bytes.length);
    if (content > 0) reading.kept?.push(bytes.subarray(0, content));
    reading.left -= content;
    const padding = Math.min(reading.padding, bytes.length - content);
    reading.padding -= padding;
    if (reading.left > 0 || reading.padding > 0) return content + padding;
    this.#reading = null;
    const { header, purpose, kept } = reading;
    const whole = kept === null ? null : kept.take();
    if (purpose === 'entry') found.push({ ...header, content: whole });
    else if (purpose === 'pax' && whole !== null) this.#records = recordsIn(whole);
    else if (purpose === 'name' && whole !== null) this.#longName = textIn(whole, 0, whole.length);
    return content + padding;
  }
}

function purposeOf(flag: string, isExtension: boolean): Reading['purpose'] {
  if (!isExtension) return 'entry';
  if (flag === 'x') return 'pax';
  return flag === 'L' ? 'name' : 'nothing';
}

/** The sum of all octets of a header, its own field taken for blanks. */
function isChecked(block: Buffer): boolean {
  let sum = 8 * 0x20;
  for (const [at, octet] of block.entries()) if (at < 148 || at >= 156) sum += octet;
  return numberIn(block, 148, 8) === sum;
}

function textIn(bytes: Buffer, at: number, octets: number): string {
  const end = bytes.subarray(at, at + octets).indexOf(0);
  return bytes.toString('utf8', at, end < 0 ? at + octets : at + end);
}

/** Octal digits; or, with the first bit set, base 256. NaN when it is neither, or below zero. */
function numberIn(block: Buffer, at: number, octets: number): number {
  const first = block[at] ?? 0;
  if ((first & 0x80) !== 0) {
    // The second bit is the sign, of the two's complement.
    if ((first & 0x40) !== 0) return Number.NaN;
    let value = first & 0x7f;
    for (const octet of block.subarray(at + 1, at + octets)) value = value * 256 + octet;
    return value;
  }
  const text = textIn(block, at, octets).trim();
  if (text === '') return 0;
  return /^[0-7]+$/.test(text) ? Number.parseInt(text, 8) : Number.NaN;
}

/** Of an extension: decimal, with a fraction. NaN when it is none. */
function secondsOf(text: string): number {
  return /^\d{1,15}(?:\.\d{0,20})?$/.test(text) ? Number(text) : Number.NaN;
}

function sizeOf(given: string | number): number {
  const octets =
    typeof given === 'string' && !/^\d{1,16}$/.test(given) ? Number.NaN : Number(given);
  if (Number.isSafeInteger(octets) && octets >= 0) return octets;
  throw new MailStreamError('an entry of the archive has no size');
}

/** Lines such as `30 mtime=1350244992.023960108`, each of as many octets as it says. */
function recordsIn(bytes: Buffer): Map<string, string> {
  const records = new Map<string, string>();
  let at = 0;
  while (at < bytes.length) {
    const space = bytes.indexOf(0x20, at);
    const octets = Number(space < 0 ? Number.NaN : bytes.toString('latin1', at, space));
    const line = bytes.subarray(space + 1, at + octets);
    const equals = line.indexOf(0x3d);
    if (!Number.isSafeInteger(octets) || octets < 5 || equals < 1 || at + octets > bytes.length) {
      throw new MailStreamError('an extension of the archive is wrong');
    }
    records.set(
      line.toString('utf8', 0, equals),
      line.toString('utf8', equals + 1, line.length - 1),
    );
    at += octets;
  }
  return records;
}
