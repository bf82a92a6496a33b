/** STAT, LIST, UIDL, DELE, RSET, NOOP (RFC 1939 §5 and §7) and the forms of Exchange. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { MemoryMaildrop, type MemoryMessage, messageOf } from './testing/memory-maildrop.ts';
import { SessionDriver } from './testing/session-driver.ts';

const first = messageOf(`Subject: one\n\n${'x'.repeat(102)}\n`);
const second = messageOf(`Subject: two\n\n${'y'.repeat(182)}\n`, 'kept/uid-42');

function opened(messages: readonly MemoryMessage[] = [first, second]): SessionDriver {
  const accounts = new Map([['u', { secret: 'p', maildrop: new MemoryMaildrop(messages) }]]);
  const session = new SessionDriver({ accounts });
  session.send('USER u\r\nPASS p\r\n');
  return session;
}

function made(message: MemoryMessage): string {
  return Buffer.from(message.identity).toString('base64');
}

describe('an open maildrop', () => {
  test('STAT is two numbers and nothing else', () => {
    assert.equal(opened().send('STAT\r\n'), '+OK 2 320\r\n');
    assert.equal(opened([]).send('STAT\r\n'), '+OK 0 0\r\n');
  });

  test('LIST answers as Exchange does', () => {
    assert.equal(
      opened().send('LIST\r\n'),
      '+OK 2 messages (320 octets)\r\n1 120\r\n2 200\r\n.\r\n',
    );
    assert.equal(opened().send('LIST 2\r\n'), '+OK 2 200\r\n');
    assert.equal(opened([]).send('LIST\r\n'), '+OK 0 messages (0 octets)\r\n.\r\n');
  });

  test('UIDL is the kept one, or BASE64 of id and GUID in 32 characters; one form only', () => {
    const uidl = made(first);
    assert.match(uidl, /^[A-Za-z0-9+/]{32}$/);
    const session = opened();
    assert.equal(session.send('UIDL\r\n'), `+OK\r\n1 ${uidl}\r\n2 kept/uid-42\r\n.\r\n`);
    assert.equal(session.send('UIDL 1\r\n'), `+OK 1 ${uidl}\r\n`);
    assert.equal(session.send('UIDL 2\r\n'), '+OK 2 kept/uid-42\r\n');
  });

  test('a number that names no message is refused by every verb, and nothing ends', () => {
    const session = opened();
    for (const number of ['0', '00', '3', '4294967297', '9999999999']) {
      for (const line of [`LIST ${number}`, `UIDL ${number}`, `RETR ${number}`, `DELE ${number}`]) {
        assert.equal(session.send(`${line}\r\n`), '-ERR no such message\r\n', line);
      }
      assert.equal(session.send(`TOP ${number} 0\r\n`), '-ERR no such message\r\n');
    }
    assert.equal(session.send('STAT\r\n'), '+OK 2 320\r\n');
    assert.equal(session.ended, null);
  });

  test('RFC 1939 §5: a marked message is gone for every verb, and numbers do not move', () => {
    const session = opened();
    assert.equal(session.send('DELE 1\r\n'), '+OK message 1 deleted\r\n');
    for (const line of ['DELE 1', 'DELE 01', 'LIST 1', 'UIDL 1', 'RETR 1', 'TOP 1 0']) {
      assert.equal(session.send(`${line}\r\n`), '-ERR message is already deleted\r\n', line);
    }
    assert.equal(session.send('STAT\r\n'), '+OK 1 200\r\n');
    assert.equal(session.send('LIST\r\n'), '+OK 1 messages (200 octets)\r\n2 200\r\n.\r\n');
    assert.equal(session.send('UIDL\r\n'), '+OK\r\n2 kept/uid-42\r\n.\r\n');
    assert.equal(session.send('LIST 2\r\n'), '+OK 2 200\r\n');
    assert.equal(session.session.marked, 1);
  });

  test('RSET drops every mark and lists nothing anew', () => {
    const session = opened();
    session.send('DELE 1\r\nDELE 2\r\n');
    assert.equal(session.send('STAT\r\n'), '+OK 0 0\r\n');
    assert.equal(session.send('RSET\r\n'), '+OK maildrop has 2 messages (320 octets)\r\n');
    assert.equal(session.send('STAT\r\n'), '+OK 2 320\r\n');
    assert.equal(session.send('LIST 1\r\n'), '+OK 1 120\r\n');
    assert.equal(session.session.marked, 0);
  });

  test('NOOP does nothing; CAPA leaves out STLS only', () => {
    assert.equal(opened().send('NOOP\r\n'), '+OK\r\n');
    assert.match(
      opened().send('CAPA\r\n'),
      /^\+OK\r\nTOP\r\n[\s\S]*SASL PLAIN\r\nIMPLEMENTATION Poplar\r\n\.\r\n$/,
    );
  });

  test('what happened is counted, from nothing before login', () => {
    const counts = ({ session }: SessionDriver): number[] => [
      session.commands,
      session.retrieved,
      session.topped,
      session.marked,
    ];
    assert.deepEqual(counts(new SessionDriver()), [0, 0, 0, 0]);
    const session = opened();
    session.send('RETR 1\r\nRETR 2\r\nTOP 1 0\r\nXYZ\r\nDELE 2\r\n');
    assert.deepEqual(counts(session), [7, 2, 1, 1]);
  });

  test('totals over 4 GiB are right', () => {
    const session = new SessionDriver({ hold: (effect) => effect.kind === 'authenticate' });
    session.send('USER u\r\nPASS p\r\n');
    const count = 5_000;
    const listing = {
      count,
      totalOctets: count * 1_000_001,
      octets: new Float64Array(count).fill(1_000_001),
      wireOctets: new Float64Array(count).fill(1_000_002),
      headerOctets: new Float64Array(count),
      identities: new Uint8Array(count * 24),
      storedUidls: new Map(),
    };
    session.answer({ kind: 'opened', listing });
    assert.equal(session.send('STAT\r\n'), '+OK 5000 5000005000\r\n');
    session.send('DELE 5000\r\n');
    assert.equal(session.send('STAT\r\n'), '+OK 4999 4999004999\r\n');
  });
});

describe('QUIT', () => {
  test('removes what was marked, by identity, and nothing else', () => {
    const maildrop = new MemoryMaildrop([first, second]);
    const accounts = new Map([['u', { secret: 'p', maildrop }]]);
    const session = new SessionDriver({ accounts });
    session.send('USER u\r\nPASS p\r\nDELE 1\r\n');
    const third = messageOf('A: new\n\nmail\n');
    maildrop.deliver(third);
    assert.equal(session.send('STAT\r\n'), '+OK 1 200\r\n');
    assert.equal(session.send('QUIT\r\n'), '+OK Poplar signing off (1 messages deleted)\r\n');
    assert.deepEqual(maildrop.messages, [second, third]);
    assert.deepEqual(session.ended, { kind: 'close', reason: 'quit' });
  });

  test('RSET before it removes nothing (a mark is not a flag)', () => {
    const maildrop = new MemoryMaildrop([first, second]);
    const session = new SessionDriver({ accounts: new Map([['u', { secret: 'p', maildrop }]]) });
    session.send('USER u\r\nPASS p\r\nDELE 1\r\nRSET\r\n');
    assert.equal(session.send('QUIT\r\n'), '+OK Poplar signing off\r\n');
    assert.deepEqual(maildrop.messages, [first, second]);
  });

  function quitting(lines: string): SessionDriver {
    const accounts = new Map([
      ['u', { secret: 'p', maildrop: new MemoryMaildrop([first, second]) }],
    ]);
    const session = new SessionDriver({ accounts, hold: (effect) => effect.kind === 'update' });
    session.send(`USER u\r\nPASS p\r\n`);
    session.send(lines);
    return session;
  }

  test('RFC 1939 §6: nothing is said before the update is durable, nor read', () => {
    const session = quitting('DELE 2\r\nDELE 1\r\n');
    assert.equal(session.send('QUIT\r\nNOOP\r\n'), '');
    assert.deepEqual(session.held, { kind: 'update', marked: [0, 1] });
    assert.equal(session.session.phase, 'update');
    assert.equal(session.send('RSET\r\nSTAT\r\n'), '');
    assert.equal(
      session.answer({ kind: 'updated' }),
      '+OK Poplar signing off (2 messages deleted)\r\n',
    );
    assert.equal(session.session.phase, 'closed');
    assert.equal(session.send('NOOP\r\n'), '');
  });

  test('a failed update is told, and the session ends all the same', () => {
    const session = quitting('DELE 2\r\nQUIT\r\n');
    const said = session.answer({ kind: 'not-updated' });
    assert.equal(said, '-ERR [SYS/TEMP] some deleted messages were not removed\r\n');
    assert.deepEqual(session.ended, { kind: 'close', reason: 'not-updated' });
  });

  test('with nothing marked the lock is released first, and failing that harms nobody', () => {
    for (const kind of ['updated', 'not-updated'] as const) {
      const session = quitting('QUIT\r\n');
      assert.deepEqual(session.held, { kind: 'update', marked: [] });
      assert.equal(session.answer({ kind }), '+OK Poplar signing off\r\n');
      assert.deepEqual(session.ended, { kind: 'close', reason: 'quit' });
    }
  });
});
