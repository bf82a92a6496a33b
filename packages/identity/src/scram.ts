/**
 * SCRAM secrets: made from a password, read, and held against a client's proof.
 *
 * A secret is `{SCRAM-SHA-256}iterations,salt,StoredKey,ServerKey` with the last three in BASE64, as Dovecot
 * stores it. It is no password: who has it can pretend to be the server, not the client.
 *
 * Never: a password in an error; a comparison that tells by its time where it differs; iterations from a
 * stored string that `limits.ts` does not allow.
 *
 * Rules: RFC 5802 §3 (the keys), §5.1 (iterations), §9 (unknown names); RFC 7677 for SHA-256; RFC 4013
 * (SASLprep) for passwords, unassigned code points allowed when verifying (RFC 3454 §7).
 */

import {
  pbkdf2 as computePbkdf2,
  createHash,
  createHmac,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';
import { promisify } from 'node:util';
import { saslprep } from '@mongodb-js/saslprep';
import {
  scramIterationsMax,
  scramIterationsMin,
  scramMessageCharactersMax,
  scramSaltOctets,
  secretOctetsMax,
} from './limits.ts';
import { decodeBase64 } from './schemes/base64.ts';

const pbkdf2 = promisify(computePbkdf2);

export type ScramHash = 'sha1' | 'sha256';

export interface ScramSecret {
  readonly hash: ScramHash;
  readonly iterations: number;
  readonly salt: Uint8Array;
  readonly storedKey: Uint8Array;
  readonly serverKey: Uint8Array;
}

const keyOctets = { sha1: 20, sha256: 32 } as const;
const schemeNames = { sha1: 'SCRAM-SHA-1', sha256: 'SCRAM-SHA-256' } as const;

/** Octets of salt of a new secret, which those of unknown names have, too; Dovecot's number. */
const newSaltOctets = 16;

const form =
  /^\{SCRAM-SHA-(1|256)\}([1-9]\d{3,6}),([A-Za-z0-9+/=]{1,90}),([A-Za-z0-9+/=]{28,44}),([A-Za-z0-9+/=]{28,44})$/i;

function hmac(hash: ScramHash, key: Uint8Array, text: string | Uint8Array): Buffer {
  return createHmac(hash, key).update(text).digest();
}

/** The password as RFC 4013 prepares it; null when it is not UTF-8, empty, too long or prohibited. */
function prepared(password: Uint8Array): Uint8Array | null {
  if (password.length === 0 || password.length > secretOctetsMax) return null;
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(password);
    const result = saslprep(text, { allowUnassigned: true });
    return result === '' ? null : new TextEncoder().encode(result);
  } catch {
    return null;
  }
}

export interface ScramDerivation {
  readonly hash: ScramHash;
  readonly password: Uint8Array;
  readonly iterations: number;
  readonly salt: Uint8Array;
}

/** RFC 5802 §3. Null when the password cannot be one; then, too, the derivation is computed. */
export async function deriveScramKeys({ hash, password, iterations, salt }: ScramDerivation) {
  const octets = prepared(password);
  const salted = await pbkdf2(octets ?? '-', salt, iterations, keyOctets[hash], hash);
  if (octets === null) return null;
  const clientKey = hmac(hash, salted, 'Client Key');
  return {
    storedKey: createHash(hash).update(clientKey).digest(),
    serverKey: hmac(hash, salted, 'Server Key'),
  };
}

/**
 * The stored form of a password for SCRAM, with a fresh salt unless one is given. Null when SASLprep
 * prohibits the password: no client could ever prove it.
 *
 * @throws RangeError when the iterations or the salt are out of bounds.
 */
export async function makeScramSecret(
  options: Omit<ScramDerivation, 'salt' | 'iterations'> & {
    readonly iterations?: number;
    readonly salt?: Uint8Array;
  },
): Promise<string | null> {
  const { hash, password, iterations = scramIterationsMin } = options;
  const salt = options.salt ?? randomBytes(newSaltOctets);
  const isBounded =
    Number.isInteger(iterations) &&
    iterations >= scramIterationsMin &&
    iterations <= scramIterationsMax &&
    salt.length >= scramSaltOctets.min &&
    salt.length <= scramSaltOctets.max;
  if (!isBounded) throw new RangeError('SCRAM iterations or salt are out of bounds');
  const keys = await deriveScramKeys({ hash, password, iterations, salt });
  if (keys === null) return null;
  const fields = [salt, keys.storedKey, keys.serverKey].map((octets) =>
    Buffer.from(octets).toString('base64'),
  );
  return `{${schemeNames[hash]}}${[iterations, ...fields].join(',')}`;
}

/** Reads a stored SCRAM secret; null when it is malformed or out of bounds. Never throws. */
export function parseScramSecret(stored: string): ScramSecret | null {
  const match = form.exec(stored);
  if (match === null) return null;
  const hash = match[1] === '1' ? 'sha1' : 'sha256';
  const iterations = Number(match[2]);
  if (iterations < scramIterationsMin || iterations > scramIterationsMax) return null;
  const keyRange = { min: keyOctets[hash], max: keyOctets[hash] };
  const salt = decodeBase64(match[3] ?? '', scramSaltOctets);
  const storedKey = decodeBase64(match[4] ?? '', keyRange);
  const serverKey = decodeBase64(match[5] ?? '', keyRange);
  if (salt === null || storedKey === null || serverKey === null) return null;
  return { hash, iterations, salt, storedKey, serverKey };
}

/**
 * Holds a client's proof against a secret: the server signature when it proves the password, else
 * null. `authMessage` is what RFC 5802 §3 calls AuthMessage. Never throws.
 */
export function verifyScramProof(options: {
  readonly secret: ScramSecret;
  readonly authMessage: string | Uint8Array;
  readonly proof: Uint8Array;
}): Uint8Array | null {
  const { secret, authMessage, proof } = options;
  const { hash, storedKey, serverKey } = secret;
  if (proof.length !== keyOctets[hash]) return null;
  if (authMessage.length > scramMessageCharactersMax) return null;
  const clientKey = hmac(hash, storedKey, authMessage);
  for (const [at, octet] of proof.entries()) clientKey[at] = (clientKey[at] ?? 0) ^ octet;
  const isProved = timingSafeEqual(createHash(hash).update(clientKey).digest(), storedKey);
  // Computed either way, so that the time does not tell.
  const signature = hmac(hash, serverKey, authMessage);
  return isProved ? signature : null;
}

/**
 * What an unknown name is asked to prove: salt and iterations like those of a new secret, the same for a name
 * each time and on every node with the same `key`, and keys that no password has.
 */
export function decoyScramSecret(options: {
  readonly hash: ScramHash;
  readonly name: string;
  readonly key: Uint8Array;
  readonly iterations?: number;
}): ScramSecret {
  const { hash, name, key, iterations = scramIterationsMin } = options;
  const derived = (use: string) => hmac('sha256', key, `${use}\0${hash}\0${name}`);
  return {
    hash,
    iterations,
    salt: derived('salt').subarray(0, newSaltOctets),
    storedKey: derived('stored').subarray(0, keyOctets[hash]),
    serverKey: derived('server').subarray(0, keyOctets[hash]),
  };
}
