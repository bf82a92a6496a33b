/**
 * A certificate authority for client certificates, made by openssl: what an operator would have.
 *
 * Never: a key that outlives its directory.
 */

import { execFileSync } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface ClientCertificate {
  readonly certFile: string;
  readonly keyFile: string;
  /** PEM. */
  readonly cert: string;
  readonly key: string;
  /** SHA-256 of the certificate, in lower case. */
  readonly fingerprint: string;
}

const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

function openssl(args: readonly string[]): void {
  execFileSync('openssl', args, { stdio: 'ignore', timeout: 20_000 });
}

export class ClientAuthority {
  readonly caFile: string;
  readonly #directory: string;
  readonly #name: string;
  #issued = 0;

  /** @param directory where its files are kept; removed by whoever made it */
  constructor(directory: string, name: string) {
    this.#directory = directory;
    this.#name = name;
    this.caFile = this.#path('ca.crt');
    const subject = ['-subj', `/CN=${name}`, '-days', '2'];
    const files = ['-keyout', this.#path('ca.key'), '-out', this.caFile];
    openssl(['req', '-x509', ...curve, ...subject, ...files]);
  }

  /**
   * @param subject as openssl has it, such as `/CN=Ann`
   * @param alternatives of the extension subjectAltName, such as `email:ann@example.org`
   */
  issue(subject: string, alternatives?: string): ClientCertificate {
    this.#issued += 1;
    const base = `client${this.#issued}`;
    const [keyFile, certFile] = [this.#path(`${base}.key`), this.#path(`${base}.crt`)];
    const request = this.#path(`${base}.csr`);
    openssl(['req', '-new', ...curve, '-subj', subject, '-keyout', keyFile, '-out', request]);
    const extensions = this.#path(`${base}.ext`);
    const more = alternatives === undefined ? '' : `subjectAltName=${alternatives}\n`;
    writeFileSync(extensions, `extendedKeyUsage=clientAuth\n${more}`);
    const authority = ['-CA', this.caFile, '-CAkey', this.#path('ca.key'), '-CAcreateserial'];
    const made = ['-in', request, '-out', certFile, '-extfile', extensions, '-days', '2'];
    openssl(['x509', '-req', ...authority, ...made]);
    const cert = readFileSync(certFile, 'utf8');
    const { raw } = new X509Certificate(cert);
    return {
      certFile,
      keyFile,
      cert,
      key: readFileSync(keyFile, 'utf8'),
      fingerprint: createHash('sha256').update(raw).digest('hex'),
    };
  }

  #path(file: string): string {
    return join(this.#directory, `${this.#name}-${file}`);
  }
}
