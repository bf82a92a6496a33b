/** Headers by hand, at every cut, cut off anywhere, and every lie that a length can tell. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { BrokenInvariant } from '../assert.ts';
import { octetsOf } from '../pop3/testing/memory-maildrop.ts';
import { crc32c } from './crc32c.ts';
import { type ProxyHeader, type ProxyRefusal, unknownHeader } from './header.ts';
import { ProxyHeaderReader, type ProxyRead } from './proxy-header-reader.ts';
import {
  ipv4Addresses,
  joined,
  signature,
  tlsTlv,
  tlv,
  version2,
  withChecksum,
} from './testing/header-octets.ts';

const behind = octetsOf('CAPA\r\nPROXY UNKNOWN\r\n');
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const client = { address: '192.0.2.7', port: 51_234 };
const server = { address: '198.51.100.9', port: 110 };
const direct: ProxyHeader = { ...unknownHeader, source: client, destination: server };

function read(...pieces: readonly Uint8Array[]): ProxyRead {
  const reader = new ProxyHeaderReader();
  let last: ProxyRead = { kind: 'need-more' };
  for (const piece of pieces) {
    if (last.kind !== 'need-more') break;
    last = reader.receive(piece);
  }
  return last;
}

function headerOf(octets: Uint8Array): ProxyHeader {
  const found = read(octets);
  assert.equal(found.kind, 'header', JSON.stringify(found));
  return found.header;
}

function assertRefused(octets: Uint8Array, reason: ProxyRefusal, what = ''): void {
  const found = read(octets);
  const isRefused = found.kind === 'refused' && found.reason === reason;
  assert.ok(isRefused, `${what}: ${JSON.stringify(found)}`);
}

/** At every cut into two, octet by octet, and cut off anywhere. */
function assertRead(header: Uint8Array, expected: ProxyHeader): void {
  const all = joined(header, behind);
  for (let cut = 0; cut <= all.length; cut += 1) {
    const [before, after] = [all.subarray(0, cut), all.subarray(cut)];
    const rest = cut < header.length ? behind : all.subarray(header.length, cut);
    const whole = { kind: 'header', header: expected, rest };
    assert.deepEqual(read(before, after), whole, `cut at ${cut}`);
    if (cut < header.length) assert.deepEqual(read(before), { kind: 'need-more' }, `only ${cut}`);
  }
  const single = [...header].map((octet) => Uint8Array.of(octet));
  assert.deepEqual(read(...single), { kind: 'header', header: expected, rest: new Uint8Array(0) });
}

