/** RFC 8314 §3: who may send a password outside TLS. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isCleartextAllowed } from './cleartext-rule.ts';

const ownMachine = ['127.0.0.1', '127.255.255.254', '::1', '::ffff:127.0.0.1', '::FFFF:127.8.9.10'];
const elsewhere = [
  '10.0.0.1',
  '::ffff:10.0.0.1',
  '128.0.0.1',
  '12.7.0.1',
  '1.127.0.0',
  '::ffff:10.127.0.1',
  '2001:db8::127',
  '::',
  '::2',
  '::127.0.0.1',
  'fe80::1%eth0',
  '127.evil',
  '127.',
  '127.0.0.1.example.org',
  '::ffff:127.evil',
  '::1.example.org',
  'localhost',
  '',
];

test('loopback: this machine, in every way its addresses are written, and nobody else', () => {
  for (const address of ownMachine) {
    assert.equal(isCleartextAllowed('loopback', { address, proxy: null }), true, address);
  }
  for (const address of elsewhere) {
    assert.equal(isCleartextAllowed('loopback', { address, proxy: null }), false, address);
  }
});

test('loopback: nobody behind a load balancer, wherever that is', () => {
  for (const address of [...ownMachine, ...elsewhere]) {
    for (const proxy of ['127.0.0.1', '10.0.0.2', '']) {
      assert.equal(isCleartextAllowed('loopback', { address, proxy }), false, address);
    }
  }
});

test('always and never do not depend on the address', () => {
  for (const address of [...ownMachine, ...elsewhere]) {
    assert.equal(isCleartextAllowed('always', { address, proxy: null }), true, address);
    assert.equal(isCleartextAllowed('never', { address, proxy: null }), false, address);
  }
});
