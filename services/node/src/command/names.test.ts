import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvalidArgumentError } from 'commander';
import {
  durationArgument,
  idArgument,
  loginNameArgument,
  sizeArgument,
  switchArgument,
} from './names.ts';
import { printedDuration } from './output.ts';

test('a time has one unit, and nothing needs none', () => {
  const seconds = { '0': 0, '0d': 0, '30s': 30, '5m': 300, '12h': 43_200, '7d': 604_800 };
  for (const [text, value] of Object.entries(seconds)) assert.equal(durationArgument(text), value);
  for (const text of ['', '2', '-1s', '1.5h', '1 h', '1w', 's', '1s1s', '9999999999s']) {
    assert.throws(() => durationArgument(text), InvalidArgumentError, text);
  }
});

test('a time is printed in the largest unit that it is whole in', () => {
  const texts = [0, 1, 90, 300, 43_200, 604_800, 90_000].map(printedDuration);
  assert.deepEqual(texts, ['none', '1 s', '90 s', '5 min', '12 h', '7 d', '25 h']);
});

test('a name to log in by is an address, or what may stand before its @', () => {
  assert.equal(loginNameArgument('Ann@Example.org'), 'ann@example.org');
  assert.equal(loginNameArgument('Ann.B'), 'ann.b');
  for (const text of ['', 'a@b@c', '@', 'ann@', 'a b', '.ann', 'dom\\ann', 'ann\u0000']) {
    assert.throws(() => loginNameArgument(text), InvalidArgumentError, text);
  }
});

test('a switch is on or off, and an id is a number', () => {
  assert.deepEqual([switchArgument('on'), switchArgument('off')], [true, false]);
  assert.throws(() => switchArgument('ON'), InvalidArgumentError);
  assert.equal(idArgument('12'), '12');
  for (const text of ['0', '-1', '1e3', '', '9'.repeat(19)]) {
    assert.throws(() => idArgument(text), InvalidArgumentError, text);
  }
});

test('a size has a unit of powers of ten or of two, and the refusal says which there are', () => {
  const octets = { '500MB': 5e8, '2GiB': 2 ** 31, '3kb': 3e3, '1kib': 1024, '7B': 7, none: 'none' };
  for (const [text, value] of Object.entries(octets)) assert.equal(sizeArgument(text), value);
  for (const text of ['', '2', '2G', '2Gi', '2iB', '1.5GB', '-1B']) {
    assert.throws(() => sizeArgument(text), /of B, kB, MB, GB, TB, KiB, MiB, GiB or TiB/, text);
  }
});
