import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { generate } from 'selfsigned';
import type { Config } from '../config/config.ts';
import { loadConfig } from '../config/load-config.ts';
import { CertificateError, loadCertificates } from './certificates.ts';

let directory: string;
before(() => {
  directory = mkdtempSync(join(os.tmpdir(), 'poplar-tls-'));
});
after(() => rmSync(directory, { recursive: true }));

const config = (environment: Record<string, string> = {}): Config =>
  loadConfig(
    { POPLAR_DATA_DIR: directory, POPLAR_HOSTNAME: 'Mail.Example.ORG', ...environment },
    { file: null },
  );

async function write(name: string, altNames: string[]): Promise<[cert: string, key: string]> {
  const made = await generate([{ name: 'commonName', value: name }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      { name: 'subjectAltName', altNames: altNames.map((value) => ({ type: 2 as const, value })) },
    ],
  });
  const files: [string, string] = [join(directory, `${name}.crt`), join(directory, `${name}.key`)];
  writeFileSync(files[0], made.cert);
  writeFileSync(files[1], made.private);
  return files;
}

describe('certificates', () => {
  test('without any, one is made once, for this host, with a key that nobody else reads', async () => {
    const first = await loadCertificates(config());
    const certificate = new X509Certificate(first.default.cert);
    for (const name of ['localhost', 'mail.example.org']) assert.ok(certificate.checkHost(name));
    for (const address of ['127.0.0.1', '::1']) assert.ok(certificate.checkIP(address), address);
    assert.equal(certificate.publicKey.asymmetricKeyDetails?.namedCurve, 'prime256v1');
    assert.equal(statSync(join(directory, 'tls', 'key.pem')).mode & 0o777, 0o600);
    assert.deepEqual(await loadCertificates(config()), first);
    assert.deepEqual(first.named[0]?.names, ['localhost', 'mail.example.org']);
  });

  test('the given ones are used, by the names in them', async () => {
    const [certFile, keyFile] = await write('a', ['Mail.a.example', '*.b.example']);
    const set = await loadCertificates(
      config({ POPLAR_TLS_CERT: certFile, POPLAR_TLS_KEY: keyFile }),
    );
    assert.equal(set.default.cert, readFileSync(certFile, 'utf8'));
    assert.deepEqual(set.named[0]?.names, ['mail.a.example', '*.b.example']);
  });

  test('what cannot be used is named, without a word of its content', async () => {
    const [certFile, keyFile] = await write('c', ['c.example']);
    const [, otherKey] = await write('d', ['d.example']);
    const nonsense = join(directory, 'nonsense.pem');
    writeFileSync(nonsense, 'sesame');
    const refused = (cert: string, key: string, message: RegExp): Promise<void> =>
      assert.rejects(
        loadCertificates(config({ POPLAR_TLS_CERT: cert, POPLAR_TLS_KEY: key })),
        (error) => {
          assert.ok(error instanceof CertificateError);
          assert.match(error.message, message);
          assert.doesNotMatch(error.message, /sesame|\n/);
          return true;
        },
      );
    await refused(certFile, otherKey, /d\.key is not the key of .*c\.crt$/);
    await refused(`${certFile}x`, keyFile, /^tls\.certFile: .*c\.crtx cannot be read \(ENOENT\)$/);
    await refused(certFile, `${keyFile}x`, /^tls\.keyFile: .*c\.keyx cannot be read/);
    await refused(nonsense, keyFile, /nonsense\.pem is not a PEM certificate$/);
    await refused(certFile, nonsense, /nonsense\.pem is not a PEM private key/);
  });
});
