/**
 * The table of password schemes: which stored strings can be verified, by what, and why the others
 * cannot.
 *
 * A new scheme is one file beside this one and one row in `schemes`. Its `read` must bound every cost that
 * a stored string can ask for, because what it returns is computed with nothing else in between.
 *
 * Never: a scheme that compares clear text or unsalted digests.
 *
 * Rules: names as Dovecot's `doveadm pw -l` and LDAP's userPassword (RFC 2307 §5.3) have them.
 */

import { appPassword } from '../app-password.ts';
import { storedCharactersMax } from '../limits.ts';
import { argon2 } from './argon2.ts';
import { bcrypt } from './bcrypt.ts';
import { md5Crypt, shaCrypt } from './crypt.ts';
import { pbkdf2 } from './pbkdf2.ts';
import { saltedDigest } from './salted-digest.ts';
import type { PasswordRecord, Scheme, StoredText } from './scheme.ts';
import { scramPassword } from './scram-password.ts';
import { cryptScrypt, scrypt } from './scrypt.ts';

export type { Argon2Costs, PasswordRecord } from './scheme.ts';

const schemes: readonly Scheme[] = [
  argon2,
  bcrypt,
  scrypt,
  cryptScrypt,
  pbkdf2,
  shaCrypt,
  md5Crypt,
  saltedDigest,
  scramPassword,
  appPassword,
];

const schemeNamed = new Map(
  schemes.flatMap((scheme) => scheme.names.map((name) => [name, scheme] as const)),
);

/** Names in braces before a string in dollar signs, and which of those they may stand before. */
const wrappers = new Map<string, readonly string[]>([
  ['CRYPT', ['$1$', '$5$', '$6$', '$7$', '$2a$', '$2b$', '$2y$']],
  ['MD5-CRYPT', ['$1$']],
  ['MD5', ['$1$']],
  ['SHA256-CRYPT', ['$5$']],
  ['SHA512-CRYPT', ['$6$']],
  ['BLF-CRYPT', ['$2a$', '$2b$', '$2y$']],
  ['BCRYPT', ['$2a$', '$2b$', '$2y$']],
  ['ARGON2', ['$argon2id$', '$argon2i$']],
  ['ARGON2ID', ['$argon2id$']],
  ['ARGON2I', ['$argon2i$']],
]);

const clearText = new Set(['PLAIN', 'CLEAR', 'CLEARTEXT']);

const unsalted = 'an unsalted digest is never verified';
const challenge = 'a secret of a challenge mechanism that is not spoken here';

/** Schemes that are known and not read. */
const refused = new Map<string, string>([
  ...['SHA', 'SHA1', 'SHA256', 'SHA512', 'LDAP-MD5', 'PLAIN-MD5', 'PLAIN-MD4', 'MD5', 'MD4']
    .concat(['NTLM', 'NT', 'LM', 'LANMAN'])
    .map((name): [string, string] => [name, unsalted]),
  ...['CRAM-MD5', 'HMAC-MD5', 'DIGEST-MD5', 'OTP', 'SKEY', 'RPA'].map((name): [string, string] => [
    name,
    challenge,
  ]),
  ['CRYPT', 'a form of crypt(3) that is not verified here'],
  ['DES-CRYPT', 'the DES crypt(3) counts 8 characters of a password and is never verified'],
  ['PLAIN-TRUNC', 'a password that was cut off is never verified'],
  ['$y$', 'yescrypt is not verified here'],
  ['$gy$', 'yescrypt is not verified here'],
  ['$2x$', 'made by a faulty bcrypt'],
]);

/** What a stored string is. */
export type StoredReading =
  | { readonly kind: 'record'; readonly record: PasswordRecord }
  /** A password itself. For importers, which hash it; never verified against. */
  | { readonly kind: 'clear'; readonly secret: Uint8Array }
  /** Why nothing can be compared with it, in words without any of it. */
  | { readonly kind: 'unusable'; readonly reason: string };

const unusable = (reason: string): StoredReading => ({ kind: 'unusable', reason });

const braces = /^\{([A-Za-z0-9-]{1,24})(?:\.(HEX|B64|BASE64))?\}/i;
const dollars = /^\$[0-9A-Za-z-]{1,16}\$/;

/** Reads a stored string. Bounded, computes nothing, never throws. */
export function readStored(stored: string): StoredReading {
  if (stored.length > storedCharactersMax) return unusable('too long');
  const inBraces = braces.exec(stored);
  if (inBraces === null) {
    const dollar = dollars.exec(stored);
    if (dollar === null) return unusable('no scheme is named');
    return readNamed({ name: dollar[0], encoding: null, body: stored });
  }
  const name = (inBraces[1] ?? '').toUpperCase();
  const suffix = inBraces[2]?.toUpperCase();
  const body = stored.slice(inBraces[0].length);
  const encoding = suffix === undefined ? null : suffix === 'HEX' ? 'hex' : 'base64';
  if (clearText.has(name)) return readClear({ name, encoding, body });
  const wrapped = wrappers.get(name);
  if (wrapped === undefined) return readNamed({ name, encoding, body });
  const inner = dollars.exec(body)?.[0] ?? '';
  if (encoding === null && wrapped.includes(inner)) {
    return readNamed({ name: inner, encoding, body });
  }
  return unusable(refused.get(inner) ?? refused.get(name) ?? 'malformed');
}

function readNamed(text: StoredText): StoredReading {
  const scheme = schemeNamed.get(text.name);
  if (scheme === undefined) return unusable(refused.get(text.name) ?? 'an unknown scheme');
  const record = scheme.read(text);
  if (record === null) return unusable('malformed, or its costs are out of bounds');
  return { kind: 'record', record };
}

function readClear({ encoding, body }: StoredText): StoredReading {
  const secret = Buffer.from(body, encoding ?? 'utf8');
  const isWhole =
    encoding === null || secret.toString(encoding).toLowerCase() === body.toLowerCase();
  return isWhole ? { kind: 'clear', secret } : unusable('malformed');
}
