/**
 * The fields of a header that tell a person which message it is, from the beginning of the message in
 * wire form.
 *
 * Never: a throw for whatever a message has in it; a control character in what is shown.
 *
 * Rules: RFC 5322 §2.2 (fields, folding), RFC 2047 §2 (encoded words).
 */

import { previewFieldCharactersMax } from './limits.ts';

export interface HeaderPreview {
  readonly from: string | null;
  readonly to: string | null;
  readonly subject: string | null;
  readonly date: string | null;
  readonly messageId: string | null;
}

export function previewOf(header: Uint8Array): HeaderPreview {
  const text = new TextDecoder('utf-8').decode(header);
  // Unfolded; a line that begins with a dot was stuffed, and none of these fields does.
  const lines = text.replace(/\r\n[ \t]+/g, ' ').split('\r\n');
  const field = (name: string): string | null => {
    const start = `${name}:`;
    const line = lines.find((one) => one.slice(0, start.length).toLowerCase() === start);
    return line === undefined ? null : shown(line.slice(start.length));
  };
  return {
    from: field('from'),
    to: field('to'),
    subject: field('subject'),
    date: field('date'),
    messageId: field('message-id'),
  };
}

function shown(value: string): string {
  return decoded(value)
    .replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ')
    .trim()
    .slice(0, previewFieldCharactersMax);
}

const encodedWord = /=\?([\w-]{1,40})(?:\*[\w-]*)?\?([bq])\?([!->@-~]*)\?=/gi;

function decoded(value: string): string {
  // White space between two encoded words is none (RFC 2047 §6.2).
  return value
    .replace(/(\?=)[ \t]+(?==\?)/g, '$1')
    .replace(encodedWord, (whole, charset: string, coding: string, body: string) => {
      try {
        const octets = coding.toLowerCase() === 'b' ? Buffer.from(body, 'base64') : unquoted(body);
        return new TextDecoder(charset).decode(octets);
      } catch {
        return whole;
      }
    });
}

function unquoted(body: string): Buffer {
  const text = body
    .replaceAll('_', ' ')
    .replace(/=([0-9a-f]{2})/gi, (_all, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  return Buffer.from(text, 'latin1');
}
