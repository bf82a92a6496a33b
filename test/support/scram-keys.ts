/**
 * The arithmetic of SCRAM (RFC 5802 §3), for both sides of a test, from node:crypto and from the RFC's
 * text alone.
 *
 * Never: a line of the package under test.
 */

import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';

export type ScramHash = 'SHA-1' | 'SHA-256';

/** What a server keeps of a password. */
export interface ScramRecord {
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
}

const names = { 'SHA-1': 'sha1', 'SHA-256': 'sha256' } as const;
const octets = { 'SHA-1': 20, 'SHA-256': 32 } as const;

function hmac(hash: ScramHash, key: Uint8Array, data: Uint8Array | string): Buffer {
  return createHmac(names[hash], key).update(data).digest();
}

function digest(hash: ScramHash, data: Uint8Array): Buffer {
  return createHash(names[hash]).update(data).digest();
}

function xor(one: Uint8Array, other: Uint8Array): Buffer {
  return Buffer.from(one.map((octet, index) => octet ^ (other[index] ?? 0)));
}

export interface Salted {
  readonly hash: ScramHash;
  readonly password: string;
  readonly salt: Uint8Array;
  readonly iterations: number;
}

function saltedPassword({ hash, password, salt, iterations }: Salted): Buffer {
  return pbkdf2Sync(password, salt, iterations, octets[hash], names[hash]);
}

function clientKey(salted: Salted): Buffer {
  return hmac(salted.hash, saltedPassword(salted), 'Client Key');
}

export function recordOf(salted: Salted): ScramRecord {
  return {
    storedKey: digest(salted.hash, clientKey(salted)),
    serverKey: hmac(salted.hash, saltedPassword(salted), 'Server Key'),
  };
}

/** ClientProof. */
export function proofOf(salted: Salted, authMessage: Uint8Array | string): Buffer {
  const key = clientKey(salted);
  return xor(key, hmac(salted.hash, digest(salted.hash, key), authMessage));
}

/** Whether a proof is one of this record (RFC 5802 §3: StoredKey is H of the ClientKey in it). */
export function isProof(
  hash: ScramHash,
  record: ScramRecord,
  said: { readonly authMessage: Uint8Array; readonly proof: Uint8Array },
): boolean {
  const key = xor(said.proof, hmac(hash, record.storedKey, said.authMessage));
  return digest(hash, key).equals(record.storedKey);
}

/** ServerSignature. */
export function signatureOf(
  hash: ScramHash,
  { serverKey }: ScramRecord,
  authMessage: Uint8Array | string,
): Buffer {
  return hmac(hash, serverKey, authMessage);
}
