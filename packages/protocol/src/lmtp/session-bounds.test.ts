/** The LMTP session at its bounds: smuggling, sizes, memory, faults, ends, TLS. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { OctetBudget } from './octet-budget.ts';
import { lmtpReplyOctets } from './reply.ts';
import { Drive, joined, octets } from './testing/drive.ts';

const toData = 'LHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\n';

test('V78 only CRLF.CRLF ends data: no second envelope can be hidden behind another form', () => {
  for (const end of ['\n.\n', '\n.\r\n', '\r\n.\n', '\r.\r', '\r.\r\n', '\r\n.\r']) {
    const drive = new Drive();
    drive.say(toData);
    const smuggled = 'MAIL FROM:<evil@x>\r\nRCPT TO:<victim@x>\r\nDATA\r\nspoof\r\n.\r\n';
    drive.say(`first${end}${smuggled}`);
    assert.equal(drive.delivered.length, 1, JSON.stringify(end));
    assert.match(drive.delivered[0]?.wire ?? '', /MAIL FROM:<evil@x>/);
    assert.doesNotMatch(drive.delivered[0]?.wire ?? '', /(?:^|\r\n)\.\r\n/);
  }
});

test('RFC 1870 a message over SIZE is refused at MAIL, or once for each recipient after data', () => {
  const drive = new Drive({ messageOctetsMax: 20 });
  drive.say('LHLO x\r\n');
  assert.match(drive.say('MAIL FROM:<a@b> SIZE=21\r\n'), /^552 5\.3\.4 /);
  assert.match(drive.say('MAIL FROM:<a@b> SIZE=20\r\nRSET\r\n'), /^250 /);
  drive.say(toData);
  const said = drive.say(`${'0123456789\r\n'.repeat(2)}.\r\nNOOP\r\n`);
  assert.equal(
    said,
    '552 5.3.4 <a@x> Message too large\r\n552 5.3.4 <b@x> Message too large\r\n250 2.0.0 Ok\r\n',
  );
  assert.deepEqual([drive.delivered.length, drive.budget.taken], [0, 0]);
});

test('short of memory, each recipient is told to try again', () => {
  const budget = new OctetBudget(10_000);
  const drive = new Drive({ budget });
  drive.say(toData);
  const said = drive.say(`${'0123456789\r\n'.repeat(1_000)}.\r\nNOOP\r\n`);
  assert.equal(
    said,
    '452 4.3.1 <a@x> Short of memory, try again\r\n452 4.3.1 <b@x> Short of memory, try again\r\n' +
      '250 2.0.0 Ok\r\n',
  );
  assert.equal(budget.taken, 0);
});

test('at most 1,000 recipients in a transaction; replies leave in slices', () => {
  const drive = new Drive();
  drive.say('LHLO x\r\nMAIL FROM:<>\r\n');
  const said = drive.say(
    'RCPT TO:<recipient-with-a-rather-long-name@example.org>\r\n'.repeat(1_001),
  );
  assert.equal(said.match(/^250 /gm)?.length, 1_000);
  assert.match(said, /452 4\.5\.3 Too many recipients\r\n$/);
  assert.equal(drive.say('DATA\r\nx\r\n.\r\n').match(/^250 2\.0\.0/gm)?.length, 1_000);
});

test('next() asks for output to be sent before more is made', () => {
  const drive = new Drive();
  drive.session.receive(octets('NOOP\r\n'.repeat(10_000)));
  assert.deepEqual(drive.session.next(), { kind: 'flush' });
  const pending = drive.session.pendingOctets;
  assert.ok(pending >= 65_536 && pending < 66_000, `${pending} pending`);
  assert.ok(drive.session.bufferedOctets > 0);
});

test('an overlong line is one fault, and the next line is a command', () => {
  const drive = new Drive();
  assert.equal(
    drive.say(`NOOP ${'x'.repeat(2_000)}\r\nNOOP\r\n`),
    '500 5.5.2 Line too long\r\n250 2.0.0 Ok\r\n',
  );
  assert.equal(drive.say(`NOOP ${'x'.repeat(1_017)}\r\n`), '250 2.0.0 Ok\r\n', '1,024 with CRLF');
  assert.equal(drive.say(`NOOP ${'x'.repeat(1_018)}\r\n`), '500 5.5.2 Line too long\r\n');
});

test('20 faults end the connection; a message in between forgives them', () => {
  const drive = new Drive();
  drive.say('WHAT\r\n'.repeat(19));
  drive.say(`${toData}x\r\n.\r\n`);
  drive.say('WHAT\r\n'.repeat(19));
  assert.equal(drive.ended, undefined);
  const said = drive.say('WHAT\r\nNOOP\r\n');
  assert.equal(said, '500 5.5.1 Command not known\r\n421 4.7.0 Too many errors\r\n');
  assert.deepEqual(drive.ended, { kind: 'close', reason: 'too-many-faults' });
  assert.equal(drive.say('NOOP\r\n'), '');
  assert.equal(drive.session.phase, 'closed');
});

test('recipients that do not exist are no faults', () => {
  const drive = new Drive();
  drive.say('LHLO x\r\nMAIL FROM:<>\r\n');
  drive.say('RCPT TO:<unknown@x>\r\n'.repeat(50));
  assert.equal(drive.ended, undefined);
});

test('shutdown sends an idle client away and lets a transaction end', () => {
  const idle = new Drive();
  idle.session.shutdown();
  idle.run();
  assert.match(idle.said, /421 4\.3\.2 Shutting down\r\n$/);
  assert.deepEqual(idle.ended, { kind: 'close', reason: 'shutdown' });

  const busy = new Drive();
  busy.say(toData);
  busy.session.shutdown();
  busy.run();
  assert.equal(busy.ended, undefined);
  assert.match(busy.say('x\r\n.\r\nNOOP\r\n'), /^250 2\.0\.0 .*\r\n250 2\.0\.0 .*\r\n421 4\.3\.2 /);
  assert.equal(busy.delivered.length, 1);
});

test('a silent client is told so once', () => {
  const drive = new Drive();
  assert.equal(drive.session.phase, 'command');
  drive.say(`${toData}half of it`);
  assert.equal(drive.session.phase, 'data');
  assert.equal(drive.budget.taken, 8_192);
  drive.session.expire();
  drive.session.expire();
  drive.run();
  assert.match(drive.said, /^421 4\.4\.2 .*\r\n$/m);
  assert.deepEqual([drive.ended, drive.budget.taken], [{ kind: 'close', reason: 'timeout' }, 0]);
});

test('a lost connection gives its memory back, but not under a delivery in hand', () => {
  const inData = new Drive();
  inData.say(`${toData}half of it`);
  inData.session.abandon();
  assert.equal(inData.budget.taken, 0);
  assert.deepEqual(inData.session.next(), { kind: 'abort', reason: 'abandoned' });

  const inDelivery = new Drive();
  inDelivery.holdDelivery = true;
  inDelivery.say(`${toData}all of it\r\n.\r\n`);
  assert.equal(inDelivery.session.phase, 'effect');
  inDelivery.session.abandon();
  assert.equal(inDelivery.budget.taken, 8_192);
  const results = ['delivered', 'delivered'] as const;
  inDelivery.session.resume({ kind: 'delivered', id: 'x', results });
  assert.equal(inDelivery.budget.taken, 0);
});

test('an address in hand when the connection is lost changes nothing', () => {
  const drive = new Drive();
  drive.say('LHLO x\r\nMAIL FROM:<>\r\n');
  drive.session.receive(octets('RCPT TO:<a@x>\r\n'));
  assert.equal(drive.session.next().kind, 'effect');
  drive.session.abandon();
  drive.session.resume({ kind: 'accepted', mailbox: 'a' });
  assert.deepEqual(drive.session.next(), { kind: 'abort', reason: 'abandoned' });
});

test('RFC 3207 §4.2 STARTTLS forgets what was said before', () => {
  const drive = new Drive({ offerStartTls: true });
  assert.match(drive.say('LHLO x\r\n'), /250 STARTTLS\r\n$/);
  drive.say('MAIL FROM:<a@b>\r\n');
  assert.equal(drive.say('STARTTLS\r\n'), '220 2.0.0 Ready to start TLS\r\n');
  assert.equal(drive.isTlsAsked, true);
  assert.equal(drive.session.phase, 'effect');
  drive.session.upgraded();
  assert.match(drive.say('MAIL FROM:<a@b>\r\n'), /^503 5\.5\.1 Say LHLO/);
  assert.doesNotMatch(drive.say('LHLO x\r\n'), /STARTTLS/);
  assert.match(drive.say('STARTTLS\r\n'), /^503 /);
  drive.say(`${toData}x\r\n.\r\n`);
  assert.equal(drive.delivered[0]?.envelope.protocol, 'LMTPS');
  assert.match(new Drive().say('STARTTLS\r\n'), /^502 5\.5\.1 /);
});

test('a connection without a session is sent away by one reply', () => {
  assert.equal(joined([lmtpReplyOctets('too-busy')]), '421 4.3.2 Too many connections\r\n');
});

test('V1 bytes between STARTTLS and TLS end the connection unanswered', () => {
  const together = new Drive({ offerStartTls: true });
  assert.equal(together.say('STARTTLS\r\nNOOP'), '');
  assert.deepEqual(together.ended, { kind: 'abort', reason: 'starttls-injection' });

  const later = new Drive({ offerStartTls: true });
  later.say('STARTTLS\r\n');
  later.session.receive(octets('RSET\r\n'));
  later.session.upgraded();
  later.run();
  assert.deepEqual(later.ended, { kind: 'abort', reason: 'starttls-injection' });
});

test('answers that answer nothing are faults of ours', () => {
  const drive = new Drive();
  assert.throws(() => drive.session.resume({ kind: 'accepted', mailbox: 'a' }), /BrokenInvariant/);
  assert.throws(() => drive.session.upgraded(), /BrokenInvariant/);
  drive.holdDelivery = true;
  drive.say(`${toData}x\r\n.\r\n`);
  assert.throws(() => drive.session.next(), /BrokenInvariant/);
  assert.throws(() => drive.session.expire(), /BrokenInvariant/);
  assert.throws(
    () => drive.session.resume({ kind: 'delivered', id: 'x', results: ['delivered'] }),
    /BrokenInvariant/,
  );
});

test('any bytes give well-formed replies, never a throw, and leave no memory taken', () => {
  const word = fc.constantFrom(
    'LHLO x\r\n',
    'MAIL FROM:<a@b>\r\n',
    'RCPT TO:<a@x>\r\n',
    'RCPT TO:<unknown@x>\r\n',
    'DATA\r\n',
    '.\r\n',
    'RSET\r\n',
    'STARTTLS\r\n',
    '\r\n',
    '\n.\n',
    'x'.repeat(1_100),
  );
  const bytes = fc.uint8Array({ maxLength: 20 }).map((octets) => String.fromCharCode(...octets));
  fc.assert(
    fc.property(
      fc.array(fc.oneof({ weight: 4, arbitrary: word }, bytes)),
      fc.boolean(),
      (parts, inData) => {
        const drive = new Drive({ messageOctetsMax: 2_000 });
        if (inData) drive.say(toData);
        for (const part of parts) drive.say(part);
        assert.match(drive.said, /^(?:[2345][0-9]{2}[ -][ -~]*\r\n)*$/);
        drive.session.abandon();
        assert.equal(drive.budget.taken, 0);
      },
    ),
  );
});
