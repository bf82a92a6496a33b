/** Channel bindings and client certificates, on real TLS connections. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import tls from 'node:tls';
import { bindingData, endPointData } from './channel-binding.ts';
import { namesOf, verifiedNames } from './peer-certificate.ts';
import { SecureEndpoint } from './secure-endpoint.ts';

let directory = '';
before(() => {
  directory = mkdtempSync(join(tmpdir(), 'poplar-tls-'));
});
after(() => rmSync(directory, { recursive: true }));

interface Pair {
  readonly cert: string;
  readonly key: string;
}

/** A self-signed certificate made as `openssl req` options say. */
function certificate(name: string, options: readonly string[]): Pair {
  const [key, cert] = [join(directory, `${name}.key`), join(directory, `${name}.crt`)];
  const common = ['req', '-x509', '-nodes', '-days', '2', '-keyout', key, '-out', cert];
  execFileSync('openssl', [...common, ...options], { stdio: 'ignore' });
  return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
}

const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];

async function connected(
  server: tls.TlsOptions,
  client: tls.ConnectionOptions,
  look: (server: tls.TLSSocket, client: tls.TLSSocket) => void,
): Promise<void> {
  const listener = tls.createServer(server);
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const { port } = listener.address() as AddressInfo;
  const accepted = new Promise<tls.TLSSocket>((resolve) =>
    listener.once('secureConnection', resolve),
  );
  const socket = tls.connect({ port, rejectUnauthorized: false, ...client });
  await new Promise<void>((resolve, reject) => {
    socket.once('secureConnect', resolve);
    socket.once('error', reject);
  });
  const peer = await accepted;
  try {
    look(peer, socket);
  } finally {
    socket.destroy();
    peer.destroy();
    await new Promise((resolve) => listener.close(resolve));
  }
}

describe('channel bindings', () => {
  test('tls-exporter is the same on both ends, and on TLS 1.3 alone', async () => {
    const pair = certificate('exporter', [...curve, '-subj', '/CN=localhost']);
    await connected(pair, {}, (server, client) => {
      const data = bindingData(server, 'tls-exporter');
      const there = client.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0));
      assert.ok(data !== null);
      assert.deepEqual(Buffer.from(data), there);
    });
    await connected({ ...pair, maxVersion: 'TLSv1.2' }, {}, (server) => {
      assert.equal(bindingData(server, 'tls-exporter'), null);
    });
  });

  test('tls-server-end-point is the hash of the certificate as it was signed', async () => {
    for (const [digest, expected] of [
      ['sha256', 'sha256'],
      ['sha384', 'sha384'],
      ['sha1', 'sha256'],
    ] as const) {
      const pair = certificate(digest, [...curve, '-subj', '/CN=localhost', `-${digest}`]);
      const { raw } = new X509Certificate(pair.cert);
      const wanted = createHash(expected).update(raw).digest();
      await connected(pair, {}, (server, client) => {
        const data = bindingData(server, 'tls-server-end-point');
        assert.ok(data !== null);
        assert.deepEqual(Buffer.from(data), wanted);
        assert.deepEqual(client.getPeerX509Certificate()?.raw, raw);
      });
    }
    const rsa = certificate('rsa', ['-newkey', 'rsa:2048', '-subj', '/CN=localhost', '-sha512']);
    const parsed = new X509Certificate(rsa.cert);
    const sha512 = createHash('sha512').update(parsed.raw).digest();
    assert.deepEqual(Buffer.from(endPointData(parsed) ?? []), sha512);
  });

  test('a certificate whose signature names no hash has none', () => {
    const pair = certificate('ed25519', ['-newkey', 'ed25519', '-subj', '/CN=localhost']);
    assert.equal(endPointData(new X509Certificate(pair.cert)), null);
  });
});

describe('a client certificate', () => {
  const mail = 'subjectAltName=email:Ann@Example.org,DNS:ann.example.org';

  test('has names when it was verified, and none otherwise', async () => {
    const server = certificate('server', [...curve, '-subj', '/CN=localhost']);
    const client = certificate('ann', [...curve, '-subj', '/O=x/CN=Ann Lee', '-addext', mail]);
    const options = { ...server, requestCert: true, rejectUnauthorized: false };
    const fingerprint = new X509Certificate(client.cert).fingerprint256;
    const sha256 = `sha256:${fingerprint.replaceAll(':', '').toLowerCase()}`;
    await connected({ ...options, ca: client.cert }, client, (socket) => {
      assert.deepEqual(verifiedNames(socket), [sha256, 'email:ann@example.org', 'cn:Ann Lee']);
    });
    await connected({ ...options, ca: server.cert }, client, (socket) => {
      assert.equal(verifiedNames(socket), null);
    });
    await connected({ ...options, ca: client.cert }, {}, (socket) => {
      assert.equal(verifiedNames(socket), null);
    });
  });

  test('is not believed by a ticket when its authority is not any more', async () => {
    const server = certificate('endpoint', [...curve, '-subj', '/CN=localhost']);
    const client = certificate('bob', [...curve, '-subj', '/CN=Bob', '-addext', mail]);
    const certificates = { default: server, named: [], clientCa: client.cert };
    const endpoint = new SecureEndpoint({
      ...{ certificates, ticketKeys: randomBytes(48), handshakeTimeoutMs: 5_000 },
    });
    const listener = createServer((raw) => {
      endpoint.secure(raw, {
        secured: (socket) => {
          const names = verifiedNames(socket) ?? ['nobody'];
          socket.end(`${socket.isSessionReused()} ${names.at(-1)}`);
        },
        broke: assert.ifError,
      });
    });
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    const { port } = listener.address() as AddressInfo;
    const visit = async (options: tls.ConnectionOptions) => {
      const socket = tls.connect({ port, rejectUnauthorized: false, ...options });
      let session: Buffer | undefined;
      socket.on('session', (ticket) => {
        session = ticket;
      });
      let said = '';
      for await (const bytes of socket) said += String(bytes);
      return { said, session };
    };
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const only = { minVersion: version, maxVersion: version };
      endpoint.replaceCertificates(certificates);
      const first = await visit({ ...only, cert: client.cert, key: client.key });
      assert.equal(first.said, 'false cn:Bob');
      assert.ok(first.session !== undefined);
      const again = { ...only, session: first.session };
      assert.equal((await visit(again)).said, 'true cn:Bob');
      endpoint.replaceCertificates({ ...certificates, clientCa: server.cert });
      assert.equal((await visit(again)).said, 'false nobody');
    }
    await new Promise((resolve) => listener.close(resolve));
  });

  test('with two common names or a quoted list has neither', () => {
    // A section of its own: on the command line a comma would make two entries of it.
    const file = join(directory, 'odd.cnf');
    const sections =
      '[req]\ndistinguished_name=dn\nx509_extensions=x\n[dn]\n[x]\nsubjectAltName=@san\n';
    writeFileSync(file, `${sections}[san]\nURI.1=urn:x, email:bob@example.org\n`);
    const odd = certificate('odd', [...curve, '-config', file, '-subj', '/CN=Ann/CN=Bob']);
    assert.match(new X509Certificate(odd.cert).subjectAltName ?? '', /"/);
    const names = namesOf(new X509Certificate(odd.cert));
    assert.ok(
      names.every((name) => name.startsWith('sha256:')),
      names.join(' '),
    );
  });
});
