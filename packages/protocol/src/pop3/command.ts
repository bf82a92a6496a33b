/**
 * One line of a client as a command of a closed union, or as one of a few ways to be none.
 *
 * Rules: RFC 1939 §3 (keyword, single spaces, printable arguments), RFC 2449 §4, RFC 5034 §4 (AUTH).
 * Keywords are found in a Map by their octets, so no text of the client is ever a property name.
 * Every argument is taken strictly: what is not clearly meant is refused, never guessed at.
 *
 * Tolerated: a LF without CR ends a line (see `line-reader.ts`), leading zeros of a number (`01` is
 * 1, everywhere), and one space behind a bare `AUTH`, which Outlook sends. `STAT ` is refused.
 *
 * Never: look at the state of the session; keep a view of the line (the reader reuses it).
 */

import { mechanismNameOctetsMax, messageNumberDigitsMax, nameOctetsMax } from '../limits.ts';
import {
  digitNine,
  digitZero,
  hyphen,
  nul,
  octetAt,
  space,
  underscore,
  upperA,
  upperCase,
  upperCaseText,
  upperZ,
} from '../wire/ascii.ts';
import { readLowerHex } from '../wire/hex.ts';
import { decodePrintable } from '../wire/utf8.ts';

/** 1-based, as on the wire; not yet known to exist. `MaildropView.find` makes an index of it. */
export type MessageNumber = number & { readonly __brand: 'MessageNumber' };

type BareVerb = 'CAPA' | 'NOOP' | 'QUIT' | 'RSET' | 'STAT' | 'STLS';

/** One member for each verb, so that a phase can have some of them. */
type Bare<V extends BareVerb> = V extends V ? { readonly verb: V } : never;

export type Command =
  | Bare<BareVerb>
  | { readonly verb: 'USER'; readonly name: string }
  | { readonly verb: 'PASS'; readonly secret: Uint8Array }
  | { readonly verb: 'APOP'; readonly name: string; readonly digest: Uint8Array }
  /** `mechanism` is null for a bare AUTH. `initial` is the BASE64 as sent, `=` included, or null. */
  | {
      readonly verb: 'AUTH';
      readonly mechanism: string | null;
      readonly initial: Uint8Array | null;
    }
  /** `number` is null when all messages are asked for. */
  | { readonly verb: 'LIST' | 'UIDL'; readonly number: MessageNumber | null }
  | { readonly verb: 'RETR' | 'DELE'; readonly number: MessageNumber }
  | { readonly verb: 'TOP'; readonly number: MessageNumber; readonly bodyLines: number };

export type Verb = Command['verb'];

/** Why a line is no command. */
export type Invalid =
  /** The first word is no keyword of ours. */
  | { readonly verb: 'unrecognised' }
  /** The first word is an HTTP method: a browser was made to talk to us. */
  | { readonly verb: 'http' }
  /** A keyword of ours with arguments it does not take. */
  | { readonly verb: 'bad-arguments' };

const unrecognised: Invalid = { verb: 'unrecognised' };
const http: Invalid = { verb: 'http' };
const badArguments: Invalid = { verb: 'bad-arguments' };

const httpMethods = new Set('CONNECT DELETE GET HEAD OPTIONS PATCH POST PRI PUT TRACE'.split(' '));
const httpMethodOctetsMax = 7;
/** MD5 (RFC 1321). */
const apopDigestOctets = 16;

/** Reads what follows the keyword; the line's argument begins at `at`, behind the space. */
type ArgumentReader = (line: Uint8Array, at: number) => Command | Invalid;

/** The argument begins behind the line's end when there was not even a space. */
function isAbsent(line: Uint8Array, at: number): boolean {
  return at > line.length;
}

function without(verb: BareVerb): ArgumentReader {
  const command: Command = { verb };
  return (line, at) => (isAbsent(line, at) ? command : badArguments);
}

function withOptionalNumber(verb: 'LIST' | 'UIDL'): ArgumentReader {
  const all: Command = { verb, number: null };
  return (line, at) => {
    if (isAbsent(line, at)) return all;
    const number = readMessageNumber(line, at, line.length);
    return number === null ? badArguments : { verb, number };
  };
}

function withNumber(verb: 'RETR' | 'DELE'): ArgumentReader {
  return (line, at) => {
    const number = readMessageNumber(line, at, line.length);
    return number === null ? badArguments : { verb, number };
  };
}

function readTop(line: Uint8Array, at: number): Command | Invalid {
  const gap = line.indexOf(space, at);
  if (gap === -1) return badArguments;
  const number = readMessageNumber(line, at, gap);
  const bodyLines = readDigits(line, gap + 1, line.length);
  if (number === null || bodyLines === null) return badArguments;
  // More lines than fit a number exactly are more than any message has.
  return { verb: 'TOP', number, bodyLines };
}

