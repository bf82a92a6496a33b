/**
 * MD5-CRYPT, SHA256-CRYPT and SHA512-CRYPT: thousands of rounds of one hash over secret, salt and the
 * digest before. Synchronous; `crypt-worker.ts` runs it where nobody waits for the thread.
 *
 * Never: imported by anything that serves clients.
 *
 * Rules: Drepper, "Unix crypt using SHA-256 and SHA-512", whose step numbers are cited; FreeBSD's
 * crypt-md5.c for MD5-CRYPT.
 */

import { hash } from 'node:crypto';
import { writeCryptNumber } from './crypt-alphabet.ts';
import type { CryptAlgorithm, CryptJob } from './crypt-job.ts';

/** The digest of a job in the letters of crypt(3). */
export function cryptDigest({ algorithm, secret, salt, rounds }: CryptJob): string {
  const saltOctets = Buffer.from(salt, 'latin1');
  const first =
    algorithm === 'md5' ? firstMd5(secret, saltOctets) : firstSha(algorithm, secret, saltOctets);
  return written(algorithm, stretch(algorithm, first, rounds));
}

interface Start {
  readonly digest: Buffer;
  /** What stands for the secret and the salt in every round. */
  readonly secret: Buffer;
  readonly salt: Buffer;
}

function digestOf(algorithm: CryptAlgorithm, ...parts: readonly Uint8Array[]): Buffer {
  return hash(algorithm, Buffer.concat(parts), 'buffer');
}

/** An octet string repeated and cut to a length. */
function repeated(octets: Uint8Array, length: number): Buffer {
  return length === 0 ? Buffer.alloc(0) : Buffer.alloc(length, octets);
}

/** One part for each bit of the length, lowest first. */
function byBits(length: number, parts: { one: Uint8Array; zero: Uint8Array }): Uint8Array[] {
  const list: Uint8Array[] = [];
  for (let rest = length; rest > 0; rest >>>= 1)
    list.push((rest & 1) === 1 ? parts.one : parts.zero);
  return list;
}

function firstSha(algorithm: CryptAlgorithm, secret: Uint8Array, salt: Buffer): Start {
  const { length } = secret;
  // Steps 4 to 8, then 1 to 3 and 9 to 12.
  const alternate = digestOf(algorithm, secret, salt, secret);
  const bits = byBits(length, { one: alternate, zero: secret });
  const digest = digestOf(algorithm, secret, salt, repeated(alternate, length), ...bits);
  // Steps 13 to 16, then 17 to 20.
  const secretDigest = digestOf(algorithm, repeated(secret, length * length));
  const saltDigest = digestOf(algorithm, repeated(salt, salt.length * (16 + (digest[0] ?? 0))));
  return {
    digest,
    secret: repeated(secretDigest, length),
    salt: repeated(saltDigest, salt.length),
  };
}

function firstMd5(secret: Uint8Array, salt: Buffer): Start {
  const alternate = digestOf('md5', secret, salt, secret);
  // The reference has cleared its buffer when it takes an octet of it for each bit that is set.
  const bits = byBits(secret.length, { one: Buffer.alloc(1), zero: secret.subarray(0, 1) });
  const magic = Buffer.from('$1$', 'latin1');
  const digest = digestOf('md5', secret, magic, salt, repeated(alternate, secret.length), ...bits);
  return { digest, secret: Buffer.from(secret), salt };
}

/**
 * Step 21. What a round hashes depends on its number modulo 2, 3 and 7, so there are eight inputs, each laid
 * out once with a hole for the digest before.
 */
function stretch(algorithm: CryptAlgorithm, start: Start, rounds: number): Buffer {
  const { secret, salt } = start;
  let digest = start.digest;
  const layouts = [0, 1, 2, 3, 4, 5, 6, 7].map((layout) => {
    const isOdd = (layout & 1) !== 0;
    const middle = [layout & 2 ? salt : Buffer.alloc(0), layout & 4 ? secret : Buffer.alloc(0)];
    const parts = isOdd ? [secret, ...middle, digest] : [digest, ...middle, secret];
    const input = Buffer.concat(parts);
    return { input, hole: isOdd ? input.length - digest.length : 0 };
  });
  for (let round = 0; round < rounds; round += 1) {
    const layout = layouts[(round & 1) | (round % 3 ? 2 : 0) | (round % 7 ? 4 : 0)];
    if (layout === undefined) break;
    digest.copy(layout.input, layout.hole);
    digest = hash(algorithm, layout.input, 'buffer');
  }
  return digest;
}

/** Step 22: the octets in the order of their letters, three and three. */
function written(algorithm: CryptAlgorithm, digest: Buffer): string {
  const octet = (at: number) => digest[at] ?? 0;
  const group = (high: number, middle: number, low: number) =>
    writeCryptNumber((octet(high) << 16) | (octet(middle) << 8) | octet(low), 4);
  let text = '';
  if (algorithm === 'md5') {
    for (let at = 0; at < 4; at += 1) text += group(at, at + 6, at + 12);
    return text + group(4, 10, 5) + writeCryptNumber(octet(11), 2);
  }
  const third = algorithm === 'sha512' ? 21 : 10;
  // The three thirds take turns in being the highest; the two hashes turn in opposite directions.
  const turn = algorithm === 'sha512' ? 1 : 2;
  for (let at = 0; at < third; at += 1) {
    const place = (shift: number) => at + third * ((at * turn + shift) % 3);
    text += group(place(0), place(1), place(2));
  }
  if (algorithm === 'sha512') return text + writeCryptNumber(octet(63), 2);
  return text + writeCryptNumber((octet(31) << 8) | octet(30), 3);
}
