/**
 * Argon2 hashes as PHC strings: makes new ones, checks stored ones, verifies secrets.
 *
 * Never: hands a stored string to the library before its shape and its costs were bounded; a record
 * that asks for 4 TiB must cost nothing (Cyrus SASL CVE-2013-4122 is the family).
 *
 * Rules: RFC 9106; the PHC string format; costs from the OWASP password storage recommendation.
 */

import { timingSafeEqual } from 'node:crypto';
import { hash, hashRaw } from '@node-rs/argon2';
import {
  argon2LanesMax,
  argon2MemoryKibMax,
  argon2PassesMax,
  digestOctets,
  saltOctets,
} from '../limits.ts';
import type { Scheme } from './index.ts';

/** What new hashes cost: 19 MiB, two passes, one lane; about 10 ms on a server core. */
export const argon2Costs = { memoryKib: 19_456, passes: 2, lanes: 1 } as const;

// Numbers without leading zeros, as the reference implementation writes and reads them. The version
// field is absent in strings from before version 19, which then means 16.
const phc =
  /^\$argon2(id|i)\$(?:v=(16|19)\$)?m=([1-9]\d{0,6}),t=([1-9]\d?),p=([1-9])\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;

/** The library's numbers; its enums cannot be named under isolated modules. */
const algorithmNumber = { i: 1, id: 2 } as const;
const versionNumber = { 16: 0, 19: 1 } as const;

interface Argon2Record {
  readonly algorithm: number;
  readonly version: number;
  readonly memoryKib: number;
  readonly passes: number;
  readonly lanes: number;
  readonly salt: Uint8Array;
  readonly digest: Uint8Array;
}

/** Decodes unpadded BASE64; null when it is not canonical or not of so many octets. */
function decode(text: string, octets: { readonly min: number; readonly max: number }) {
  const decoded = Buffer.from(text, 'base64');
  // Encoding it again finds impossible lengths and stray bits behind the last octet.
  if (decoded.toString('base64').replaceAll('=', '') !== text) return null;
  return decoded.length >= octets.min && decoded.length <= octets.max ? decoded : null;
}

/** Reads a stored string; null when it is malformed or asks for more than it may. */
function parseRecord(stored: string): Argon2Record | null {
  const match = phc.exec(stored);
  if (match === null) return null;
  const salt = decode(match[6] ?? '', saltOctets);
  const digest = decode(match[7] ?? '', digestOctets);
  const memoryKib = Number(match[3]);
  const passes = Number(match[4]);
  const lanes = Number(match[5]);
  if (salt === null || digest === null) return null;
  // RFC 9106 §3.1: at least 8 KiB a lane.
  if (memoryKib < 8 * lanes || memoryKib > argon2MemoryKibMax) return null;
  if (passes > argon2PassesMax || lanes > argon2LanesMax) return null;
  return {
    algorithm: match[1] === 'i' ? algorithmNumber.i : algorithmNumber.id,
    version: match[2] === '19' ? versionNumber[19] : versionNumber[16],
    memoryKib,
    passes,
    lanes,
    salt,
    digest,
  };
}

async function verify(secret: Uint8Array, stored: string): Promise<boolean> {
  const record = parseRecord(stored);
  if (record === null) return false;
  // Not the library's own `verify`: that one refuses a secret that is not valid UTF-8, although its
  // `hash` takes any octets. A secret is octets here.
  const digest = await hashRaw(secret, {
    algorithm: record.algorithm,
    version: record.version,
    memoryCost: record.memoryKib,
    timeCost: record.passes,
    parallelism: record.lanes,
    salt: record.salt,
    outputLen: record.digest.length,
  });
  return timingSafeEqual(digest, record.digest);
}

export const argon2: Scheme = {
  name: 'argon2',
  owns: (stored) => stored.startsWith('$argon2'),
  usable: (stored) => parseRecord(stored) !== null,
  verify,
};

/** A PHC string of `$argon2id$` with a fresh salt. */
export function hashArgon2id(secret: Uint8Array): Promise<string> {
  return hash(secret, {
    algorithm: algorithmNumber.id,
    memoryCost: argon2Costs.memoryKib,
    timeCost: argon2Costs.passes,
    parallelism: argon2Costs.lanes,
  });
}
