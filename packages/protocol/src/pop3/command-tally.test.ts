import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CommandTally, talliedVerbs } from './command-tally.ts';
import type { Effect } from './effects.ts';
import { MemoryMaildrop, messageOf } from './testing/memory-maildrop.ts';
import { SessionDriver } from './testing/session-driver.ts';

function noted(tally: CommandTally): string[] {
  const lines: string[] = [];
  tally.empty((verb, isOk, times) => lines.push(`${verb} ${isOk ? 'ok' : 'err'} ${times}`));
  return lines;
}

function driverWith(tally: CommandTally, hold?: (effect: Effect) => boolean): SessionDriver {
  const maildrop = new MemoryMaildrop([messageOf('From: ann\n\n-ERR is what it says\n')]);
  return new SessionDriver({
    session: { tally, stlsOffered: true, mechanisms: ['PLAIN'] },
    accounts: new Map([['ann', { secret: 'word', maildrop }]]),
    ...(hold === undefined ? {} : { hold }),
  });
}

describe('the tally of commands', () => {
  test('every verb and result has a number of its own', () => {
    const tally = new CommandTally();
    for (const verb of talliedVerbs) {
      tally.note(verb, true);
      tally.note(verb, false);
      tally.note(verb, false);
    }
    assert.equal(tally.isEmpty, false);
    assert.deepEqual(
      noted(tally),
      talliedVerbs.flatMap((verb) => [`${verb} ok 1`, `${verb} err 2`]),
    );
    assert.equal(tally.isEmpty, true);
    assert.deepEqual(noted(tally), []);
  });

  test('a session is written down verb by verb, by what its replies begin with', () => {
    const tally = new CommandTally();
    const driver = driverWith(tally);
    driver.greet();
    driver.send('CAPA\r\nNONSENSE\r\nSTAT\r\nUSER ann\r\nPASS wrong\r\nUSER ann\r\nPASS word\r\n');
    assert.deepEqual(noted(tally).sort(), [
      ...['CAPA ok 1', 'PASS err 1', 'PASS ok 1', 'STAT err 1', 'USER ok 2', 'invalid err 1'],
    ]);
    driver.send('LIST\r\nUIDL 1\r\nUIDL 7\r\nRETR 1\r\nTOP 1 9\r\nRETR 2\r\nRETR x\r\n');
    assert.deepEqual(noted(tally).sort(), [
      ...['LIST ok 1', 'RETR err 1', 'RETR ok 1', 'TOP ok 1', 'UIDL err 1', 'UIDL ok 1'],
      'invalid err 1',
    ]);
    driver.send('DELE 1\r\nDELE 1\r\nRSET\r\nNOOP\r\nDELE 1\r\nQUIT\r\n');
    assert.deepEqual(noted(tally).sort(), [
      ...['DELE err 1', 'DELE ok 2', 'NOOP ok 1', 'QUIT ok 1', 'RSET ok 1'],
    ]);
  });

  test('an exchange is one AUTH, however many lines it has', () => {
    const tally = new CommandTally();
    const driver = driverWith(tally);
    driver.greet();
    driver.send('AUTH PLAIN\r\n');
    assert.deepEqual(noted(tally), []);
    driver.send('*\r\n');
    assert.deepEqual(noted(tally), ['AUTH err 1']);
    driver.send('AUTH PLAIN\r\n');
    driver.send(`${'A'.repeat(20_000)}\r\n`);
    assert.deepEqual(noted(tally), ['AUTH err 1']);
    driver.send('AUTH PLAIN\r\n');
    driver.send(`${Buffer.from('\0ann\0word').toString('base64')}\r\n`);
    assert.deepEqual(noted(tally), ['AUTH ok 1']);
  });

  test('what waits for an outcome is written down when it has come', () => {
    const tally = new CommandTally();
    const driver = driverWith(tally, (effect) => effect.kind !== 'authenticate');
    driver.greet();
    driver.send('USER ann\r\nPASS word\r\nRETR 1\r\n');
    assert.deepEqual(noted(tally).sort(), ['PASS ok 1', 'USER ok 1']);
    driver.answer({ kind: 'message-unavailable' });
    assert.deepEqual(noted(tally), ['RETR err 1']);
    driver.send('RETR 1\r\n');
    driver.answer({ kind: 'message-begins' }, { kind: 'message-broken' });
    assert.deepEqual(noted(tally), ['RETR err 1']);
    assert.equal(driver.ended?.kind, 'abort');
  });

  test('a QUIT that removed nothing of what was marked was answered -ERR', () => {
    const tally = new CommandTally();
    const driver = driverWith(tally, (effect) => effect.kind === 'update');
    driver.greet();
    driver.send('USER ann\r\nPASS word\r\nDELE 1\r\nQUIT\r\n');
    noted(tally);
    driver.answer({ kind: 'not-updated' });
    assert.deepEqual(noted(tally), ['QUIT err 1']);
  });

  test('STLS is answered before TLS begins, and a browser is told nothing', () => {
    const tally = new CommandTally();
    const maildrop = new MemoryMaildrop([]);
    const accounts = new Map([['ann', { secret: 'word', maildrop }]]);
    const session = { tally, tls: false, stlsOffered: true };
    const driver = new SessionDriver({ session, accounts, hold: () => true });
    driver.greet();
    driver.send('STLS\r\n');
    assert.deepEqual(noted(tally), ['STLS ok 1']);
    driver.upgrade();
    driver.send('GET / HTTP/1.1\r\n');
    assert.deepEqual(noted(tally), ['invalid err 1']);
  });
});
