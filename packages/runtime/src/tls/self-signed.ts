/**
 * A certificate for a node that was given none: made once, kept in the data directory, good for a
 * first try and for a machine that only talks to itself.
 *
 * Never: a new key while the old one is still good (clients may have pinned it); a key that others
 * can read, at any moment.
 */

import { X509Certificate } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generate } from 'selfsigned';
import type { CertificateFiles, Config } from '../config/config.ts';
import { selfSignedDays } from '../limits.ts';

const dayMs = 86_400_000;

/** The files, made if they are not there or have expired. */
export async function selfSignedFiles(config: Config): Promise<CertificateFiles> {
  const directory = join(config.dataDir, 'tls');
  const files = { certFile: join(directory, 'cert.pem'), keyFile: join(directory, 'key.pem') };
  if (await isUsable(files)) return files;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const made = await makeCertificate(config.hostname);
  await replace(files.keyFile, made.private);
  await replace(files.certFile, made.cert);
  return files;
}

async function isUsable(files: CertificateFiles): Promise<boolean> {
  try {
    await readFile(files.keyFile);
    const certificate = new X509Certificate(await readFile(files.certFile));
    return certificate.validToDate.getTime() > Date.now() + dayMs;
  } catch {
    return false;
  }
}

function makeCertificate(hostname: string): Promise<{ private: string; cert: string }> {
  const names = [...new Set(['localhost', hostname.toLowerCase()])];
  // Some clients' clocks are behind: valid since yesterday.
  const notBeforeDate = new Date(Date.now() - dayMs);
  return generate([{ name: 'commonName', value: names.at(-1) ?? 'localhost' }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    notBeforeDate,
    notAfterDate: new Date(notBeforeDate.getTime() + selfSignedDays * dayMs),
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          ...names.map((value) => ({ type: 2 as const, value })),
          { type: 7, ip: '127.0.0.1' },
          { type: 7, ip: '::1' },
        ],
      },
    ],
  });
}

/** Whole or not at all, and never readable by others. */
async function replace(file: string, content: string): Promise<void> {
  const temporary = `${file}.new`;
  await writeFile(temporary, content, { mode: 0o600 });
  await rename(temporary, file);
}
