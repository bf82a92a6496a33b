/** Command lines of LMTP: each form, each fault. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseCommand } from './command.ts';
import { octets } from './testing/drive.ts';

function parse(line: string): unknown {
  return parseCommand(octets(line));
}

const from = { address: 'a@b', wide: false };

test('commands are read in any case, with white space before the end of the line', () => {
  assert.deepEqual(parse('lhlo Mta.example  \t'), { verb: 'LHLO', name: 'Mta.example' });
  assert.deepEqual(parse('LHLO [192.0.2.1]'), { verb: 'LHLO', name: '[192.0.2.1]' });
  for (const verb of ['DATA', 'RSET', 'NOOP', 'VRFY', 'QUIT', 'STARTTLS']) {
    assert.deepEqual(parse(`${verb.toLowerCase()} `), { verb });
  }
  assert.deepEqual(parse(`NOOP ${'x '.repeat(100)}`), { verb: 'NOOP' });
  assert.deepEqual(parse('vrfy a@b'), { verb: 'VRFY' });
  assert.deepEqual(parse('rcpt to:<a@b>'), { verb: 'RCPT', to: from });
});

test('MAIL takes SIZE, BODY and SMTPUTF8', () => {
  const plain = { verb: 'MAIL', from, declaredOctets: 0, utf8: false };
  assert.deepEqual(parse('mail from:<a@b>'), plain);
  assert.deepEqual(parse('MAIL FROM:<a@b> body=7bit'), plain);
  assert.deepEqual(parse('MAIL FROM:<a@b>  SIZE=12  BODY=8BITMIME'), {
    ...plain,
    declaredOctets: 12,
  });
  assert.deepEqual(parse('MAIL FROM:<a@b> smtputf8'), { ...plain, utf8: true });
  const sender = { address: '', wide: false };
  assert.deepEqual(parse('MAIL FROM:<>'), { ...plain, from: sender });
  const wide = { address: 'é@b', wide: true };
  assert.deepEqual(parse('MAIL FROM:<\xc3\xa9@b>'), { ...plain, from: wide });
});

const faults: readonly [line: string, fault: string][] = [
  ['', 'syntax'],
  [' ', 'syntax'],
  [' NOOP', 'syntax'],
  ['1234', 'syntax'],
  ['NOOP a\rb', 'syntax'],
  ['QUIT\0', 'syntax'],
  ['\xff\xfe', 'syntax'],
  ['\x80MAIL', 'syntax'],
  ['LHLO a\nb', 'syntax'],
  ['MAILX FROM:<\r>', 'syntax'],
  ['HELP', 'unknown-command'],
  ['MAILFROM:<a@b>', 'unknown-command'],
  ['QUITE', 'unknown-command'],
  ['BDAT 1 LAST', 'unknown-command'],
  ['HELO x', 'smtp-hello'],
  ['ehlo x', 'smtp-hello'],
  ['LHLO', 'argument'],
  ['LHLO a b', 'argument'],
  ['LHLO (x)', 'argument'],
  [`LHLO ${'x'.repeat(256)}`, 'argument'],
  ['DATA x', 'argument'],
  ['RSET x', 'argument'],
  ['QUIT x', 'argument'],
  ['STARTTLS x', 'argument'],
  ['MAIL', 'argument'],
  ['MAIL <a@b>', 'argument'],
  ['RCPT', 'argument'],
  ['RCPT FROM:<a@b>', 'argument'],
  ['MAIL FROM: <a@b>', 'sender-path'],
  ['MAIL FROM:', 'sender-path'],
  ['MAIL FROM:<">', 'sender-path'],
  ['MAIL FROM:<a@b>x', 'sender-path'],
  ['MAIL FROM:<a\r@b>', 'sender-path'],
  ['mail FROM:<a@b\0>', 'sender-path'],
  ['MAIL FROM:<a\xe9@b>', 'sender-path'],
  ['RCPT TO:<>', 'recipient-path'],
  ['RCPT TO:<"">', 'recipient-path'],
  ['RCPT TO:<a@b\nDATA>', 'recipient-path'],
  ['rcpt TO:<a\xc0\x80@b>', 'recipient-path'],
  ['RCPT TO:<a@b> NOTIFY=NEVER', 'parameter-unknown'],
  ['MAIL FROM:<a@b> RET=FULL', 'parameter-unknown'],
  ['MAIL FROM:<a@b> constructor', 'parameter-unknown'],
  ['MAIL FROM:<a@b> __proto__=1', 'parameter-unknown'],
  ['MAIL FROM:<a@b> SIZE', 'argument'],
  ['MAIL FROM:<a@b> SIZE=', 'argument'],
  ['MAIL FROM:<a@b> SIZE=-1', 'argument'],
  ['MAIL FROM:<a@b> SIZE=1e3', 'argument'],
  ['MAIL FROM:<a@b> SIZE=123456789012345678901', 'argument'],
  ['MAIL FROM:<a@b> SIZE=1 SIZE=2', 'argument'],
  ['MAIL FROM:<a@b> BODY', 'argument'],
  ['MAIL FROM:<a@b> BODY=BINARYMIME', 'argument'],
  ['MAIL FROM:<a@b> SMTPUTF8=1', 'argument'],
];

test('each fault has its name', () => {
  for (const [line, fault] of faults) {
    assert.deepEqual(parse(line), { verb: 'invalid', fault }, JSON.stringify(line));
  }
});

test('any bytes are a command or a fault', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('', 'MAIL ', 'MAIL FROM:<', 'RCPT TO:<', 'LHLO ', 'NOOP '),
      fc.uint8Array({ maxLength: 60 }),
      (head, tail) => {
        const command = parseCommand(new Uint8Array([...octets(head), ...tail]));
        assert.equal(typeof command.verb, 'string');
      },
    ),
  );
});
