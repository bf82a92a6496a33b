/** Lines into commands: every verb's argument rules, and lines that are none. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Command, type Invalid, parseCommand } from './command.ts';
import { octetsOf } from './testing/memory-maildrop.ts';

function parse(line: string): Command | Invalid {
  return parseCommand(octetsOf(line));
}

const bareVerbs = ['CAPA', 'NOOP', 'QUIT', 'RSET', 'STAT', 'STLS'] as const;
const badArguments: Invalid = { verb: 'bad-arguments' };
const unrecognised: Invalid = { verb: 'unrecognised' };

describe('keywords', () => {
  test('RFC 1939 §3: in either case', () => {
    for (const line of ['NOOP', 'noop', 'nOoP']) assert.deepEqual(parse(line), { verb: 'NOOP' });
    assert.deepEqual(parse('top 1 0'), { verb: 'TOP', number: 1, bodyLines: 0 });
  });

  test('anything else is not recognised, whatever octets it is made of', () => {
    const words = [
      '',
      ' ',
      '  ',
      ':',
      '\xff',
      '__proto__',
      'constructor',
      'CAPABILITY',
      'STA',
      'TO',
    ];
    words.push('X', 'NOOP\0', '\0TOP 1 0', 'T0P 1 0', 'ST\xc1T', 'NOOP\t', ' NOOP', '@OOP');
    words.push(
      'V'.repeat(500),
      'UIDLL',
      '%s%n',
      'NOO`',
      'NOO{',
      '\x0eOOP',
      'toString',
      'XNOOP',
      'AASTAT',
      'ATOP 1 0',
      'USERUSER x',
      'USER\x00x',
    );
    for (const word of words) assert.deepEqual(parse(word), unrecognised, JSON.stringify(word));
  });

  test('an HTTP method is known as one', () => {
    for (const method of [
      'GET',
      'get',
      'POST',
      'HEAD',
      'PUT',
      'OPTIONS',
      'CONNECT',
      'DELETE',
      'PRI',
    ]) {
      assert.deepEqual(parse(`${method} / HTTP/1.1`), { verb: 'http' });
    }
    assert.deepEqual(parse('GETS / HTTP/1.1'), unrecognised);
  });
});

describe('arguments', () => {
  test('a bare verb takes none, not even a space', () => {
    for (const verb of bareVerbs) {
      assert.deepEqual(parse(verb), { verb });
      for (const rest of [' ', ' x', '  ', ' 1'])
        assert.deepEqual(parse(verb + rest), badArguments);
    }
  });

  test('a message number is 1 to 10 decimal digits, and nothing near that', () => {
    const wrong = [
      '',
      '1.5',
      '0x1',
      '1e0',
      '+1',
      '-0',
      '-1',
      '1_0',
      '\xef\xbc\x91',
      '1xyz',
      '1 ',
      ' 1',
    ];
    wrong.push(
      '18446744073709551617',
      '9007199254740993',
      '12345678901',
      '1\0',
      '%d',
      '1 2',
      '1\t',
    );
    for (const verb of ['LIST', 'UIDL', 'RETR', 'DELE']) {
      for (const text of wrong) {
        assert.deepEqual(parse(`${verb} ${text}`), badArguments, JSON.stringify(text));
      }
      assert.deepEqual(parse(`${verb} 1`), { verb, number: 1 });
      assert.deepEqual(parse(`${verb} 01`), { verb, number: 1 });
      assert.deepEqual(parse(`${verb} 0`), { verb, number: 0 });
      assert.deepEqual(parse(`${verb} 9999999999`), { verb, number: 9_999_999_999 });
    }
    for (const text of wrong) {
      assert.deepEqual(parse(`TOP ${text} 1`), badArguments, JSON.stringify(text));
    }
  });

  test('LIST and UIDL may have no number, RETR and DELE may not', () => {
    assert.deepEqual(parse('LIST'), { verb: 'LIST', number: null });
    assert.deepEqual(parse('UIDL'), { verb: 'UIDL', number: null });
    assert.deepEqual(parse('RETR'), badArguments);
    assert.deepEqual(parse('DELE'), badArguments);
  });

  test('TOP needs both numbers; the lines may be more than any message has', () => {
    for (const rest of [
      '',
      ' ',
      ' 1',
      ' 1 ',
      ' 1  2',
      ' 1 2 3',
      ' 1 -1',
      ' 1 1.5',
      ' 1 x',
      ' x 1',
    ]) {
      assert.deepEqual(parse(`TOP${rest}`), badArguments, JSON.stringify(rest));
    }
    assert.deepEqual(parse('TOP 2 99999999999'), {
      verb: 'TOP',
      number: 2,
      bodyLines: 99_999_999_999,
    });
    const huge = parse(`TOP 2 ${'9'.repeat(400)}`);
    assert.ok(huge.verb === 'TOP' && huge.bodyLines > 10 ** 10);
  });

  test('USER takes the rest of the line as the name', () => {
    assert.deepEqual(parse('USER dom\\user/box name'), {
      verb: 'USER',
      name: 'dom\\user/box name',
    });
    assert.deepEqual(parse('USER m\xc3\xbcller'), { verb: 'USER', name: 'müller' });
    assert.deepEqual(parse(`USER ${'a'.repeat(480)}`), { verb: 'USER', name: 'a'.repeat(480) });
    for (const name of [
      '',
      'a\0b',
      'a\x01',
      'a\tb',
      'a\x7f',
      '\xff',
      '\xc2\x80',
      'a'.repeat(642),
    ]) {
      assert.deepEqual(parse(`USER ${name}`), badArguments, JSON.stringify(name));
    }
    assert.deepEqual(parse('USER'), badArguments);
  });

  test('RFC 1939 §7: APOP has a name and 32 digits in lower case', () => {
    const digits = 'c4c9334bac560ecc979e58001b3e22fb';
    const digest = Uint8Array.from(Buffer.from(digits, 'hex'));
    assert.deepEqual(parse(`APOP mrose ${digits}`), { verb: 'APOP', name: 'mrose', digest });
    assert.deepEqual(parse(`apop m\xc3\xbc ${digits}`), { verb: 'APOP', name: 'mü', digest });
    const wrong = ['', ' ', ' mrose', ' mrose ', `  ${digits}`, ` ${digits}`, ` a b ${digits}`];
    wrong.push(` mrose  ${digits}`, ` mrose ${digits} `, ` mrose ${digits} x`);
    wrong.push(` m\x01 ${digits}`, ` m\xff ${digits}`, ` ${'m'.repeat(642)} ${digits}`);
    const digitsWrong = [digits.toUpperCase(), digits.slice(1), digits.slice(2), `${digits}00`];
    for (const digit of ['g', '/', ':', '`']) digitsWrong.push(digits.replace('4', digit));
    for (const rest of [...wrong, ...digitsWrong.map((text) => ` mrose ${text}`)]) {
      assert.deepEqual(parse(`APOP${rest}`), badArguments, JSON.stringify(rest));
    }
  });

  test('RFC 1939 §7: PASS takes everything behind the first space, verbatim', () => {
    for (const secret of ['x', '', ' two  spaces ', 'p\xc3\xa4ss', '\xff\x01', 'a'.repeat(505)]) {
      assert.deepEqual(parse(`PASS ${secret}`), { verb: 'PASS', secret: octetsOf(secret) });
    }
    assert.deepEqual(parse('PASS'), badArguments);
    assert.deepEqual(parse('PASS x\0y'), badArguments);
  });

  test('a secret is a copy, also when the line is a Buffer', () => {
    const line = Buffer.from('PASS secret');
    const command = parseCommand(line);
    line.fill(0);
    assert.ok(command.verb === 'PASS');
    assert.deepEqual(command.secret, octetsOf('secret'));
  });

  test('RFC 5034 §4: AUTH has a mechanism and perhaps an initial response', () => {
    const none = { verb: 'AUTH', mechanism: null, initial: null } as const;
    assert.deepEqual(parse('AUTH'), none);
    assert.deepEqual(parse('AUTH '), none);
    assert.deepEqual(parse('auth plain'), { ...none, mechanism: 'PLAIN' });
    assert.deepEqual(parse('AUTH SCRAM-SHA-256'), { ...none, mechanism: 'SCRAM-SHA-256' });
    assert.deepEqual(parse('AUTH X_Y9 ='), { ...none, mechanism: 'X_Y9', initial: octetsOf('=') });
    assert.deepEqual(parse('AUTH PLAIN a b'), {
      verb: 'AUTH',
      mechanism: 'PLAIN',
      initial: octetsOf('a b'),
    });
    for (const rest of [
      '  ',
      ' PLAIN ',
      ' PL\0AIN',
      ' PL*N',
      ' \xff',
      ` ${'A'.repeat(21)}`,
      '  PLAIN',
    ]) {
      assert.deepEqual(parse(`AUTH${rest}`), badArguments, JSON.stringify(rest));
    }
  });
});
