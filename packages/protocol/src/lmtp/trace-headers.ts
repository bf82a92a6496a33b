/**
 * The header lines that final delivery puts before a message (RFC 5321 §4.4). The prefix, Return-Path
 * and Delivered-To, is each recipient's own; the Received line is common to all, so that the message
 * itself need not be copied for each.
 *
 * Both are in wire form: CRLF, and no line begins with a dot. Addresses are canonical (`path.ts`);
 * all other text is cleaned here, since some of it comes from outside.
 *
 * Never: look at a clock or invent an id; both are given.
 */

import { headerLineCharactersMax } from './limits.ts';
import { encodeText } from './text.ts';

/** Return-Path first (RFC 5321 §4.4), then the address this copy was for. */
export function recipientPrefix(from: string, recipient: string): Uint8Array {
  return encodeText(`Return-Path: <${from}>\r\nDelivered-To: ${recipient}\r\n`);
}

export interface ReceivedTrace {
  /** What the client called itself in LHLO. */
  readonly clientName: string;
  /** Where it connected from: an address, or words for a local socket. */
  readonly peer: string;
  readonly hostname: string;
  /** `LMTP`, `LMTPS`, `UTF8LMTP` or `UTF8LMTPS`. */
  readonly protocol: string;
  readonly id: string;
  /** RFC 5322 §3.3 date and time. */
  readonly date: string;
}

export function receivedHeader(trace: ReceivedTrace): Uint8Array {
  const words = [
    'Received: from',
    clean(trace.clientName),
    `(${clean(trace.peer)})`,
    `by ${clean(trace.hostname)}`,
    `with ${clean(trace.protocol)}`,
    `id ${clean(trace.id)};`,
    clean(trace.date),
  ];
  return encodeText(`${fold(words)}\r\n`);
}

/** A word may hold spaces; lines are broken between words only (RFC 5322 §2.2.3). */
function fold(words: readonly string[]): string {
  let folded = '';
  let lineCharacters = 0;
  for (const word of words) {
    if (lineCharacters === 0) folded += word;
    else if (lineCharacters + 1 + word.length <= headerLineCharactersMax) folded += ` ${word}`;
    else {
      folded += `\r\n\t${word}`;
      lineCharacters = 0;
    }
    lineCharacters += 1 + word.length;
  }
  return folded;
}

/** No control, no parenthesis that could open a comment, nothing outside ASCII. */
function clean(text: string): string {
  return text.replaceAll(/[^ -'*-~]/g, '?');
}
