/**
 * The mail that is read and delivered: the same octets on every server and every run, with lines that
 * begin with a dot in it, so that stuffing is paid for by all.
 */

import { toWireMessage } from '@poplar/protocol';
import type { Mailboxes } from './load/order.ts';

export const domain = 'bench.example.org';

const alphabet = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ+/';
const line = `${alphabet.repeat(2).slice(0, 76)}\r\n`;
/** Every so manieth line begins with a dot: about as many as in mail with signatures and lists. */
const dottedEvery = 64;

/** A message of about so many octets, with CRLF, unstuffed. */
export function messageOf(octets: number): string {
  const header =
    'Date: Mon, 2 Nov 2026 08:00:00 +0000\r\nFrom: a@example.org\r\nTo: b@example.org\r\n' +
    'Message-ID: <1@example.org>\r\nSubject: measured\r\n\r\n';
  const count = Math.max(1, Math.round((octets - header.length) / line.length));
  const lines = Array.from({ length: count }, (_, i) =>
    i % dottedEvery === dottedEvery - 1 ? `.${line.slice(1)}` : line,
  );
  return header + lines.join('');
}

/** Maildrops that are all alike. */
export interface Corpus {
  readonly mailboxes: Mailboxes;
  /** Of each message; null where there are no messages. */
  readonly content: string;
}

export function corpusOf(options: {
  readonly prefix: string;
  readonly count: number;
  readonly messages: number;
  readonly octets: number;
}): Corpus {
  const content = messageOf(options.octets);
  const bytes = new TextEncoder().encode(content);
  const { pieces, octets } = toWireMessage(bytes);
  const wireOctets = pieces.reduce((sum, piece) => sum + piece.byteLength, 0);
  const { prefix, count, messages } = options;
  return { mailboxes: { prefix, domain, count, messages, octets, wireOctets }, content };
}
