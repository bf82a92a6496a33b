/**
 * One command line of LMTP becomes one command, or the name of what is wrong with it. All a client
 * can get wrong in a single line is decided here; what is wrong only at this moment of the session
 * (`session.ts`) is not.
 *
 * Never: throw; answer. Grammar: RFC 5321 §4.1.1, RFC 2033 §4.1, RFC 1870, RFC 6152, RFC 6531.
 */

import { upperCaseText } from '../wire/ascii.ts';
import { decodePrintable } from '../wire/utf8.ts';
import { type Path, readPath } from './path.ts';

export interface MailCommand {
  readonly verb: 'MAIL';
  readonly from: Path;
  /** What SIZE= said, in octets (RFC 1870); 0 when it said nothing. */
  readonly declaredOctets: number;
  /** The SMTPUTF8 parameter was given (RFC 6531 §3.4). */
  readonly utf8: boolean;
}

export type Command =
  | { readonly verb: 'LHLO'; readonly name: string }
  | MailCommand
  | { readonly verb: 'RCPT'; readonly to: Path }
  | { readonly verb: 'DATA' | 'RSET' | 'NOOP' | 'VRFY' | 'QUIT' | 'STARTTLS' }
  | { readonly verb: 'invalid'; readonly fault: Fault };

/** What can be wrong with a line; each has its reply in `reply.ts`. */
export type Fault =
  | 'syntax'
  | 'unknown-command'
  | 'smtp-hello'
  | 'argument'
  | 'sender-path'
  | 'recipient-path'
  | 'parameter-unknown';

const helloName = /^[A-Za-z0-9._:[\]-]{1,255}$/;
const sizeValue = /^[0-9]{1,20}$/;
const bodyValue = /^(?:7BIT|8BITMIME)$/i;

export function parseCommand(line: Uint8Array): Command {
  const text = decodePrintable(line.subarray(0, endOfText(line)));
  if (text === null) return unprintable(line);
  const space = text.indexOf(' ');
  const verb = (space < 0 ? text : text.slice(0, space)).toUpperCase();
  const argument = space < 0 ? '' : text.slice(space + 1);
  switch (verb) {
    case 'MAIL':
      return parseMail(argument);
    case 'RCPT':
      return parseRcpt(argument);
    case 'LHLO':
      return helloName.test(argument) ? { verb, name: argument } : invalid('argument');
    // RFC 2033 §4.1: an LMTP server must not answer these as SMTP does.
    case 'HELO':
    case 'EHLO':
      return invalid('smtp-hello');
    case 'DATA':
    case 'RSET':
    case 'QUIT':
    case 'STARTTLS':
      return argument === '' ? { verb } : invalid('argument');
    // RFC 5321 §4.1.1.9: the argument of NOOP is ignored. VRFY says the same to everybody.
    case 'NOOP':
    case 'VRFY':
      return { verb };
    default:
      return invalid(/^[A-Z]/.test(verb) ? 'unknown-command' : 'syntax');
  }
}

/** RFC 5321 §4.1.1: white space before the end of a line is tolerated. */
function endOfText(line: Uint8Array): number {
  let end = line.length;
  while (end > 0 && (line[end - 1] === 0x20 || line[end - 1] === 0x09)) end -= 1;
  return end;
}

/**
 * A control character or malformed UTF-8 is the path's fault if there is one, since that is where it
 * would do harm: in the header lines made from it (a line end would add one of the client's own).
 */
function unprintable(line: Uint8Array): Command {
  const verb = upperCaseText(line.subarray(0, 5));
  if (verb === 'MAIL ') return invalid('sender-path');
  return invalid(verb === 'RCPT ' ? 'recipient-path' : 'syntax');
}

function parseMail(argument: string): Command {
  const read = readAfter('FROM:', argument);
  if (read === 'syntax') return invalid('argument');
  if (read === undefined) return invalid('sender-path');
  let declaredOctets = 0;
  let utf8 = false;
  const seen = new Set<string>();
  for (const parameter of read.parameters) {
    const equals = parameter.indexOf('=');
    const keyword = (equals < 0 ? parameter : parameter.slice(0, equals)).toUpperCase();
    const value = equals < 0 ? undefined : parameter.slice(equals + 1);
    if (!isMailParameter(keyword)) return invalid('parameter-unknown');
    if (seen.has(keyword) || !mailParameters[keyword](value)) return invalid('argument');
    seen.add(keyword);
    if (keyword === 'SIZE') declaredOctets = Number(value);
    if (keyword === 'SMTPUTF8') utf8 = true;
  }
  return { verb: 'MAIL', from: read.path, declaredOctets, utf8 };
}

function parseRcpt(argument: string): Command {
  const read = readAfter('TO:', argument);
  if (read === 'syntax') return invalid('argument');
  // RFC 5321 §4.1.1.3: only a reverse path may be empty.
  if (read === undefined || read.path.address === '') return invalid('recipient-path');
  if (read.parameters.length > 0) return invalid('parameter-unknown');
  return { verb: 'RCPT', to: read.path };
}

/** Whether a value is right for the parameter. */
const mailParameters = {
  SIZE: (value: string | undefined) => value !== undefined && sizeValue.test(value),
  BODY: (value: string | undefined) => value !== undefined && bodyValue.test(value),
  SMTPUTF8: (value: string | undefined) => value === undefined,
};

function isMailParameter(keyword: string): keyword is keyof typeof mailParameters {
  return Object.hasOwn(mailParameters, keyword);
}

interface PathAndParameters {
  readonly path: Path;
  readonly parameters: readonly string[];
}

/** `syntax`: not even the keyword was there; undefined: what follows it is no path. */
function readAfter(keyword: string, argument: string): PathAndParameters | 'syntax' | undefined {
  if (argument.slice(0, keyword.length).toUpperCase() !== keyword) return 'syntax';
  const text = argument.slice(keyword.length);
  const read = readPath(text);
  if (read === undefined) return undefined;
  const rest = text.slice(read.length);
  if (rest === '') return { path: read.path, parameters: [] };
  // Something stuck to the closing bracket belongs to a path that is not one.
  if (!rest.startsWith(' ')) return undefined;
  return { path: read.path, parameters: rest.split(' ').filter((word) => word !== '') };
}

function invalid(fault: Fault): Command {
  return { verb: 'invalid', fault };
}