/** The name is the rest of the line, spaces included: it is looked up, not taken apart, here. */
function readUser(line: Uint8Array, at: number): Command | Invalid {
  if (at >= line.length || line.length - at > nameOctetsMax) return badArguments;
  const name = decodePrintable(line.subarray(at));
  return name === null ? badArguments : { verb: 'USER', name };
}

/** RFC 1939 §7 PASS: a space may be part of the secret, so everything behind the first one is. */
function readPass(line: Uint8Array, at: number): Command | Invalid {
  if (isAbsent(line, at) || line.indexOf(nul, at) !== -1) return badArguments;
  return { verb: 'PASS', secret: new Uint8Array(line.subarray(at)) };
}

/** RFC 1939 §7 APOP: a name without a space, and 32 digits of hexadecimal in lower case. */
function readApop(line: Uint8Array, at: number): Command | Invalid {
  const gap = line.indexOf(space, at);
  const digest = readLowerHex(line.subarray(gap + 1));
  if (gap <= at || gap - at > nameOctetsMax || digest?.length !== apopDigestOctets) {
    return badArguments;
  }
  const name = decodePrintable(line.subarray(at, gap));
  return name === null ? badArguments : { verb: 'APOP', name, digest };
}

function readAuth(line: Uint8Array, at: number): Command | Invalid {
  if (at >= line.length) return { verb: 'AUTH', mechanism: null, initial: null };
  const gap = line.indexOf(space, at);
  const mechanism = readMechanismName(line.subarray(at, gap === -1 ? line.length : gap));
  if (mechanism === null) return badArguments;
  if (gap === -1) return { verb: 'AUTH', mechanism, initial: null };
  // An initial response that is present and empty is sent as `=` (RFC 5034 §4).
  if (gap + 1 === line.length) return badArguments;
  return { verb: 'AUTH', mechanism, initial: new Uint8Array(line.subarray(gap + 1)) };
}

/** RFC 4422 §3.1: letters, digits, `-` and `_`; upper case is the registered form. */
function readMechanismName(word: Uint8Array): string | null {
  if (word.length === 0 || word.length > mechanismNameOctetsMax) return null;
  for (const octet of word) {
    const letter = upperCase(octet);
    const allowed =
      (letter >= upperA && letter <= upperZ) ||
      (octet >= digitZero && octet <= digitNine) ||
      octet === hyphen ||
      octet === underscore;
    if (!allowed) return null;
  }
  return upperCaseText(word);
}

function readMessageNumber(line: Uint8Array, from: number, to: number): MessageNumber | null {
  if (to - from > messageNumberDigitsMax) return null;
  return readDigits(line, from, to) as MessageNumber | null;
}

/** One or more decimal digits as a number, or null for anything else. */
function readDigits(line: Uint8Array, from: number, to: number): number | null {
  if (from >= to) return null;
  let value = 0;
  for (let i = from; i < to; i += 1) {
    const octet = octetAt(line, i);
    if (octet < digitZero || octet > digitNine) return null;
    value = value * 10 + (octet - digitZero);
  }
  return value;
}

/** Up to four letters, in either case, as one number; -1 if it is anything else. */
function packKeyword(line: Uint8Array, length: number): number {
  if (length < 3 || length > 4) return -1;
  let packed = 0;
  for (let i = 0; i < length; i += 1) {
    const letter = upperCase(octetAt(line, i));
    if (letter < upperA || letter > upperZ) return -1;
    packed = (packed << 8) | letter;
  }
  return packed;
}

function packText(verb: Verb): number {
  const letters = Uint8Array.from(verb, (letter) => letter.charCodeAt(0));
  return packKeyword(letters, letters.length);
}

/** Every verb, by its packed keyword. A Record, so that a verb that is not here does not compile. */
const readers: Record<Verb, ArgumentReader> = {
  APOP: readApop,
  AUTH: readAuth,
  CAPA: without('CAPA'),
  DELE: withNumber('DELE'),
  LIST: withOptionalNumber('LIST'),
  NOOP: without('NOOP'),
  PASS: readPass,
  QUIT: without('QUIT'),
  RETR: withNumber('RETR'),
  RSET: without('RSET'),
  STAT: without('STAT'),
  STLS: without('STLS'),
  TOP: readTop,
  UIDL: withOptionalNumber('UIDL'),
  USER: readUser,
};
const readersByKeyword = new Map<number, ArgumentReader>();
for (const [verb, reader] of Object.entries(readers)) {
  readersByKeyword.set(packText(verb as Verb), reader);
}

/** @param line a line without its end; nothing of it is kept */
export function parseCommand(line: Uint8Array): Command | Invalid {
  const gap = line.indexOf(space);
  const length = gap === -1 ? line.length : gap;
  const reader = readersByKeyword.get(packKeyword(line, length));
  if (reader !== undefined) return reader(line, length + 1);
  if (length > httpMethodOctetsMax) return unrecognised;
  return httpMethods.has(upperCaseText(line.subarray(0, length))) ? http : unrecognised;
}
