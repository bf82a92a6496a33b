/** RETR and TOP: what goes out, in which parts, and what never gets a dot (RFC 1939 §3, §5, §7). */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Outcome } from './effects.ts';
import { MemoryMaildrop, messageOf, octetsOf, textOf } from './testing/memory-maildrop.ts';
import { type DriverOptions, SessionDriver } from './testing/session-driver.ts';

const plainText = 'Subject: x\nTo: y\n\n.dot\n..\n.\none\rtwo\nlast\n';
const message = messageOf(plainText);

function opened(options: DriverOptions & { text?: string } = {}): SessionDriver {
  const maildrop = new MemoryMaildrop([messageOf(options.text ?? plainText)]);
  const accounts = new Map([['u', { secret: 'p', maildrop }]]);
  const session = new SessionDriver({ accounts, ...options });
  session.send('USER u\r\nPASS p\r\n');
  return session;
}

function held(options: DriverOptions & { text?: string } = {}): SessionDriver {
  return opened({ hold: (effect) => effect.kind === 'send-message', ...options });
}

const begins: Outcome = { kind: 'message-begins' };
const ends: Outcome = { kind: 'message-ends' };

/** Answers a held message: the pieces, then how it ended. */
function give(session: SessionDriver, pieces: readonly string[], outcome: Outcome = ends): string {
  session.session.resume(begins);
  for (const piece of pieces) session.session.piece(octetsOf(piece));
  return session.answer(outcome);
}

describe('RETR', () => {
  test('sends the message as stored, with the octets of LIST, however it is cut', () => {
    const expected = `+OK ${message.octets} octets\r\n${message.wire}.\r\n`;
    assert.match(message.wire, /\r\n\.\.dot\r\n\.\.\.\r\n\.\.\r\n/);
    for (let pieceOctets = 1; pieceOctets <= message.wire.length; pieceOctets += 1) {
      const session = opened({ pieceOctets });
      assert.equal(session.send('RETR 1\r\n'), expected);
      assert.equal(session.session.retrieved, 1);
      assert.equal(session.session.topped, 0);
    }
  });

  test('a message without a last end of line gets one, wherever its last octets were cut', () => {
    for (const tail of ['end', 'end\r', '\n', 'x\n']) {
      const text = `A: b\r\n\r\n${tail}`;
      for (const pieces of [[text], [...text]]) {
        const session = held({ text });
        session.send('RETR 1\r\n');
        const wire = tail.endsWith('\n') ? `A: b\r\n\r\n${tail.slice(0, -1)}\r\n` : text;
        const stored = wire === text ? pieces : [wire];
        const more = wire.endsWith('\r\n') ? '' : '\r\n';
        assert.equal(give(session, stored), `+OK ${wire.length} octets\r\n${wire}${more}.\r\n`);
      }
    }
  });

  test('an empty message is a dot alone', () => {
    assert.equal(opened({ text: '' }).send('RETR 1\r\n'), '+OK 0 octets\r\n.\r\n');
  });

  test('the last piece and the dot leave together, also when pieces are taken one by one', () => {
    const large = `A: b\n\n${`${'x'.repeat(70)}\n`.repeat(2_000)}`;
    const taken: number[] = [];
    const last: string[] = [];
    const session = opened({
      text: large,
      pieceOctets: 50_000,
      onOutput: (parts) => {
        if (parts.length === 0) return;
        taken.push(parts.reduce((sum, part) => sum + part.length, 0));
        last[0] = parts.map(textOf).join('');
      },
    });
    const said = session.send('RETR 1\r\n');
    assert.ok(said.endsWith('\r\n.\r\n'));
    assert.ok(taken.length > 3);
    assert.ok((last[0]?.length ?? 0) > 40_000);
  });

  test('a small message is one part, from +OK to the dot', () => {
    const outputs: (readonly Uint8Array[])[] = [];
    const session = opened({ onOutput: (parts) => outputs.push(parts) });
    outputs.length = 0;
    session.send('RETR 1\r\n');
    const parts = outputs.filter((one) => one.length > 0);
    // The driver takes output after each piece: +OK alone, then the held piece with its dot.
    assert.equal(parts.length, 2);
    assert.deepEqual(
      parts.map((one) => one.length),
      [1, 1],
    );
  });

  test('a message that is gone or cannot be read is an -ERR, and the session goes on', () => {
    const session = held();
    session.send('RETR 1\r\n');
    assert.match(session.answer({ kind: 'message-gone' }), /^-ERR message is no longer/);
    session.send('RETR 1\r\n');
    assert.match(session.answer({ kind: 'message-unavailable' }), /^-ERR \[SYS\/TEMP\] /);
    assert.equal(session.send('STAT\r\n'), `+OK 1 ${message.octets}\r\n`);
    assert.equal(session.session.retrieved, 0);
  });

  test('a message an administrator removed meanwhile is gone, and no number moves', () => {
    const [first, second] = [messageOf('A: 1\n'), messageOf('A: 2\n')];
    const maildrop = new MemoryMaildrop([first, second]);
    const session = new SessionDriver({ accounts: new Map([['u', { secret: 'p', maildrop }]]) });
    session.send('USER u\r\nPASS p\r\n');
    maildrop.remove(new Set([first]));
    assert.equal(session.send('STAT\r\n'), '+OK 2 12\r\n');
    assert.match(session.send('RETR 1\r\n'), /^-ERR message is no longer/);
    assert.match(session.send('RETR 2\r\n'), /^\+OK 6 octets\r\nA: 2\r\n/);
  });

  test('pipelined commands wait for the end of the message', () => {
    const session = held();
    assert.equal(session.send('RETR 1\r\nNOOP\r\n'), '');
    assert.equal(session.send('STAT\r\n'), '');
    const said = give(session, [message.wire]);
    assert.ok(said.endsWith(`\r\n.\r\n+OK\r\n+OK 1 ${message.octets}\r\n`));
  });
});

