/**
 * Listeners that demand a PROXY header: who may connect, what is a header, and what nobody may gain
 * by a made-up one. Whatever comes, the worker lives, and whoever is refused is told nothing.
 */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { tlsTlv, tlv, version2, withChecksum } from '@poplar/protocol/testing';
import { connectBehind } from '../support/behind-header.ts';
import { maildropNamed } from '../support/maildrops.ts';
import { descriptors, eventually, metric, residentOctets } from '../support/node-inspection.ts';
import { RawClient } from '../support/raw-client.ts';
import { type RunningNode, startNode } from '../support/start-node.ts';
import { openTestDatabase, type TestDatabase, testSecret } from '../support/test-database.ts';

const address = 'alice@example.org';
const login = `USER ${address}\r\nPASS ${testSecret}\r\n`;
const line = Buffer.from('PROXY TCP4 192.0.2.7 198.51.100.9 51234 110\r\n');
const headerTimeoutMs = 5_000;
/** A sweep, and two busy cores. */
const slackMs = 2_500;

let database: TestDatabase;
let node: RunningNode;

before(async () => {
  database = await openTestDatabase();
  await database.addMailbox(address, maildropNamed('two-messages'));
  const name = 'cn:Alice Liddell';
  await database.store.credentials.addCertificateName({ address, name, actor: 'command' });
  node = await startNode({
    databaseUrl: database.url,
    environment: {
      POPLAR_LISTEN_POP3_PROXY: '127.0.0.1:0',
      POPLAR_LISTEN_POP3S_PROXY: '127.0.0.1:0',
      POPLAR_PROXY_TRUSTED: '127.0.0.1,::1',
      POPLAR_AUTH_SCRAM: 'true',
    },
  });
});
after(async () => {
  assert.equal(await metric(node, 'poplar_worker_restarts_total'), 0);
  await node.stop();
  await database.drop();
});

const closed = (reason: string): Promise<number> =>
  metric(node, 'poplar_connections_closed_total', { reason });

/** Says all of it in one piece, then nothing more, and answers what was said before the close. */
async function answered(octets: Uint8Array | string): Promise<string> {
  const client = await RawClient.connect({ port: node.pop3Proxy });
  client.write(octets);
  client.half();
  await client.closed();
  return client.text;
}

const behind = (header: Uint8Array, commands: string): Promise<string> =>
  answered(Buffer.concat([header, Buffer.from(commands)]));

interface Line {
  readonly event?: string;
  readonly [field: string]: unknown;
}

/** What the last line of this kind in the node's log says, once it is there: it comes a moment behind the client's end. */
function logged(event: string, check: (line: Line) => void): Promise<void> {
  return eventually(() => {
    const lines: Line[] = node
      .log()
      .split('\n')
      .filter((text) => text.startsWith('{'))
      .map((text) => JSON.parse(text));
    const last = lines.findLast((entry) => entry.event === event);
    assert.ok(last !== undefined, `no ${event} in the log`);
    check(last);
  });
}

const version = tlv(0x21, 'TLSv1.3');
const overTls = version2({
  tlvs: [tlv(0x05, 'id-77'), tlv(0x02, 'pop.example.org'), tlsTlv(0x01, 1, version)],
});

