/**
 * What a client of the generator is, and the parts that all kinds of clients have in common: the numbers
 * they are told, and how a session begins and ends.
 *
 * Never: a reply that is not compared with what is due.
 */

import { addressOf, type LoadOrder, nextNode } from './order.ts';
import type { Expected } from './reply-reader.ts';
import { Talk } from './talk.ts';

export interface Client {
  /** Connects what stays connected, and learns what it cannot know. */
  prepare(): Promise<void>;
  /** Operations to do before it is measured, so that all of its mailboxes have been seen. */
  readonly warmUps: number;
  /** Answers how many operations it did; 0 when there is nothing left to do. */
  once(): Promise<number>;
  /** What that was, where a client does several things. */
  readonly did?: string;
  /** Says QUIT where something is open. */
  end(): Promise<void>;
}

export const ok: Expected = { status: '+OK' };

/** The final dot line of a message or a listing. */
export const dotLineOctets = 3;

/** Mailboxes of the client with this number: each mailbox has one client, as POP3 wants it. */
export function mailboxesOf(order: LoadOrder, client: number): number[] {
  const { count } = order.mailboxes;
  const all: number[] = [];
  for (let index = client; index < count; index += order.clients) all.push(index);
  return all;
}

/** A session that is logged in. */
export async function logIn(order: LoadOrder, mailbox: number, tls = false): Promise<Talk> {
  const { secret, mailboxes, process: source } = order;
  const ports = nextNode(order);
  const talk = await Talk.connect({ port: tls ? ports.pop3s : ports.pop3, tls, source }, ok);
  await talk.ask(`USER ${addressOf(mailboxes, mailbox)}\r\n`, [ok]);
  await talk.ask(`PASS ${secret}\r\n`, [ok]);
  return talk;
}

/** How many messages are there: an earlier run may have delivered some. */
export async function messagesIn(order: LoadOrder, mailbox: number): Promise<number> {
  const talk = await logIn(order, mailbox);
  await talk.ask('STAT\r\n', [ok]);
  const messages = Number(/^\+OK (\d+) /.exec(talk.replies[0]?.line ?? '')?.[1]);
  await quit(talk);
  return messages;
}

export async function quit(talk: Talk): Promise<void> {
  await talk.ask('QUIT\r\n', [ok]);
  await talk.closed();
}

/** Opened once before anything is measured: no server is to meet a maildrop for the first time. */
export async function lookInto(order: LoadOrder, mailboxes: readonly number[]): Promise<void> {
  const { messages, octets } = order.mailboxes;
  for (const mailbox of mailboxes) {
    const talk = await logIn(order, mailbox);
    await talk.ask('STAT\r\n', [{ ...ok, line: `+OK ${messages} ${messages * octets}` }]);
    await quit(talk);
  }
}

/** `content` as it goes behind DATA. */
export function asData(content: string): string {
  return `${content.replace(/(^|\r\n)\./g, '$1..')}.\r\n`;
}

/** Octets of LIST with its final dot line, when all messages have the same size. */
export function listingOctets(messages: number, octets: number): number {
  let digits = 0;
  for (let from = 1; from <= messages; from *= 10) digits += messages - from + 1;
  return digits + messages * (` ${octets}`.length + 2) + dotLineOctets;
}

/** Octets that a message says it has, by a line of LIST: `12 3456`. */
export function octetsListed(text: string, number: number): number {
  const line = text.split('\r\n')[number - 1] ?? '';
  const [, said = ''] = /^\d+ (\d+)$/.exec(line) ?? [];
  return line.startsWith(`${number} `) ? Number(said) : Number.NaN;
}