describe('version 1', () => {
  test('an IPv4 line', () => {
    assertRead(octetsOf('PROXY TCP4 192.0.2.7 198.51.100.9 51234 110\r\n'), direct);
  });

  test('an IPv6 line, in canonical form afterwards', () => {
    const line = 'PROXY TCP6 2001:DB8:0::7 ::ffff:198.51.100.9 0 65535\r\n';
    assertRead(octetsOf(line), {
      ...unknownHeader,
      source: { address: '2001:db8::7', port: 0 },
      destination: { address: '::ffff:198.51.100.9', port: 65_535 },
    });
  });

  test('UNKNOWN, alone and with anything behind it, up to 107 octets', () => {
    assertRead(octetsOf('PROXY UNKNOWN\r\n'), unknownHeader);
    assertRead(octetsOf(`PROXY UNKNOWN ${'\xff'.repeat(107 - 16)}\r\n`), unknownHeader);
  });

  test('a line of 107 octets is read, one of 108 is not, and no octet more is waited for', () => {
    const filler = 'f'.repeat(107 - 16);
    assertRefused(octetsOf(`PROXY UNKNOWN ${filler}f\r\n`), 'too-long');
    assertRefused(octetsOf(`PROXY UNKNOWN ${filler}f\r`), 'too-long');
    assertRefused(octetsOf(`PROXY UNKNOWN ${filler}ff`), 'too-long');
    assert.equal(read(octetsOf(`PROXY UNKNOWN ${filler}f`)).kind, 'need-more');
    assertRefused(new Uint8Array(1_000_000).fill(80), 'not-proxy');
    assertRefused(octetsOf(`PROXY TCP4 ${'1'.repeat(1_000_000)}`), 'too-long');
  });

  test('anything else is refused', () => {
    for (const words of [
      ...['PROXY ', 'PROXY  TCP4 1.2.3.4 1.2.3.4 1 1', 'PROXY TCP4', 'PROXY TCP4 1.2.3.4'],
      ...['PROXY TCP4 1.2.3.4 1.2.3.4', 'PROXY TCP4 1.2.3.4 1.2.3.4 1', 'PROXY UNKNOWNx'],
      ...['PROXY TCP4 1.2.3.4 1.2.3.4 1 1 ', 'PROXY TCP4 1.2.3.4 1.2.3.4 1 1 1'],
      ...['PROXY TCP4 1.2.3.4 1.2.3.4  1 1', 'PROXY TCP4 1.2.3.4\t1.2.3.4 1 1'],
      ...['PROXY tcp4 1.2.3.4 1.2.3.4 1 1', 'PROXY UDP4 1.2.3.4 1.2.3.4 1 1'],
      ...['PROXY TCP4 1.2.3.4 1.2.3.4 01 1', 'PROXY TCP4 1.2.3.4 1.2.3.4 1 65536'],
      ...['PROXY TCP4 1.2.3.4 1.2.3.4 -1 1', 'PROXY TCP4 1.2.3.4 1.2.3.4 1 1.0'],
      ...['PROXY TCP4 01.2.3.4 1.2.3.4 1 1', 'PROXY TCP4 1.2.3.4 1.2.3 1 1'],
      ...['PROXY TCP4 ::1 ::1 1 1', 'PROXY TCP6 1.2.3.4 1.2.3.4 1 1', 'PROXY TCP6 ::1 ::g 1 1'],
      ...['PROXY TCP4 1.2.3.4 1.2.3.4 1 1\0', 'PROXY TCP4 1.2.3.4 localhost 1 1'],
    ]) {
      assertRefused(octetsOf(`${words}\r\n`), 'bad-line', words);
    }
  });

  test('a single CR or LF ends nothing', () => {
    assertRefused(octetsOf('PROXY UNKNOWN\n'), 'bad-line');
    assertRefused(octetsOf('PROXY UNKNOWN\r.'), 'bad-line');
    assertRefused(octetsOf('PROXY UNKNOWN \n\r\n'), 'bad-line');
  });

  test('the first octet that is not a header’s is the last one waited for', () => {
    for (const text of [
      'X',
      'proxy',
      'PROXY\t',
      '\n',
      '\r\r',
      '\r\n\r\n\0\r\nQUIX',
      'USER a\r\n',
    ]) {
      assertRefused(octetsOf(text), 'not-proxy', text);
    }
  });
});

describe('version 2', () => {
  test('IPv4 and IPv6 over TCP', () => {
    assertRead(version2(), direct);
    const addresses = new Uint8Array(36);
    addresses.set([0x20, 0x01, 0x0d, 0xb8], 0);
    addresses.set([7, 0, 0, 0, 0], 15);
    addresses.set([1, 0x12, 0x34, 0, 110], 31);
    assertRead(version2({ family: 0x21, addresses }), {
      ...unknownHeader,
      source: { address: '2001:db8::7', port: 0x1234 },
      destination: { address: '::1', port: 110 },
    });
  });

  test('the proxy’s own connections, whatever else they say', () => {
    for (const family of [0x00, 0x11, 0xff]) {
      assertRead(version2({ command: 0x20, family, addresses: new Uint8Array(0) }), unknownHeader);
      assertRead(version2({ command: 0x20, family }), unknownHeader);
    }
  });

  test('what is unspecified or a datagram has no address, and its block is skipped', () => {
    for (const family of [0x00, 0x01, 0x02, 0x10, 0x12, 0x20, 0x22, 0x30, 0x32]) {
      assertRead(version2({ family, addresses: new Uint8Array(5) }), unknownHeader);
    }
  });

  test('a path of AF_UNIX is skipped, what follows it is not', () => {
    const tlvs = [tlv(0x05, 'id-1')];
    const addresses = new Uint8Array(216).fill(0x41);
    assertRead(version2({ family: 0x31, addresses, tlvs }), { ...unknownHeader, uniqueId: 'id-1' });
  });

  test('versions, commands, families and transports that are not assigned', () => {
    for (const command of [0x11, 0x31, 0x01, 0x22, 0x2f]) {
      assertRefused(version2({ command }), 'unassigned');
    }
    for (const family of [0x41, 0xf1, 0x13, 0x1f, 0x03, 0x40]) {
      assertRefused(version2({ family }), 'unassigned');
    }
  });

  test('a header of the largest size is read, and a larger one refused by its head', () => {
    const padding = tlv(0x04, new Uint8Array(4096 - 12 - 3).fill(0xaa));
    assert.deepEqual(headerOf(version2({ tlvs: [padding] })), direct);
    assertRefused(version2({ length: 4097 }).subarray(0, 16), 'too-long');
  });

  test('every length from 0 to 65535, with the octets there and missing', () => {
    for (let length = 0; length <= 65_535; length += 1) {
      const head = version2({ length }).subarray(0, 16);
      const missing = read(head, new Uint8Array(Math.max(0, length - 1)));
      if (length > 4_096) assert.deepEqual(missing, { kind: 'refused', reason: 'too-long' });
      else if (length > 0) assert.deepEqual(missing, { kind: 'need-more' });
      if (length > 4_096) continue;
      const found = read(head, new Uint8Array(length), behind);
      // Zeros are vectors of type 0 and no length: three octets each.
      const isWhole = length >= 12 && (length - 12) % 3 === 0;
      assert.equal(found.kind, isWhole ? 'header' : 'refused', `length ${length}`);
    }
  });
});

