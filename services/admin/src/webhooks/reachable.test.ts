/** Where a webhook may lead: every way to write an address that is not public is refused. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isPublic, ownAddresses, Reachable } from './reachable.ts';
import { problemOf } from './webhook-url.ts';

const nowhere = { allowsHttp: false, reachable: new Reachable([]) };

function isRefused(text: string, rules = nowhere): boolean {
  const url = URL.parse(text);
  return url === null || problemOf(url, rules) !== null;
}

describe('addresses', () => {
  const notPublic = [
    ...['127.0.0.1', '127.255.255.255', '0.0.0.0', '0.1.2.3', '10.0.0.1', '100.64.0.1'],
    ...['100.100.100.200', '169.254.169.254', '172.16.0.1', '172.31.255.255', '192.168.1.1'],
    ...['192.0.0.192', '192.0.2.1', '198.18.0.1', '198.51.100.7', '203.0.113.9', '192.88.99.1'],
    ...['224.0.0.1', '239.255.255.255', '240.0.0.1', '255.255.255.255', '168.63.129.16'],
    ...['::', '::1', '::ffff:127.0.0.1', '::ffff:7f00:1', '::ffff:10.0.0.1', '::127.0.0.1'],
    ...['::ffff:0:127.0.0.1', '64:ff9b::7f00:1', '64:ff9b::8.8.8.8', '64:ff9b:1::1'],
    ...['2002:7f00:1::', '2002:808:808::1', '2001::1', '2001:0:4136:e378::1', '2001:10::1'],
    ...['2001:db8::1', '3fff::1', 'fc00::1', 'fd00:ec2::254', 'fe80::1', 'fe80::1%lo', 'fec0::1'],
    ...['2606:4700::1%eth0', '8.8.8.8%eth0', 'fe80::1%eth0', '::ffff:8.8.8.8%1', '::8.8.8.8'],
    ...['2002:0a00:0001::1', '2001:0:7f00:1::', '2001:2::1', '3ffe::1', 'feff::1', 'fdff::1'],
    ...['ff02::1', '100::1', '5f00::1', '4000::1', '', 'x', '127.1', '1.2.3', '1.2.3.4.5'],
  ];
  for (const address of notPublic) {
    test(`${address} is not public`, () => assert.equal(isPublic(address), false));
  }
  for (const address of ['8.8.8.8', '1.1.1.1', '::ffff:8.8.8.8', '2606:4700::1', '2a00:1450::5']) {
    test(`${address} is`, () => assert.equal(isPublic(address), true));
  }
});

test("this host's own addresses are refused, public as they may be, but where they are allowed", async () => {
  const own = () => ['8.8.8.8', '2606:4700::1'];
  const reachable = new Reachable([], { own, resolve: async () => ['1.1.1.1', '8.8.8.8'] });
  for (const address of ['8.8.8.8', '::ffff:8.8.8.8', '2606:4700::1', '2606:4700:0::0:1']) {
    assert.equal(reachable.isAllowed(address), false, address);
  }
  assert.equal(reachable.isAllowed('2606:4700::2'), true);
  assert.deepEqual(await reachable.addressesOf('a.example'), { kind: 'refused' });
  assert.equal(isRefused('https://8.8.8.8/', { allowsHttp: false, reachable }), true);
  assert.equal(new Reachable(['8.8.8.0/24'], { own }).isAllowed('8.8.8.8'), true);
  assert.ok(ownAddresses().includes('127.0.0.1'), ownAddresses().join());
});

describe('URLs', () => {
  const refused = [
    ...['http://hooks.example.com/', 'ftp://hooks.example.com/', 'file:///etc/passwd', 'x', ''],
    ...[
      'https://user@hooks.example.com/',
      'https://u:p@hooks.example.com/',
      'https://h.example/#x',
    ],
    ...['https://hooks.example.com:22/', 'https://hooks.example.com:80/', 'https://h.example:0/'],
    // The parser leaves one way of writing each.
    ...['https://127.0.0.1/', 'https://127.1/', 'https://0x7f000001/', 'https://2130706433/'],
    ...['https://0177.0.0.1/', 'https://127.0.0.1./', 'https://①②⑦.0.0.1/', 'https://0/'],
    ...['https://[::1]/', 'https://[::ffff:127.0.0.1]/', 'https://[::ffff:7f00:1]/'],
    ...['https://[0:0:0:0:0:ffff:127.0.0.1]/', 'https://[64:ff9b::127.0.0.1]/'],
    ...['https://169.254.169.254/latest/', 'https://[fd00:ec2::254]/', 'https://[fe80::1]/'],
  ];
  for (const url of refused) {
    test(`${url} is refused`, () => assert.equal(isRefused(url), true));
  }
  const taken = ['https://hooks.example.com/x?y=z', 'https://hooks.example.com:8443/'];
  for (const url of [...taken, 'https://8.8.8.8/', 'https://[2606:4700::1]/']) {
    test(`${url} is taken`, () => assert.equal(isRefused(url), false));
  }

  test('networks that are allowed, and http, are taken where the configuration has it', () => {
    const rules = { allowsHttp: true, reachable: new Reachable(['10.1.0.0/16', '::1']) };
    for (const url of ['http://10.1.2.3:8080/', 'https://[::ffff:10.1.2.3]/', 'https://[::1]/']) {
      assert.equal(isRefused(url, rules), false, url);
    }
    for (const url of ['https://10.2.0.1/', 'http://127.0.0.1/', 'http://10.1.2.3:25/']) {
      assert.equal(isRefused(url, rules), true, url);
    }
  });
});

describe('names', () => {
  const reached = (addresses: readonly string[]) =>
    new Reachable([], { resolve: async () => addresses }).addressesOf('a.example');

  test('every address must be good, not one of them', async () => {
    assert.deepEqual(await reached(['8.8.8.8', '2606:4700::1']), {
      ...{ kind: 'reachable', addresses: ['8.8.8.8', '2606:4700::1'] },
    });
    assert.deepEqual(await reached(['8.8.8.8', '127.0.0.1']), { kind: 'refused' });
    assert.deepEqual(await reached(['::ffff:169.254.169.254']), { kind: 'refused' });
    assert.deepEqual(await reached([]), { kind: 'no-address' });
  });

  test('of the system, too', async () => {
    assert.deepEqual(await new Reachable([]).addressesOf('localhost'), { kind: 'refused' });
    const { kind } = await new Reachable(['127.0.0.0/8', '::1']).addressesOf('localhost');
    assert.equal(kind, 'reachable');
  });
});
