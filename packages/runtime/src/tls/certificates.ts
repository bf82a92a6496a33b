/**
 * Certificates and keys, read from PEM files and checked before anybody depends on them. A set is
 * plain data, so that it can be handed to worker threads, at start and again on reload.
 *
 * Never: a key's content in an error; a set of which one part is broken.
 */

import { createPrivateKey, randomBytes, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import tls from 'node:tls';
import type { CertificateFiles, Config } from '../config/config.ts';
import { selfSignedFiles } from './self-signed.ts';

export interface CertificatePair {
  /** PEM, the server's certificate first, then its chain. */
  readonly cert: string;
  /** PEM. */
  readonly key: string;
}

export interface NamedCertificate extends CertificatePair {
  /** Lower-case host names it is good for; `*.example.org` stands for one label. */
  readonly names: readonly string[];
}

export interface CertificateSet {
  /** For clients that name no host or one that is not known. */
  readonly default: CertificatePair;
  readonly named: readonly NamedCertificate[];
  /** PEM of the authorities that client certificates are verified against; null: none is asked for. */
  readonly clientCa: string | null;
}

/** A certificate or key cannot be used. The message is one line and names the file. */
export class CertificateError extends Error {
  override readonly name = 'CertificateError';
}

/** Reads and checks all certificates of a node. Throws CertificateError. */
export async function loadCertificates(config: Config): Promise<CertificateSet> {
  const { certFile, keyFile, certificates } = config.tls;
  const isOwn = certFile !== null && keyFile !== null;
  const fallback = isOwn
    ? await loadPair({ certFile, keyFile }, 'tls')
    : await loadPair(await selfSignedFiles(config));
  const named: NamedCertificate[] = [{ ...fallback, names: namesOf(fallback.cert) }];
  for (const [index, pair] of certificates.entries()) {
    const loaded = await loadPair(pair, `tls.certificates[${index}]`);
    named.push({ ...loaded, names: namesOf(loaded.cert) });
  }
  return { default: fallback, named, clientCa: await loadClientCa(config) };
}

async function loadClientCa({ tls: { clientCaFile } }: Config): Promise<string | null> {
  if (clientCaFile === null) return null;
  const pem = await read(clientCaFile, 'tls.clientCaFile: ');
  try {
    tls.createSecureContext({ ca: pem });
    new X509Certificate(pem);
  } catch {
    throw new CertificateError(`tls.clientCaFile: ${clientCaFile} holds no certificate`);
  }
  return pem;
}

/** When that ends which most clients are shown. */
export function certificateEnd({ default: { cert } }: CertificateSet): Date {
  return new X509Certificate(cert).validToDate;
}

/**
 * Keys for session tickets: the same in all workers, so that a session resumes in any of them, and of this process alone. Keys that
 * all nodes share would lie in the database, and whoever reads it could then read what TLS 1.2 clients have said.
 */
export function makeTicketKeys(): Uint8Array {
  return new Uint8Array(randomBytes(48));
}

/** @param table where the configuration names the files, if it does */
async function loadPair(files: CertificateFiles, table?: string): Promise<CertificatePair> {
  const settings = table === undefined ? '' : `${table}.`;
  const cert = await read(files.certFile, settings && `${settings}certFile: `);
  const key = await read(files.keyFile, settings && `${settings}keyFile: `);
  const certificate = parsed(files.certFile, 'a PEM certificate', () => new X509Certificate(cert));
  const privateKey = parsed(files.keyFile, 'a PEM private key without passphrase', () =>
    createPrivateKey(key),
  );
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new CertificateError(`${files.keyFile} is not the key of ${files.certFile}`);
  }
  if (certificate.validToDate.getTime() < Date.now()) {
    throw new CertificateError(`${files.certFile} expired on ${certificate.validTo}`);
  }
  parsed(files.certFile, 'a certificate that TLS accepts', () =>
    tls.createSecureContext({ cert, key }),
  );
  return { cert, key };
}

async function read(file: string, prefix: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    throw new CertificateError(`${prefix}${file} cannot be read (${code})`);
  }
}

function parsed<T>(file: string, what: string, parse: () => T): T {
  try {
    return parse();
  } catch {
    throw new CertificateError(`${file} is not ${what}`);
  }
}

/** RFC 6125: the DNS names of the subject; the common name only when there are none. */
function namesOf(cert: string): string[] {
  const certificate = new X509Certificate(cert);
  const names = [...(certificate.subjectAltName ?? '').matchAll(/DNS:([^,\s"]+)/g)].map(
    ([, name = '']) => name.toLowerCase(),
  );
  if (names.length > 0) return names;
  const [, commonName] = /^CN=(\S+)$/m.exec(certificate.subject) ?? [];
  return commonName === undefined ? [] : [commonName.toLowerCase()];
}