describe('behind a good header', () => {
  test('the client is greeted and answered, whatever came with the header', async () => {
    for (const header of [line, version2(), withChecksum({ tlvs: [tlv(0x04, 'x')] })]) {
      const text = await behind(header, 'CAPA\r\nNOOP\r\nQUIT\r\n');
      assert.match(text, /^\+OK [^\r\n]+\r\n\+OK.*\r\n\.\r\n-ERR [^\r\n]+\r\n\+OK [^\r\n]+\r\n$/s);
    }
  });

  test('at any cut nothing is lost', async () => {
    const all = Buffer.concat([version2(), Buffer.from('QUIT\r\n')]);
    await Promise.all(
      Array.from({ length: all.length - 1 }, async (_, index) => {
        const client = await RawClient.connect({ port: node.pop3Proxy });
        client.write(all.subarray(0, index + 1));
        await new Promise((resolve) => setTimeout(resolve, 20));
        client.write(all.subarray(index + 1));
        await client.closed();
        assert.match(client.text, /^\+OK [^\r\n]+\r\n\+OK [^\r\n]+\r\n$/, `cut at ${index + 1}`);
      }),
    );
  });

  test('TLS that ended at the balancer makes the session secure, and is in the log', async () => {
    const text = await behind(overTls, `CAPA\r\nSTLS\r\n${login}QUIT\r\n`);
    assert.match(text, /\r\nUSER\r\n/);
    assert.match(text, /\r\nSASL /);
    assert.doesNotMatch(text, /\r\nSTLS\r\n/);
    assert.match(text, /\.\r\n-ERR [^\r\n]+\r\n(?:\+OK [^\r\n]+\r\n){3}$/);
    await logged('session', ({ remote, proxy, tls, authority, uniqueId }) =>
      assert.deepEqual(
        [remote, proxy, tls, authority, uniqueId],
        ['192.0.2.7', '127.0.0.1', 'TLSv1.3', 'pop.example.org', 'id-77'],
      ),
    );
  });

  test('a certificate that the balancer has verified logs in; nothing binds to its TLS', async () => {
    const asAlice = `AUTH EXTERNAL ${Buffer.from(address).toString('base64')}\r\n`;
    const shown = (commonName: string, verify: number): Uint8Array =>
      version2({ tlvs: [tlsTlv(0x03, verify, version, tlv(0x22, commonName))] });
    const verified = await behind(shown('Alice Liddell', 0), `CAPA\r\n${asAlice}QUIT\r\n`);
    assert.match(verified, /\r\nSASL [^\r\n]*\bEXTERNAL\b/);
    assert.match(verified, /\r\nSASL [^\r\n]*\bSCRAM-SHA-256\b/);
    assert.doesNotMatch(verified, /-PLUS/);
    assert.match(verified, /\.\r\n(?:\+OK [^\r\n]+\r\n){2}$/);
    await logged('login', ({ mechanism, outcome, remote }) =>
      assert.deepEqual([mechanism, outcome, remote], ['EXTERNAL', 'opened', '192.0.2.7']),
    );
    const other = await behind(shown('Bob', 0), `${asAlice}QUIT\r\n`);
    assert.match(other, /\r\n-ERR \[AUTH\] /);
    for (const header of [shown('Alice Liddell', 1), shown('', 0), overTls, line]) {
      const text = await behind(header, `CAPA\r\n${asAlice}QUIT\r\n`);
      assert.doesNotMatch(text, /EXTERNAL/);
      assert.match(text, /\.\r\n-ERR [^\r\n]+\r\n\+OK [^\r\n]+\r\n$/);
    }
  });

  test('without TLS anywhere a password is refused, and STLS leads to it', async () => {
    const text = await behind(line, `CAPA\r\n${login}QUIT\r\n`);
    assert.doesNotMatch(text, /\r\nUSER\r\n/);
    const client = await RawClient.connect({ port: node.pop3Proxy });
    client.write(line);
    await client.says('\r\n');
    client.write('STLS\r\n');
    await client.until(() => client.text.split('\r\n').length === 3);
    assert.ok(await client.startTls());
    client.write(`${login}QUIT\r\n`);
    await client.closed();
    assert.match(client.text, /(?:\+OK [^\r\n]+\r\n){3}$/);
    await logged('session', ({ remote, tls }) => {
      assert.equal(remote, '192.0.2.7');
      assert.match(String(tls), /^TLSv1\.[23]$/);
    });
  });

  test('a loopback address in it is not a loopback peer, nor is the balancer itself', async () => {
    const addresses = Uint8Array.of(127, 0, 0, 1, 127, 0, 0, 1, 0, 9, 0, 110);
    for (const header of [
      Buffer.from('PROXY TCP4 127.0.0.1 127.0.0.1 9 110\r\n'),
      Buffer.from('PROXY TCP6 ::1 ::1 9 110\r\n'),
      Buffer.from('PROXY TCP6 ::ffff:127.0.0.1 ::1 9 110\r\n'),
      Buffer.from('PROXY UNKNOWN\r\n'),
      version2({ addresses }),
      version2({ command: 0x20, family: 0, addresses: new Uint8Array(0) }),
    ]) {
      const text = await behind(header, `CAPA\r\n${login}QUIT\r\n`);
      assert.doesNotMatch(text, /\r\n(?:USER\r\n|SASL [^\r\n]*\b(?:PLAIN|LOGIN|EXTERNAL)\b)/);
      assert.equal(text.match(/^-ERR/gm)?.length, 2, 'USER and PASS are refused');
    }
    // On a listener without headers the same peer may.
    const direct = await RawClient.connect({ port: node.pop3 });
    direct.write('CAPA\r\nQUIT\r\n');
    await direct.closed();
    assert.match(direct.text, /\r\nUSER\r\n/);
  });

  test('a second one is a command that nobody knows, at any time', async () => {
    const twice = await behind(line, `${line}QUIT\r\n`);
    assert.match(twice, /^\+OK [^\r\n]+\r\n-ERR [^\r\n]+\r\n\+OK [^\r\n]+\r\n$/);
    const later = await behind(overTls, `USER ${address}\r\n${line}QUIT\r\n`);
    assert.match(later, /^(?:\+OK [^\r\n]+\r\n){2}-ERR [^\r\n]+\r\n\+OK [^\r\n]+\r\n$/);
    const binary = await behind(line, `${Buffer.from(version2()).toString('latin1')}\r\nQUIT\r\n`);
    assert.doesNotMatch(binary, /QUIT/);
    assert.equal(binary.match(/^\+OK/gm)?.length, 2);
  });
});

