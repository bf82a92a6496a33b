/**
 * Reads the path of MAIL and RCPT (RFC 5321 §4.1.2, RFC 6531 §3.3) into one canonical form. Only that
 * form is used afterwards, in lookups, replies and header lines, so nothing a client wrote between
 * the angle brackets reaches any of them unchecked.
 *
 * Source routes are read and ignored (RFC 5321 §3.3). A bare local part is taken for postmaster alone
 * (RFC 5321 §4.1.1.3).
 *
 * Never: accept a control character in any form; repair what is malformed.
 */

import { domainOctetsMax, labelOctetsMax, pathOctetsMax } from './limits.ts';
import { encodeText } from './text.ts';

export interface Path {
  /** `local@domain`, quoted only where it must be; empty for the null sender `<>`. */
  readonly address: string;
  /** It has characters that only SMTPUTF8 allows. */
  readonly wide: boolean;
}

// Atoms of a dot-string, with every character outside ASCII that is not a control (RFC 6531 §3.3).
const atom = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~\\-\\u{a0}-\\u{10ffff}]+";
const dotString = new RegExp(`^${atom}(?:\\.${atom})*$`, 'u');
// The text of a quoted string once its backslashes are taken away: no control, nothing invisible.
const quotedText = /^[ -~\u{a0}-\u{10ffff}]*$/u;
// Underscores are not in the grammar and are in use.
const label =
  /^[A-Za-z0-9_\u{a0}-\u{10ffff}](?:[A-Za-z0-9_\-\u{a0}-\u{10ffff}]*[A-Za-z0-9_\u{a0}-\u{10ffff}])?$/u;
const literal = /^\[[!-Z^-~]+\]$/;
const wide = /[^ -~]/;

/**
 * The path at the beginning of `text`, which must begin with `<`, and how many characters it takes.
 * Undefined when it is malformed.
 */
export function readPath(text: string): { path: Path; length: number } | undefined {
  if (!text.startsWith('<')) return undefined;
  if (text[1] === '>') return { path: { address: '', wide: false }, length: 2 };
  const localAt = skipSourceRoute(text);
  const local = readLocalPart(text, localAt);
  if (local === undefined) return undefined;
  if (text[local.end] === '>' && local.value.toLowerCase() === 'postmaster') {
    return { path: { address: local.value, wide: false }, length: local.end + 1 };
  }
  if (text[local.end] !== '@') return undefined;
  const close = text.indexOf('>', local.end);
  const domain = text.slice(local.end + 1, close);
  if (close < 0 || !isDomain(domain)) return undefined;
  if (encodeText(text.slice(0, close + 1)).length > pathOctetsMax) return undefined;
  const address = `${quoteLocalPart(local.value)}@${domain}`;
  return { path: { address, wide: wide.test(address) }, length: close + 1 };
}

/** Where the mailbox begins. A route that is malformed leaves a mailbox that is malformed. */
function skipSourceRoute(text: string): number {
  if (text[1] !== '@') return 1;
  const colon = text.indexOf(':');
  const hosts = text.slice(1, Math.max(colon, 1)).split(',');
  return hosts.every((host) => host.startsWith('@') && isDomain(host.slice(1))) ? colon + 1 : 1;
}

function readLocalPart(text: string, start: number): { value: string; end: number } | undefined {
  if (text[start] === '"') return readQuotedString(text, start);
  let end = start;
  while (end < text.length && text[end] !== '@' && text[end] !== '>') end += 1;
  const value = text.slice(start, end);
  return dotString.test(value) ? { value, end } : undefined;
}

function readQuotedString(text: string, start: number): { value: string; end: number } | undefined {
  let value = '';
  let at = start + 1;
  while (at < text.length && text[at] !== '"') {
    if (text[at] === '\\') at += 1;
    value += text.charAt(at);
    at += 1;
  }
  if (at >= text.length || !quotedText.test(value)) return undefined;
  return { value, end: at + 1 };
}

/** RFC 5321 §4.1.2: quotes that are not needed must not make a different mailbox. */
function quoteLocalPart(value: string): string {
  return dotString.test(value) ? value : `"${value.replaceAll(/["\\]/g, '\\$&')}"`;
}

function isDomain(domain: string): boolean {
  if (domain.length > domainOctetsMax) return false;
  if (domain.startsWith('[')) return literal.test(domain);
  return domain.split('.').every((part) => part.length <= labelOctetsMax && label.test(part));
}
