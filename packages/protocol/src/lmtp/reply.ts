/**
 * Every reply of the LMTP server, and the only place that makes their bytes. A reply is a row in a
 * table: code, enhanced code (RFC 2034, RFC 3463), fixed text. Client text appears in one kind only,
 * the answer for one recipient, and there as the canonical address of `path.ts`.
 *
 * Never: an internal error in a reply. What went wrong inside goes to the log.
 */

import { outputHighWaterOctets } from '../limits.ts';
import { ReplyBuffer } from '../wire/reply-buffer.ts';
import type { Fault } from './command.ts';
import { encodeText } from './text.ts';
import type { Fate } from './wire-message.ts';

const fixed = {
  'go-ahead': '354 End data with <CRLF>.<CRLF>',
  'ready-for-tls': '220 2.0.0 Ready to start TLS',
  bye: '221 2.0.0 Bye',
  'sender-ok': '250 2.1.0 Sender ok',
  reset: '250 2.0.0 Reset',
  nothing: '250 2.0.0 Ok',
  // RFC 5321 §3.5.3: neither yes nor no, so that addresses cannot be tried.
  'cannot-verify': '252 2.5.2 Send some mail and see',
  'shutting-down': '421 4.3.2 Shutting down',
  'too-busy': '421 4.3.2 Too many connections',
  'too-slow': '421 4.4.2 Timed out',
  'too-many-faults': '421 4.7.0 Too many errors',
  'too-many-recipients': '452 4.5.3 Too many recipients',
  'unknown-command': '500 5.5.1 Command not known',
  'smtp-hello': '500 5.5.1 This is LMTP: say LHLO',
  syntax: '500 5.5.2 Not a command',
  'line-too-long': '500 5.5.2 Line too long',
  'sender-path': '501 5.1.7 Not a valid sender address',
  'recipient-path': '501 5.1.3 Not a valid recipient address',
  argument: '501 5.5.4 Wrong argument',
  'tls-unavailable': '502 5.5.1 STARTTLS is not offered',
  'hello-first': '503 5.5.1 Say LHLO first',
  'nested-mail': '503 5.5.1 A sender was already given',
  'mail-first': '503 5.5.1 Say MAIL first',
  'no-recipients': '503 5.5.1 No valid recipients',
  'tls-already': '503 5.5.1 TLS is already in use',
  'declared-too-large': '552 5.3.4 Message larger than this server takes',
  'smtputf8-needed': '553 5.6.7 Address needs SMTPUTF8',
  'parameter-unknown': '555 5.5.4 Parameter not known',
} as const satisfies Record<string, string>;

export type ReplyName = keyof typeof fixed;

/** Replies that mean the client spoke wrongly, not that its mail could not be taken. */
const faults: ReadonlySet<ReplyName> = new Set<ReplyName>([
  'unknown-command',
  'smtp-hello',
  'syntax',
  'line-too-long',
  'sender-path',
  'recipient-path',
  'argument',
  'tls-unavailable',
  'hello-first',
  'nested-mail',
  'mail-first',
  'no-recipients',
  'tls-already',
  'parameter-unknown',
] satisfies (Fault | ReplyName)[]);

/** Answers that name a recipient: to RCPT, and one each after the data (RFC 2033 §4.2). */
const forRecipient = {
  accepted: '250 2.1.5 <> Recipient ok',
  unknown: '550 5.1.1 <> No such mailbox',
  suspended: '550 5.2.1 <> Mailbox is not active',
  temporary: '451 4.3.0 <> Cannot be delivered now, try again',
  'too-large': '552 5.3.4 <> Message too large',
  // RFC 3463 §3.3: the sender hears of it now, rather than after days in a queue.
  'over-quota': '552 5.2.2 <> Mailbox is full',
  'no-memory': '452 4.3.1 <> Short of memory, try again',
} as const satisfies Record<string, string> & Record<Exclude<Fate, 'kept'>, string>;

export type RecipientReplyName = keyof typeof forRecipient;

/** Replies waiting to be sent, in order. */
export class Replies {
  readonly #buffer = new ReplyBuffer();

  get octets(): number {
    return this.#buffer.pendingOctets;
  }

  get full(): boolean {
    return this.octets >= outputHighWaterOctets;
  }

  /** Says the reply; true when it was about a fault of the client's. */
  say(name: ReplyName): boolean {
    this.#line(fixed[name]);
    return faults.has(name);
  }

  greeting(hostname: string): void {
    this.#line(`220 ${hostname} LMTP ready`);
  }

  /** RFC 5321 §4.1.1.1: the host's name, then one extension a line. */
  hello(hostname: string, extensions: readonly string[]): void {
    const lines = [hostname, ...extensions];
    const last = lines.length - 1;
    lines.forEach((line, index) => {
      this.#line(`250${index === last ? ' ' : '-'}${line}`);
    });
  }

  recipient(name: RecipientReplyName, address: string): void {
    this.#line(forRecipient[name].replace('<>', () => `<${address}>`));
  }

  /** The message is durable; `id` is what the log calls it. */
  delivered(address: string, id: string): void {
    this.#line(`250 2.0.0 <${address}> Delivered as ${id}`);
  }

  /** Everything waiting; the parts are for reading only. */
  take(): Uint8Array[] {
    return this.#buffer.take();
  }

  /** What was taken has been written, all of it, or waits elsewhere. */
  taken(isWritten: boolean): void {
    if (isWritten) this.#buffer.reuse();
    else this.#buffer.forget();
  }

  /** Drops everything waiting. */
  clear(): void {
    this.#buffer.clear();
  }

  #line(text: string): void {
    this.#buffer.append(encodeText(`${text}\r\n`));
  }
}

/** One reply alone, for a connection that has no session. */
export function lmtpReplyOctets(name: ReplyName): Uint8Array {
  return encodeText(`${fixed[name]}\r\n`);
}