describe('a header before TLS from the first octet', () => {
  /** What the server says to QUIT, the header and the ClientHello in one piece. */
  async function quitOver(header: Uint8Array): Promise<string> {
    const socket = await connectBehind(header, node.pop3sProxy);
    const client = connectTls({ socket, ca: node.ca, servername: 'localhost' });
    let text = '';
    client.on('data', (piece: Buffer) => {
      text += piece.toString();
    });
    client.write(`${login}QUIT\r\n`);
    await once(client, 'end');
    client.destroy();
    return text;
  }

  test('both in one piece: the handshake loses nothing', async () => {
    for (const header of [line, version2(), overTls]) {
      assert.match(await quitOver(header), /^(?:\+OK [^\r\n]+\r\n){4}$/);
    }
    await logged('session', ({ remote }) => assert.equal(remote, '192.0.2.7'));
  });

  test('the header apart, and inside of TLS', async () => {
    const apart = await RawClient.connect({ port: node.pop3sProxy });
    apart.write(line);
    assert.ok(await apart.startTls());
    await apart.says('\r\n');
    apart.write(line);
    await apart.says('-ERR');
    apart.destroy();
    const before = await closed('proxy-malformed');
    await assert.rejects(RawClient.connect({ port: node.pop3sProxy, tls: {} }));
    await eventually(async () => assert.equal(await closed('proxy-malformed'), before + 1));
  });
});