describe('a message that is not what it should be', () => {
  const aborted = { kind: 'abort', reason: 'broken-message' };

  test('never gets a dot: broken off, too short, too long', () => {
    const broken: Outcome = { kind: 'message-broken' };
    const cases: [string[], Outcome][] = [
      [[message.wire.slice(0, 20)], broken],
      [[message.wire], broken],
      [[], broken],
      [[message.wire], { kind: 'message-gone' }],
      [[message.wire], { kind: 'message-unavailable' }],
      [[], ends],
      [[message.wire.slice(0, -1)], ends],
      [[message.wire, 'x'], ends],
      [[`${message.wire}x`], ends],
    ];
    for (const verb of ['RETR 1', 'TOP 1 9999999999']) {
      for (const [pieces, outcome] of cases) {
        const session = held();
        session.send(`${verb}\r\nNOOP\r\n`);
        const said = give(session, pieces, outcome);
        assert.equal(said, '');
        assert.deepEqual(session.ended, aborted);
        assert.equal(session.session.phase, 'closed');
        assert.equal(session.session.pendingOctets, 0);
      }
    }
  });

  test('also when it broke before it began', () => {
    const session = held();
    session.send('RETR 1\r\n');
    session.answer({ kind: 'message-broken' });
    assert.deepEqual(session.ended, aborted);
  });

  test('nothing is sent of what is too much', () => {
    const session = held();
    session.send('RETR 1\r\n');
    session.session.resume(begins);
    assert.equal(session.session.piece(octetsOf(message.wire)), true);
    assert.equal(session.session.piece(octetsOf('NOOP')), false);
    const sent = session.session.takeOutput().map(textOf).join('');
    assert.doesNotMatch(sent, /NOOP/);
  });
});

describe('TOP', () => {
  const header = 'Subject: x\r\nTo: y\r\n\r\n';
  const bodies = ['', '..dot\r\n', '..dot\r\n...\r\n', '..dot\r\n...\r\n..\r\n'];

  test('sends the header, the blank line and so many lines of the body', () => {
    for (const pieceOctets of [1, 7, 1_000]) {
      const session = opened({ pieceOctets });
      for (const [lines, body] of bodies.entries()) {
        assert.equal(session.send(`TOP 1 ${lines}\r\n`), `+OK\r\n${header}${body}.\r\n`);
      }
      for (const lines of [5, 6, 10 ** 10 - 1, 99_999_999_999]) {
        assert.equal(session.send(`TOP 1 ${lines}\r\n`), `+OK\r\n${message.wire}.\r\n`);
      }
      assert.equal(session.session.topped, 8);
      assert.equal(session.session.retrieved, 0);
    }
  });

  test('says when it has enough', () => {
    const session = held();
    session.send('TOP 1 1\r\n');
    assert.deepEqual(session.held, {
      kind: 'send-message',
      index: 0,
      extent: { kind: 'top', bodyLines: 1 },
    });
    session.session.resume(begins);
    assert.equal(session.session.piece(octetsOf(header)), true);
    assert.equal(session.session.piece(octetsOf('..d')), true);
    assert.equal(session.session.piece(octetsOf('ot\r\n...\r\n')), false);
    assert.equal(session.session.piece(octetsOf('..\r\n')), false);
    assert.equal(session.answer(ends), `+OK\r\n${header}..dot\r\n.\r\n`);
  });

  test('a message that is all header gets its blank line', () => {
    const session = opened({ text: 'Subject: x\nTo: y\n' });
    assert.equal(session.send('TOP 1 0\r\n'), '+OK\r\nSubject: x\r\nTo: y\r\n\r\n.\r\n');
    assert.equal(session.send('TOP 1 5\r\n'), '+OK\r\nSubject: x\r\nTo: y\r\n\r\n.\r\n');
    assert.equal(session.send('RETR 1\r\n'), '+OK 19 octets\r\nSubject: x\r\nTo: y\r\n.\r\n');
    const cut = opened({ text: 'Subject: x' });
    assert.equal(cut.send('TOP 1 0\r\n'), '+OK\r\nSubject: x\r\n\r\n.\r\n');
  });
});

describe('an outcome nobody asked for', () => {
  test('is a broken invariant of the owner', () => {
    const wrong = { name: 'BrokenInvariant' };
    const idle = opened();
    for (const kind of ['message-begins', 'message-ends', 'updated', 'not-updated'] as const) {
      assert.throws(() => idle.session.resume({ kind }), wrong);
    }
    assert.throws(() => idle.session.resume({ kind: 'refused', refusal: 'in-use' }), wrong);
    assert.throws(() => idle.session.piece(octetsOf('x')), wrong);
    assert.throws(() => idle.session.upgraded(), wrong);
    assert.throws(() => new SessionDriver().session.piece(octetsOf('x')), wrong);
    const session = held();
    session.send('RETR 1\r\n');
    assert.throws(() => session.session.piece(octetsOf('x')), wrong);
    session.session.resume(begins);
    assert.throws(() => session.session.resume(begins), wrong);
    const early = held();
    early.send('RETR 1\r\n');
    assert.throws(() => early.session.resume(ends), wrong);
  });
});
