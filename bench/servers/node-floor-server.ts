/**
 * The process of the peer `node-floor`: what Node.js costs when nothing is done behind a command. Each of its threads listens
 * on the same ports, knows every maildrop by the file of corpora, and answers from memory what a client of
 * the bench says, through `node:net` and `node:tls` as they are.
 *
 * Usage: node node-floor-server.ts DIRECTORY POP3 POP3S THREADS, with cert.pem, key.pem and corpora.json in DIRECTORY.
 *
 * Never: a lock, a password looked at, a message removed; anything that a POP3 server could be used for.
 */

import { readFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { isMainThread, Worker } from 'node:worker_threads';
import { toWireMessage } from '@poplar/protocol';
import type { Corpus } from '../corpus.ts';

const [directory = '', pop3 = '', pop3s = '', threads = '1'] = process.argv.slice(2);

/** What is answered for maildrops that are all alike. */
interface Answers {
  readonly stat: string;
  readonly list: Buffer;
  readonly uidl: Buffer;
  readonly message: Buffer;
}

const known = new Map<string, Answers>();

function answersFor({ mailboxes, content }: Corpus): Answers {
  const { messages, octets } = mailboxes;
  const lines = (line: (number: number) => string): Buffer => {
    const listed = Array.from({ length: messages }, (_, index) => line(index + 1));
    return Buffer.from(`+OK\r\n${listed.join('')}.\r\n`);
  };
  const { pieces } = toWireMessage(new TextEncoder().encode(content));
  return {
    stat: `+OK ${messages} ${messages * octets}\r\n`,
    list: lines((number) => `${number} ${octets}\r\n`),
    uidl: lines((number) => `${number} ${String(number).padStart(28, '0')}\r\n`),
    message: Buffer.concat([Buffer.from('+OK\r\n'), ...pieces, Buffer.from('.\r\n')]),
  };
}

/** Of the maildrop `prefix-number@domain`. */
function answersOf(name: string): Answers | undefined {
  const prefix = name.slice(0, name.lastIndexOf('-'));
  if (!known.has(prefix)) {
    const text = readFileSync(join(directory, 'corpora.json'), 'utf8');
    const corpora: readonly Corpus[] = JSON.parse(text);
    for (const corpus of corpora) known.set(corpus.mailboxes.prefix, answersFor(corpus));
  }
  return known.get(prefix);
}

interface Client {
  readonly socket: Socket;
  /** The beginning of a line that is not whole yet. */
  rest: string;
  answers: Answers | undefined;
}

function answerTo(client: Client, line: string): string | Buffer {
  const { answers } = client;
  switch (line.slice(0, 4)) {
    case 'USER':
      client.answers = answersOf(line.slice(5));
      return '+OK\r\n';
    case 'STAT':
      return answers?.stat ?? '-ERR\r\n';
    case 'LIST':
      return answers?.list ?? '-ERR\r\n';
    case 'UIDL':
      return answers?.uidl ?? '-ERR\r\n';
    case 'RETR':
      return answers?.message ?? '-ERR\r\n';
    default:
      return '+OK\r\n';
  }
}

/** What was said together is answered together, as a good server does. */
function heard(client: Client, bytes: Buffer): void {
  const { socket } = client;
  const lines = (client.rest + bytes.toString('latin1')).split('\r\n');
  client.rest = lines.pop() ?? '';
  if (lines.length > 1) socket.cork();
  let isOver = false;
  for (const line of lines) {
    socket.write(answerTo(client, line));
    isOver ||= line === 'QUIT';
  }
  if (lines.length > 1) socket.uncork();
  if (isOver) socket.end();
}

function greet(socket: Socket): void {
  const client: Client = { socket, rest: '', answers: undefined };
  socket.on('data', (bytes: Buffer) => heard(client, bytes));
  socket.on('error', () => {});
  socket.write('+OK\r\n');
}

function listen(): void {
  const options = { noDelay: true };
  const cert = readFileSync(join(directory, 'cert.pem'));
  const key = readFileSync(join(directory, 'key.pem'));
  const place = { host: '127.0.0.1', reusePort: true, backlog: 4_096 };
  createServer(options, greet).listen({ ...place, port: Number(pop3) });
  createTlsServer({ ...options, cert, key, minVersion: 'TLSv1.3' }, greet)
    .on('tlsClientError', () => {})
    .listen({ ...place, port: Number(pop3s) });
}

if (isMainThread) {
  for (let thread = 0; thread < Number(threads); thread += 1) {
    new Worker(import.meta.filename, { argv: process.argv.slice(2) });
  }
} else listen();
