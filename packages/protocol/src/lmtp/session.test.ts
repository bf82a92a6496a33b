/** The LMTP session: order of commands, replies, envelopes. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Drive } from './testing/drive.ts';

const greeting = '220 mx.example.org LMTP ready\r\n';

/** Replies with their text cut off. */
function codes(said: string): string[] {
  return said
    .split('\r\n')
    .slice(0, -1)
    .map((line) => line.slice(0, 9));
}

test('RFC 2033 §4.2 one reply for each accepted recipient, in order, after one transaction', () => {
  const drive = new Drive();
  drive.results.set('c@x', 'unknown');
  drive.results.set('d@x', 'temporary');
  const said = drive.say(
    'LHLO mta\r\nMAIL FROM:<s@y> SIZE=9\r\nRCPT TO:<B@x>\r\nRCPT TO:<unknown@x>\r\n' +
      'RCPT TO:<c@x>\r\nRCPT TO:<suspended@x>\r\nRCPT TO:<d@x>\r\nRCPT TO:<temporary@x>\r\n' +
      'DATA\r\nA: b\r\n\r\n..\r\n.\r\nQUIT\r\n',
  );
  assert.equal(
    said,
    '250-mx.example.org\r\n250-PIPELINING\r\n250-SIZE 100000\r\n250-8BITMIME\r\n' +
      '250-SMTPUTF8\r\n250 ENHANCEDSTATUSCODES\r\n' +
      '250 2.1.0 Sender ok\r\n' +
      '250 2.1.5 <B@x> Recipient ok\r\n' +
      '550 5.1.1 <unknown@x> No such mailbox\r\n' +
      '250 2.1.5 <c@x> Recipient ok\r\n' +
      '550 5.2.1 <suspended@x> Mailbox is not active\r\n' +
      '250 2.1.5 <d@x> Recipient ok\r\n' +
      '451 4.3.0 <temporary@x> Cannot be delivered now, try again\r\n' +
      '354 End data with <CRLF>.<CRLF>\r\n' +
      '250 2.0.0 <B@x> Delivered as id1\r\n' +
      '550 5.1.1 <c@x> No such mailbox\r\n' +
      '451 4.3.0 <d@x> Cannot be delivered now, try again\r\n' +
      '221 2.0.0 Bye\r\n',
  );
  assert.equal(drive.said, greeting + said);
  assert.deepEqual(drive.ended, { kind: 'close', reason: 'quit' });
  assert.deepEqual(drive.delivered, [
    {
      envelope: {
        from: 's@y',
        recipients: [
          { address: 'B@x', mailbox: 'b@x' },
          { address: 'c@x', mailbox: 'c@x' },
          { address: 'd@x', mailbox: 'd@x' },
        ],
        clientName: 'mta',
        protocol: 'LMTP',
      },
      wire: 'A: b\r\n\r\n..\r\n',
      octets: 11,
      headerOctets: 8,
    },
  ]);
  assert.equal(drive.budget.taken, 0);
});

test('where the input is cut makes no difference', () => {
  const input =
    'LHLO mta\r\nBAD\r\nMAIL FROM:<>\r\nRCPT TO:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\n' +
    '.\r.\r\n..x\r\ny\n.\n\r\n.\r\nNOOP\r\nMAIL FROM:<c@d>\r\nRSET\r\nVRFY x\r\nQUIT\r\n';
  const whole = new Drive();
  whole.say(input);
  assert.equal(whole.delivered[0]?.wire, '\r\n..\r\n..x\r\ny\r\n..\r\n\r\n');
  for (let at = 0; at <= input.length; at += 1) {
    const cut = new Drive();
    cut.say(input.slice(0, at));
    cut.say(input.slice(at));
    assert.equal(cut.said, whole.said, `cut at ${at}`);
    assert.deepEqual(cut.delivered, whole.delivered);
  }
  const bytewise = new Drive();
  for (const octet of input) bytewise.say(octet);
  assert.equal(bytewise.said, whole.said);
  assert.deepEqual(bytewise.delivered, whole.delivered);
});