describe('who is no balancer', () => {
  test('an untrusted peer is closed without a word, whatever it says', async () => {
    const before = await closed('proxy-untrusted');
    for (const port of [node.pop3Proxy, node.pop3sProxy]) {
      const client = await RawClient.connect({ port, from: '127.0.0.2' });
      client.write(overTls);
      await client.closed();
      assert.equal(client.octets, 0);
    }
    await eventually(async () => assert.equal(await closed('proxy-untrusted'), before + 2));
  });

  test('silence and dripping end at the deadline', async () => {
    const before = await closed('proxy-timeout');
    const silent = await RawClient.connect({ port: node.pop3Proxy });
    const half = await RawClient.connect({ port: node.pop3sProxy });
    half.write(line.subarray(0, 20));
    const dripping = await RawClient.connect({ port: node.pop3Proxy });
    let sent = 0;
    const timer = setInterval(() => {
      dripping.write(line.subarray(sent, sent + 1));
      sent += 1;
    }, 400);
    for (const client of [silent, half, dripping]) {
      await client.closed(headerTimeoutMs + slackMs);
      assert.ok((client.endedAfterMs ?? 0) >= headerTimeoutMs - 50, 'not before the deadline');
      assert.equal(client.octets, 0);
    }
    clearInterval(timer);
    assert.equal(await closed('proxy-timeout'), before + 3);
  });

  const lies: Record<string, Uint8Array> = {
    'no header at all': Buffer.from('CAPA\r\nQUIT\r\n'),
    'another protocol': Buffer.from('GET / HTTP/1.1\r\nX-Forwarded-For: 127.0.0.1\r\n\r\n'),
    'a header of HAProxy’s mail relatives': Buffer.from('XCLIENT ADDR=127.0.0.1\r\n'),
    'a line without its CR': Buffer.from('PROXY UNKNOWN\n'),
    'a line of the wrong family': Buffer.from('PROXY TCP4 ::1 ::1 1 1\r\n'),
    'a line with fields missing': Buffer.from('PROXY TCP4 1.2.3.4 \r\n'),
    'a wrong checksum': withChecksum({}, 1),
    'a vector past the end': version2({ tlvs: [Uint8Array.of(2, 0, 9, 65)] }),
    'a length below its addresses': version2({ length: 11 }),
    'an authority with a line of log in it': version2({ tlvs: [tlv(2, 'a\n{"level":"info"}')] }),
    'a length of 65535': version2({ length: 65_535 }),
    'an unassigned command': version2({ command: 0x22 }),
  };
  for (const [name, octets] of Object.entries(lies)) {
    test(`${name}: closed at once, without a word, counted`, async () => {
      const before = await closed('proxy-malformed');
      const client = await RawClient.connect({ port: node.pop3Proxy });
      client.write(octets);
      await client.closed(3_000);
      assert.equal(client.octets, 0);
      assert.equal(await closed('proxy-malformed'), before + 1);
    });
  }

  test('every beginning of a header, then FIN or RST: closed at once, nothing is left', async () => {
    const headers = [line, withChecksum({ tlvs: [tlv(0x05, 'id'), tlsTlv(1, 1, version)] })];
    await eventually(async () => assert.equal(await metric(node, 'poplar_connections'), 0));
    const before = descriptors(node);
    for (const header of headers) {
      for (let length = 0; length < header.length; length += 1) {
        const port = length % 2 === 0 ? node.pop3Proxy : node.pop3sProxy;
        const [fin, rst] = [await RawClient.connect({ port }), await RawClient.connect({ port })];
        for (const client of [fin, rst]) client.write(header.subarray(0, length));
        fin.half();
        rst.reset();
        await fin.closed(3_000);
        assert.equal(fin.octets, 0);
      }
    }
    await eventually(() => {
      assert.ok(descriptors(node) <= before + 4, `${descriptors(node)} after ${before}`);
    });
    assert.equal(await metric(node, 'poplar_connections'), 0);
    assert.match(await behind(line, 'QUIT\r\n'), /^\+OK/);
  });

  test('a megabyte without an end of line is not waited for', async () => {
    const before = residentOctets(node);
    for (let round = 0; round < 20; round += 1) {
      const client = await RawClient.connect({ port: node.pop3Proxy });
      client.write(`PROXY TCP4 ${'1'.repeat(1024 * 1024)}`);
      await client.closed(3_000);
      assert.equal(client.octets, 0);
    }
    assert.ok(residentOctets(node) - before < 24 * 1024 * 1024);
  });
});