describe('vectors', () => {
  const details = (...tlvs: readonly Uint8Array[]): ProxyHeader => headerOf(version2({ tlvs }));
  const refused = (tlvs: readonly Uint8Array[], message?: string): void =>
    assertRefused(version2({ tlvs }), 'bad-tlv', message);

  test('authority and unique id', () => {
    const tlvs = [
      tlv(0x01, 'pop3'),
      tlv(0x02, utf8('pöp.example')),
      tlv(0x05, 'a1:2'),
      tlv(0x04, 'xx'),
    ];
    assertRead(version2({ tlvs }), { ...direct, authority: 'pöp.example', uniqueId: 'a1:2' });
    assert.equal(details(tlv(0x05, Uint8Array.of(0, 10, 255))).uniqueId, '0x000aff');
    assert.equal(details(tlv(0x05, 'x'.repeat(128))).uniqueId?.length, 128);
  });

  test('types without a meaning for us are skipped, as often as they come', () => {
    const custom = [0x00, 0x04, 0x30, 0xe0, 0xff].map((type) => tlv(type, '\r\n\0'));
    assert.deepEqual(details(...custom, ...custom), direct);
  });

  test('TLS that ended at the proxy', () => {
    const names = [tlv(0x21, 'TLSv1.3'), tlv(0x23, 'TLS_AES_128_GCM_SHA256'), tlv(0x24, 'RSA')];
    const cn = tlv(0x22, utf8('Ann Önnig'));
    const tls = { version: 'TLSv1.3', cipher: 'TLS_AES_128_GCM_SHA256', clientCommonName: null };
    const verified = { ...tls, clientCommonName: 'Ann Önnig' };
    assert.deepEqual(details(tlsTlv(0x01, 1, ...names)).tls, tls);
    assert.deepEqual(details(tlsTlv(0x03, 0, ...names, cn)).tls, verified, 'in this connection');
    assert.deepEqual(
      details(tlsTlv(0x05, 0, ...names, cn)).tls,
      verified,
      'earlier in the session',
    );
    assert.deepEqual(details(tlsTlv(0x07, 1, ...names, cn)).tls, tls, 'not verified');
    assert.deepEqual(details(tlsTlv(0x01, 0, ...names, cn)).tls, tls, 'not presented');
    assert.deepEqual(details(tlsTlv(0x03, 0, ...names)).tls, tls, 'without a name');
    assert.equal(details(tlsTlv(0x01, 0, tlv(0x21, 'TLSv1.2'))).tls?.cipher, null);
    assert.equal(details(tlsTlv(0x06, 0, ...names, cn)).tls, null, 'not TLS at all');
    assert.equal(details(tlsTlv(0x00, 1)).tls, null);
  });

  test('what is cut off, too long, twice, or not text', () => {
    refused([Uint8Array.of(4)]);
    refused([Uint8Array.of(4, 0)]);
    refused([Uint8Array.of(4, 0, 1)]);
    refused([Uint8Array.of(4, 0xff, 0xff)]);
    refused([tlv(0x01, 'x'.repeat(256))]);
    refused([tlv(0x02, 'x'.repeat(256))]);
    refused([tlv(0x05, 'x'.repeat(129))]);
    for (const type of [0x01, 0x02, 0x05]) refused([tlv(type, 'a'), tlv(type, 'a')], `${type}`);
    for (const text of ['a\r\nb', '\x1b[31m', 'a\0', '\x7f', '\u0085']) {
      refused([tlv(0x02, utf8(text))]);
    }
    refused([tlv(0x02, Uint8Array.of(0xc3, 0x28))]);
  });

  test('TLS that is not as it should be', () => {
    const version = tlv(0x21, 'TLSv1.3');
    refused([tlv(0x20, new Uint8Array(4))]);
    refused([tlsTlv(0x01, 0)], 'no version');
    refused([tlsTlv(0x01, 0, version, version)]);
    refused([tlsTlv(0x00, 0, Uint8Array.of(0x21, 0, 9))], 'past its end');
    refused([tlsTlv(0x01, 0, tlv(0x21, 'x'.repeat(65)))]);
    refused([tlsTlv(0x01, 0, version, tlv(0x23, 'x'.repeat(65)))]);
    refused([tlsTlv(0x03, 0, version, tlv(0x22, 'x'.repeat(257)))]);
    refused([tlsTlv(0x03, 0, version, tlv(0x22, 'a\nb'))]);
    refused([tlsTlv(0x01, 0, version), tlsTlv(0x01, 0, version)]);
  });

  test('a checksum is checked, wherever it stands', () => {
    // RFC 3720 B.4: 32 octets of zeros.
    assert.equal(crc32c(new Uint8Array(32), 32), 0x8a9136aa);
    assert.equal(crc32c(octetsOf('123456789'), 9), 0xe3069283);
    const tlvs = [tlv(0x05, 'id')];
    assertRead(withChecksum({ tlvs }), { ...direct, uniqueId: 'id' });
    assertRefused(withChecksum({ tlvs }, 1), 'bad-checksum');
    assertRefused(version2({ tlvs: [tlv(0x03, 'abc')] }), 'bad-checksum');
    assertRefused(version2({ tlvs: [tlv(0x03, 'abcde')] }), 'bad-tlv');
    const good = withChecksum({ tlvs });
    for (let at = 16; at < good.length; at += 1) {
      const changed = Uint8Array.from(good);
      changed[at] = (changed[at] ?? 0) ^ 1;
      assert.equal(read(changed).kind, 'refused', `octet ${at}`);
    }
    // The block of the proxy's own connection is not looked at (proxy-protocol.txt §2.2).
    const local = withChecksum({ command: 0x20, family: 0, addresses: new Uint8Array(0) }, 1);
    assert.deepEqual(headerOf(local), unknownHeader);
  });
});

