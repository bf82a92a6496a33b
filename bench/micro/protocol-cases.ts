/**
 * The protocol in memory: lines, listings, messages, whole sessions, and mail that comes in.
 */

import { toWireMessage } from '@poplar/protocol';
import { messageOf } from '../corpus.ts';
import type { MicroCase } from './micro-case.ts';
import { Drop, SessionRun } from './session-run.ts';

const encoder = new TextEncoder();
const login = encoder.encode('USER ann@example.org\r\nPASS measured\r\n');
const message = encoder.encode(messageOf(4_000));
const quitting = 'STAT\r\nUIDL\r\nQUIT\r\n';

function loggedIn(drop: Drop): SessionRun {
  const session = new SessionRun(drop);
  session.give(login);
  return session;
}

/** So many commands in one piece, in a session that stays open. */
function commands(options: {
  readonly name: string;
  readonly operation: string;
  readonly lines: readonly string[];
  readonly calls: number;
  readonly drop: Drop;
}): MicroCase {
  const { name, operation, lines, calls, drop } = options;
  const session = loggedIn(drop);
  const input = encoder.encode(lines.join(''));
  return {
    name,
    operation,
    operations: lines.length,
    calls,
    run: () => session.give(input),
    answer: loggedIn(drop).give(input),
  };
}

function repeated(count: number, line: (index: number) => string): string[] {
  return Array.from({ length: count }, (_, index) => line(index));
}

function polls(): MicroCase {
  const drop = new Drop(50, message);
  const input = encoder.encode(`USER ann@example.org\r\nPASS measured\r\n${quitting}`);
  const run = (): number => new SessionRun(drop).give(input);
  return {
    name: 'session',
    operation: 'a session: USER, PASS, STAT, UIDL of 50, QUIT',
    operations: 1,
    calls: 1_200,
    run,
    answer: run(),
  };
}

/** The rest of each piece is the beginning of the next line. */
function cutLines(): MicroCase {
  const session = loggedIn(new Drop(50, message));
  const bytes = encoder.encode('NOOP\r\n'.repeat(64));
  const pieces = repeated(bytes.length / 4, () => '').map((_, i) => bytes.slice(i * 4, i * 4 + 4));
  const run = (): number => pieces.reduce((sum, piece) => sum + session.give(piece), 0);
  return {
    name: 'lines-cut',
    operation: 'a line that comes in pieces of 4 octets',
    operations: 64,
    calls: 150,
    run,
    answer: run(),
  };
}

function incoming(): MicroCase {
  const content = encoder.encode(messageOf(10_000));
  const run = (): number => toWireMessage(content).octets;
  return {
    name: 'wire-form',
    operation: '10 KB brought into wire form',
    operations: 1,
    calls: 5_000,
    run,
    answer: run(),
  };
}

export function protocolCases(): MicroCase[] {
  const drop = new Drop(50, message);
  return [
    commands({
      name: 'lines',
      operation: 'a line, NOOP, 1,000 in one piece',
      calls: 80,
      lines: repeated(1_000, () => 'NOOP\r\n'),
      drop,
    }),
    commands({
      name: 'lines-argument',
      operation: 'a line with an argument, LIST n',
      calls: 30,
      lines: repeated(1_000, (index) => `LIST ${(index % 50) + 1}\r\n`),
      drop,
    }),
    cutLines(),
    commands({
      name: 'marks',
      operation: 'DELE of one of 50, with its share of RSET',
      calls: 600,
      lines: [...repeated(50, (index) => `DELE ${index + 1}\r\n`), 'RSET\r\n'],
      drop,
    }),
    commands({
      name: 'listing',
      operation: 'LIST or UIDL of 10,000, asked again',
      calls: 600,
      lines: ['LIST\r\n', 'UIDL\r\n'],
      drop: new Drop(10_000, message),
    }),
    commands({
      name: 'message',
      operation: 'RETR of 4 KB, the message there at once',
      calls: 70,
      lines: repeated(50, (index) => `RETR ${index + 1}\r\n`),
      drop,
    }),
    polls(),
    incoming(),
  ];
}
