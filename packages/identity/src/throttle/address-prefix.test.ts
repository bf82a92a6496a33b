/** Which addresses are one client, and which networks an address is in. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { addressPrefixes, plainAddress } from './address-prefix.ts';
import { Networks } from './networks.ts';

describe('prefixes', () => {
  const known: [address: string, host: string, site: string | null][] = [
    ['192.0.2.1', '192.0.2.1', null],
    ['::ffff:192.0.2.1', '192.0.2.1', null],
    ['::ffff:c000:201', '192.0.2.1', null],
    ['0:0:0:0:0:FFFF:192.0.2.1', '192.0.2.1', null],
    ['2001:db8::1', '2001:db8:0:0/64', '2001:db8:0/48'],
    ['2001:0DB8:0000:0000::ffff', '2001:db8:0:0/64', '2001:db8:0/48'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2/64', '2001:db8:1/48'],
    ['fe80::1%eth0', 'fe80:0:0:0/64', 'fe80:0:0/48'],
    ['::1', '0:0:0:0/64', '0:0:0/48'],
    ['::', '0:0:0:0/64', '0:0:0/48'],
    ['64:ff9b::192.0.2.1', '64:ff9b:0:0/64', '64:ff9b:0/48'],
    ['1:2:3:4:5:6:7::', '1:2:3:4/64', '1:2:3/48'],
    ['', '', null],
    ['nonsense', 'nonsense', null],
  ];
  for (const [address, host, site] of known) {
    test(address === '' ? '(none)' : address, () => {
      assert.deepEqual(addressPrefixes(address), { host, site });
    });
  }

  test('property: any IPv6 text has the /64 of its own octets, however it is written', () => {
    fc.assert(
      fc.property(fc.ipV6(), fc.ipV4(), (v6, v4) => {
        const { host, site } = addressPrefixes(v6);
        if (plainAddress(v6) === v6) {
          const groups = new URL(`http://[${v6}]/`).hostname.slice(1, -1);
          assert.deepEqual(addressPrefixes(groups), { host, site }, 'as URL writes it');
          assert.match(host, /^(?:[0-9a-f]{1,4}:){3}[0-9a-f]{1,4}\/64$/);
          assert.ok(site !== null && host.startsWith(site.slice(0, -'/48'.length)));
        }
        assert.equal(addressPrefixes(`::ffff:${v4}`).host, v4);
      }),
    );
  });

  test('property: no text at all makes it throw', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        addressPrefixes(text);
        assert.equal(new Networks(['192.0.2.0/24']).has(`x${text}`), false);
      }),
    );
  });
});

describe('networks', () => {
  test('hold what is in them, IPv4 also when it came in over IPv6', () => {
    const networks = new Networks(['10.0.0.0/8', '192.0.2.7', '2001:db8::/32', '::1']);
    const inside = ['10.9.8.7', '::ffff:10.1.1.1', '192.0.2.7', '2001:db8:f::1', '::1', '::1%lo'];
    const outside = ['11.0.0.1', '192.0.2.8', '2001:db9::', '::2', '::ffff:11.0.0.1', '', 'x'];
    assert.deepEqual(
      inside.filter((address) => !networks.has(address)),
      [],
    );
    assert.deepEqual(
      outside.filter((address) => networks.has(address)),
      [],
    );
    assert.equal(new Networks([]).has('10.0.0.1'), false);
    assert.equal(new Networks(['0.0.0.0/0']).has('203.0.113.9'), true);
  });

  test('what is none is refused', () => {
    for (const wrong of [
      '',
      '10.0.0.0/33',
      '10.0.0.0/',
      '10.0.0/8',
      '::/129',
      '::1/-1',
      'x/8',
      '1.2.3.4/8.5',
    ]) {
      assert.throws(() => new Networks([wrong]), RangeError, wrong);
    }
  });
});
