/**
 * Whole conversations, pipelined in one piece, cut at every single offset, and octet by octet: a
 * TCP stream may divide anywhere, and the replies must be the same.
 */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { MemoryMaildrop, messageOf } from './testing/memory-maildrop.ts';
import { SessionDriver } from './testing/session-driver.ts';

interface Transcript {
  readonly name: string;
  readonly client: readonly string[];
  readonly server: readonly string[];
  readonly ends?: string;
}

const messages = [
  messageOf('Subject: one\n\n.dot\nbody\n', 'uid-1'),
  messageOf('Subject: two\n\nline\r\n\nlast\n', 'uid-2'),
  messageOf('Subject: three\n', 'uid-3'),
];
const plain = Buffer.from('\0user\0pass word ').toString('base64');

const login = {
  client: ['USER user', 'PASS pass word '],
  server: ['+OK send PASS', '+OK maildrop has 3 messages (74 octets)'],
};

const transcripts: readonly Transcript[] = [
  {
    name: 'RFC 1939 §10: a poll',
    client: [...login.client, 'STAT', 'UIDL', 'QUIT', 'NOOP'],
    server: [
      ...login.server,
      '+OK 3 74',
      '+OK',
      '1 uid-1',
      '2 uid-2',
      '3 uid-3',
      '.',
      '+OK Poplar signing off',
    ],
    ends: 'quit',
  },
  {
    name: 'RFC 1939 §5: download and delete',
    client: [
      ...login.client,
      'LIST',
      'RETR 1',
      'DELE 1',
      'retr 2',
      'DELE 2',
      'RETR 2',
      'LIST 3',
      'TOP 3 0',
      'LIST',
      'QUIT',
    ],
    server: [
      ...login.server,
      '+OK 3 messages (74 octets)',
      '1 28',
      '2 30',
      '3 16',
      '.',
      '+OK 28 octets',
      'Subject: one',
      '',
      '..dot',
      'body',
      '.',
      '+OK message 1 deleted',
      '+OK 30 octets',
      'Subject: two',
      '',
      'line',
      '',
      'last',
      '.',
      '+OK message 2 deleted',
      '-ERR message is already deleted',
      '+OK 3 16',
      '+OK',
      'Subject: three',
      '',
      '.',
      '+OK 1 messages (16 octets)',
      '3 16',
      '.',
      '+OK Poplar signing off (2 messages deleted)',
    ],
    ends: 'quit',
  },
  {
    name: 'RFC 5034 §4: AUTH in its forms',
    client: ['AUTH', 'AUTH ', 'AUTH PLAIN', '*', 'AUTH X', 'auth plain', plain, 'AUTH', 'TOP 2 1'],
    server: [
      '+OK',
      'PLAIN',
      '.',
      '+OK',
      'PLAIN',
      '.',
      '+ ',
      '-ERR authentication cancelled',
      '-ERR unknown authentication mechanism',
      '+ ',
      '+OK maildrop has 3 messages (74 octets)',
      '-ERR already logged in',
      '+OK',
      'Subject: two',
      '',
      'line',
      '.',
    ],
  },
  {
    name: 'errors end nothing by themselves',
    client: [
      '',
      'XYZ',
      'STAT',
      'PASS x',
      'USER',
      ...login.client,
      'RETR 0',
      'TOP 1',
      'LIST x',
      'RSET',
    ],
    server: [
      '-ERR unknown command',
      '-ERR unknown command',
      '-ERR log in first',
      '-ERR USER comes first',
      '-ERR wrong arguments for this command',
      ...login.server,
      '-ERR no such message',
      '-ERR wrong arguments for this command',
      '-ERR wrong arguments for this command',
      '+OK maildrop has 3 messages (74 octets)',
    ],
  },
];

function driver(pieceOctets: number): SessionDriver {
  const accounts = new Map([
    ['user', { secret: 'pass word ', maildrop: new MemoryMaildrop(messages) }],
  ]);
  return new SessionDriver({ accounts, pieceOctets });
}

function lines(texts: readonly string[], end = '\r\n'): string {
  return texts.map((text) => text + end).join('');
}

for (const { name, client, server, ends } of transcripts) {
  describe(name, () => {
    const expected = lines(server);

    function check(session: SessionDriver, said: string, how: string): void {
      assert.equal(said, expected, how);
      assert.equal(session.ended?.reason, ends, how);
    }

    test('in one piece, with either end of line', () => {
      for (const end of ['\r\n', '\n']) {
        const session = driver(1_000);
        check(session, session.send(lines(client, end)), JSON.stringify(end));
      }
    });

    test('line by line', () => {
      const session = driver(1_000);
      check(session, client.map((line) => session.send(`${line}\r\n`)).join(''), 'line by line');
    });

    test('cut at every offset', () => {
      const input = lines(client);
      for (let cut = 1; cut < input.length; cut += 1) {
        const session = driver(1 + (cut % 9));
        const said = session.send(input.slice(0, cut)) + session.send(input.slice(cut));
        check(session, said, `cut at ${cut}`);
      }
    });

    test('octet by octet', () => {
      const session = driver(1);
      check(session, session.sendOctetByOctet(lines(client)), 'octet by octet');
    });
  });
}
