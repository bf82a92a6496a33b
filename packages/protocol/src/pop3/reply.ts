/**
 * Everything a POP3 client is told. The only file that makes `+OK` and `-ERR`.
 *
 * Replies that never vary are octets made once; the others are short ASCII texts made of numbers,
 * UIDLs and configured names.
 *
 * Never: a word of the client in a reply; free text that begins with `[`, which is kept for response
 * codes (RFC 2449 §8); a line over 512 octets (RFC 2449 §4).
 */

import { assert } from '../assert.ts';
import { hostNameOctetsMax } from '../limits.ts';
import { ascii } from '../wire/ascii.ts';
import { encodeBase64 } from '../wire/base64.ts';
import type { Refusal } from './effects.ts';

/** Response codes of RFC 2449 §8 and RFC 3206 §4. */
type ResponseCode = 'AUTH' | 'IN-USE' | 'LOGIN-DELAY' | 'SYS/TEMP' | 'SYS/PERM';

const ok = (text: string): Uint8Array => ascii(`+OK ${text}\r\n`);
const err = (text: string): Uint8Array => ascii(`-ERR ${text}\r\n`);
const coded = (code: ResponseCode, text: string): Uint8Array => ascii(`-ERR [${code}] ${text}\r\n`);

/** `+OK` and nothing else: NOOP, TOP, UIDL, CAPA, AUTH. */
export const plainOk = ascii('+OK\r\n');
export const endOfList = ascii('.\r\n');
export const endOfLine = ascii('\r\n');

// Any phase
export const unknownCommand = err('unknown command');
export const badArguments = err('wrong arguments for this command');
export const lineTooLong = err('line is too long');
export const tooManyErrors = err('too many unknown commands');
export const shuttingDown = coded('SYS/TEMP', 'server is shutting down');
export const sessionEnded = coded('SYS/TEMP', 'this session was ended, log in again');
export const goodbye = ok('Poplar signing off');

// AUTHORIZATION
export const notLoggedIn = err('log in first');
export const sendPass = ok('send PASS');
export const userFirst = err('USER comes first');
export const beginTls = ok('begin TLS negotiation');
export const tlsNotOffered = err('TLS is not available here');
export const tlsActive = err('command not permitted when TLS is active');
export const inputBehindStls = err('input behind STLS');
/** No `[AUTH]`: nothing is wrong with the name or the secret (RFC 3206 §5). */
export const tlsNeeded = err('passwords are accepted under TLS only');
/** The same for what needs more than that: a channel to bind to, a certificate. */
export const mechanismUnusable = err('authentication mechanism cannot be used here');
export const userNotOffered = err('USER is not available here, use AUTH');
export const apopNotOffered = err('APOP is not available here');
export const unknownMechanism = err('unknown authentication mechanism');
export const exchangeCancelled = err('authentication cancelled');
export const malformedResponse = err('malformed authentication response');
export const tooManyExchanges = err('too many authentications begun');
export const tooMuchInput = err('too much input before login');

/** Why a login did not happen. One text for every wrong name and secret: it tells nobody apart. */
export const refusals: Record<Refusal, Uint8Array> = {
  credentials: coded('AUTH', 'wrong name or password'),
  disabled: coded('SYS/PERM', 'this account may not use POP3'),
  'in-use': coded('IN-USE', 'maildrop is open in another session'),
  'login-delay': coded('LOGIN-DELAY', 'too soon after the last login'),
  temporary: coded('SYS/TEMP', 'login is not possible now, try again later'),
};

// TRANSACTION
export const alreadyLoggedIn = err('already logged in');
export const noSuchMessage = err('no such message');
export const messageMarked = err('message is already deleted');
export const messageGone = err('message is no longer in the maildrop');
export const messageUnavailable = coded('SYS/TEMP', 'message cannot be read now, try again later');
export const notRemoved = coded('SYS/TEMP', 'some deleted messages were not removed');

/** The greeting. A `<` announces APOP, so there is none without it (RFC 1939 §7). */
export function greeting(hostname: string, apopTimestamp: string | null): string {
  assert(hostname.length > 0 && hostname.length <= hostNameOctetsMax, 'a host name has a length');
  assert(/^[A-Za-z0-9][\w.:-]*$/.test(hostname), 'a host name is letters, digits, dots, hyphens');
  const timestamp = apopTimestamp === null ? '' : ` ${apopTimestamp}`;
  return `+OK ${hostname} Poplar POP3 ready${timestamp}\r\n`;
}

/** A SASL challenge; the empty one is `+` and a space (RFC 5034 §4). */
export function challenge(data: Uint8Array): Uint8Array {
  const encoded = encodeBase64(data);
  const line = new Uint8Array(encoded.length + 4);
  line.set(continuation);
  line.set(encoded, 2);
  line.set(endOfLine, encoded.length + 2);
  return line;
}
const continuation = ascii('+ ');

/** What a maildrop holds, marked messages left out. */
interface Totals {
  readonly count: number;
  readonly totalOctets: number;
}

/** RFC 1939 §5 STAT: two numbers and nothing else. */
export function stat(live: Totals): string {
  return `+OK ${live.count} ${live.totalOctets}\r\n`;
}

/** The first line of LIST, as Exchange says it. */
export function listBegins(live: Totals): string {
  return `+OK ${live.count} messages (${live.totalOctets} octets)\r\n`;
}

/** PASS, AUTH and RSET. */
export function maildropHas(live: Totals): string {
  return `+OK maildrop has ${live.count} messages (${live.totalOctets} octets)\r\n`;
}

/** LIST and UIDL of one message: its number and its size or unique id. */
export function listOne(number: number, fact: number | string): string {
  return `+OK ${number} ${fact}\r\n`;
}

export function retrBegins(octets: number): string {
  return `+OK ${octets} octets\r\n`;
}

export function deleted(number: number): string {
  return `+OK message ${number} deleted\r\n`;
}

/** QUIT, when the update is durable. */
export function updated(messages: number): string {
  return `+OK Poplar signing off (${messages} messages deleted)\r\n`;
}

/** A multi-line reply of short lines: CAPA and the bare AUTH. */
export function lines(texts: readonly string[]): string {
  return `+OK\r\n${texts.map((text) => `${text}\r\n`).join('')}.\r\n`;
}