describe('whatever comes', () => {
  const byte = fc.uint8Array({ maxLength: 300 });
  const start = fc.constantFrom(
    new Uint8Array(0),
    octetsOf('PROXY '),
    octetsOf('PROXY TCP4 1.2.3.4 '),
    signature,
    joined(signature, Uint8Array.of(0x21, 0x11, 0, 40)),
    joined(signature, Uint8Array.of(0x21, 0x11, 0, 40), ipv4Addresses),
  );
  const cuts = fc.array(fc.nat(400), { maxLength: 6 });

  test('is read the same however it is cut, and never throws', () => {
    fc.assert(
      fc.property(start, byte, cuts, (beginning, octets, at) => {
        const all = joined(beginning, octets);
        const whole = read(all);
        const points = [0, ...at.filter((cut) => cut < all.length), all.length];
        points.sort((a, b) => a - b);
        const pieces = points.slice(1).map((end, index) => all.subarray(points[index], end));
        const reader = new ProxyHeaderReader();
        let last: ProxyRead = { kind: 'need-more' };
        let given = 0;
        for (const piece of pieces) {
          if (last.kind !== 'need-more') break;
          last = reader.receive(piece);
          given += piece.length;
        }
        if (last.kind !== 'header' || whole.kind !== 'header') {
          assert.deepEqual(last, whole);
          return;
        }
        assert.deepEqual(last.header, whole.header);
        assert.deepEqual(joined(last.rest, all.subarray(given)), whole.rest);
      }),
      { numRuns: 3_000 },
    );
  });

  test('a spent reader is our mistake', () => {
    const reader = new ProxyHeaderReader();
    reader.receive(octetsOf('X'));
    assert.throws(() => reader.receive(octetsOf('X')), BrokenInvariant);
  });
});