test('RFC 5321 §4.1.4 the order of commands is kept', () => {
  const drive = new Drive();
  assert.match(drive.say('MAIL FROM:<a@b>\r\n'), /^503 5\.5\.1 Say LHLO/);
  assert.match(drive.say('EHLO x\r\n'), /^500 5\.5\.1 .*LHLO/);
  drive.say('LHLO x\r\n');
  assert.match(drive.say('RCPT TO:<a@b>\r\n'), /^503 5\.5\.1 Say MAIL/);
  assert.match(drive.say('DATA\r\n'), /^503 5\.5\.1 Say MAIL/);
  drive.say('MAIL FROM:<a@b>\r\n');
  assert.match(drive.say('MAIL FROM:<a@b>\r\n'), /^503 5\.5\.1 A sender/);
  assert.equal(drive.say('NOOP now\r\n'), '250 2.0.0 Ok\r\n');
  assert.match(drive.say('VRFY a\r\n'), /^252 2\.5\.2 /);
  assert.match(drive.say('WHAT\r\n'), /^500 5\.5\.1 /);
});

test('RFC 2033 §4.2 DATA without a valid recipient is 503 and takes no data', () => {
  const drive = new Drive();
  const said = drive.say('LHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<unknown@x>\r\nDATA\r\nNOOP\r\n');
  assert.deepEqual(codes(said).slice(-3), ['550 5.1.1', '503 5.5.1', '250 2.0.0']);
});

test('RSET and LHLO end the transaction', () => {
  for (const command of ['RSET', 'LHLO y']) {
    const drive = new Drive();
    drive.say(`LHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n${command}\r\n`);
    assert.match(drive.say('DATA\r\n'), /^503 /);
    assert.match(drive.say('MAIL FROM:<e@f>\r\n'), /^250 /);
  }
});

test('RFC 6531 §3.4 addresses outside ASCII need SMTPUTF8', () => {
  const drive = new Drive();
  drive.say('LHLO x\r\n');
  assert.match(drive.say('MAIL FROM:<\xc3\xa9@b>\r\n'), /^553 5\.6\.7 /);
  assert.match(drive.say('MAIL FROM:<a@b>\r\n'), /^250 /);
  assert.match(drive.say('RCPT TO:<\xc3\xa9@b>\r\n'), /^553 5\.6\.7 /);
  drive.say('RSET\r\nMAIL FROM:<\xc3\xa9@b> SMTPUTF8\r\n');
  assert.equal(drive.say('RCPT TO:<\xc3\xb6@b>\r\n'), '250 2.1.5 <\xc3\xb6@b> Recipient ok\r\n');
  drive.say('DATA\r\n.\r\n');
  assert.equal(drive.delivered[0]?.envelope.protocol, 'UTF8LMTP');
  assert.equal(drive.delivered[0]?.envelope.from, 'é@b');
  assert.equal(drive.delivered[0]?.wire, '');
});

test('a recipient is refused behind the data in the words of RCPT', () => {
  for (const [result, told] of [
    ['too-large', '552 5.3.4 <a@x> Message too large'],
    ['over-quota', '552 5.2.2 <a@x> Mailbox is full'],
    ['suspended', '550 5.2.1 <a@x> Mailbox is not active'],
    ['unknown', '550 5.1.1 <a@x> No such mailbox'],
  ] as const) {
    const drive = new Drive();
    drive.results.set('a@x', result);
    const said = drive.say('LHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<a@x>\r\nDATA\r\n.\r\n');
    assert.ok(said.endsWith(`\r\n${told}\r\n`), said);
  }
});

test('two messages in one connection', () => {
  const drive = new Drive();
  drive.say('LHLO x\r\n');
  for (const body of ['one', 'two']) {
    const said = drive.say(`MAIL FROM:<>\r\nRCPT TO:<a@x>\r\nDATA\r\n${body}\r\n.\r\n`);
    assert.deepEqual(codes(said), ['250 2.1.0', '250 2.1.5', '354 End d', '250 2.0.0']);
  }
  assert.deepEqual(
    drive.delivered.map(({ wire }) => wire),
    ['one\r\n', 'two\r\n'],
  );
});
