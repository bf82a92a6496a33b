/**
 * The one form of a name that a client certificate logs in by, also where it is written as openssl
 * prints it. What no certificate can have would be stored and never match.
 */

const octetsMax = 1_024;

/** `email:`, `cn:` or `sha256:` and a value. Null when it is refused; never throws. */
export function canonicalCertificateName(text: string): string | null {
  const [, kind = '', value = ''] = /^(email:|cn[:=]|sha256:)(.*)$/is.exec(text) ?? ['', '', text];
  const name = canonical(kind.toLowerCase(), value);
  return name === null || Buffer.byteLength(name) > octetsMax ? null : name;
}

function canonical(kind: string, value: string): string | null {
  if (kind.startsWith('cn')) return /^\P{Cc}+$/u.test(value) ? `cn:${value}` : null;
  if (kind === 'sha256:') {
    const digits = value.replaceAll(':', '').toLowerCase();
    return /^[0-9a-f]{64}$/.test(digits) ? `sha256:${digits}` : null;
  }
  // The same as in services/pop3/src/tls/peer-certificate.ts.
  return /^[^\s",@]+@[^\s",@]+$/.test(value) ? `email:${value.toLowerCase()}` : null;
}
