/**
 * Argon2 hashes as PHC strings: makes new ones, checks stored ones, verifies secrets.
 *
 * Never: hands a stored string to the library before its shape and its costs were bounded; a record
 * that asks for 4 TiB must cost nothing (Cyrus SASL CVE-2013-4122 is the family).
 *
 * Rules: RFC 9106; the PHC string format; costs from the OWASP password storage recommendation.
 */

import { randomBytes, timingSafeEqual } from 'node:crypto';
import { hash, hashRaw } from '@node-rs/argon2';
import {
  argon2LanesMax,
  argon2MemoryKibMax,
  argon2PassesMax,
  digestOctets,
  saltOctets,
} from '../limits.ts';
import { decodeBase64, encodeBase64 } from './base64.ts';
import type { Argon2Costs, PasswordRecord, Scheme, StoredText } from './scheme.ts';

/** What new hashes cost by default: 19 MiB, two passes, one lane; about 10 ms on a server core. */
export const argon2Costs: Argon2Costs = { memoryKib: 19_456, passes: 2, lanes: 1 };

// Numbers without leading zeros, as the reference implementation writes and reads them. The version
// field is absent in strings from before version 19, which then means 16.
const phc =
  /^\$argon2(id|i)\$(?:v=(16|19)\$)?m=([1-9]\d{0,6}),t=([1-9]\d?),p=([1-9])\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;

/** The library's numbers; its enums cannot be named under isolated modules. */
const algorithmNumber = { i: 1, id: 2 } as const;
const versionNumber = { 16: 0, 19: 1 } as const;

/** Whether these costs are within what a stored string may ask for. */
function isBounded({ memoryKib, passes, lanes }: Argon2Costs): boolean {
  // RFC 9106 §3.1: at least 8 KiB a lane.
  return (
    [memoryKib, passes, lanes].every((cost) => Number.isInteger(cost) && cost >= 1) &&
    memoryKib >= 8 * lanes &&
    memoryKib <= argon2MemoryKibMax &&
    passes <= argon2PassesMax &&
    lanes <= argon2LanesMax
  );
}

/**
 * The costs themselves.
 *
 * @throws RangeError when a hash made with them could not be verified.
 */
export function boundedCosts(costs: Argon2Costs): Argon2Costs {
  if (!isBounded(costs)) throw new RangeError('argon2 costs are out of bounds');
  return costs;
}

/** Null when it is malformed or asks for more than it may. */
function read({ body }: StoredText): PasswordRecord | null {
  const match = phc.exec(body);
  if (match === null) return null;
  const salt = decodeBase64(match[6] ?? '', saltOctets);
  const digest = decodeBase64(match[7] ?? '', digestOctets);
  const costs = {
    memoryKib: Number(match[3]),
    passes: Number(match[4]),
    lanes: Number(match[5]),
  };
  if (salt === null || digest === null || !isBounded(costs)) return null;
  const isCurrent = match[1] === 'id' && match[2] === '19';
  const options = {
    algorithm: match[1] === 'i' ? algorithmNumber.i : algorithmNumber.id,
    version: match[2] === '19' ? versionNumber[19] : versionNumber[16],
    memoryCost: costs.memoryKib,
    timeCost: costs.passes,
    parallelism: costs.lanes,
    salt,
    outputLen: digest.length,
  };
  return {
    scheme: 'argon2',
    weight: 'costly',
    // Lanes are how the same work is laid out, not how much it is.
    outdated: ({ memoryKib, passes }) =>
      !isCurrent || costs.memoryKib < memoryKib || costs.passes < passes,
    // Not the library's own `verify`: that one refuses a secret that is not valid UTF-8, although
    // its `hash` takes any octets. A secret is octets here.
    verify: async (secret) => timingSafeEqual(await hashRaw(secret, options), digest),
  };
}

export const argon2: Scheme = { names: ['$argon2id$', '$argon2i$'], read };

/** A PHC string of `$argon2id$` with a fresh salt. */
export function hashArgon2id(secret: Uint8Array, costs: Argon2Costs): Promise<string> {
  return hash(secret, {
    algorithm: algorithmNumber.id,
    memoryCost: costs.memoryKib,
    timeCost: costs.passes,
    parallelism: costs.lanes,
  });
}

/** A record whose digest nobody made: it matches no secret and costs what a new one costs. */
export function dummyArgon2id({ memoryKib, passes, lanes }: Argon2Costs): string {
  const costs = `m=${memoryKib},t=${passes},p=${lanes}`;
  return `$argon2id$v=19$${costs}$${encodeBase64(randomBytes(16))}$${encodeBase64(randomBytes(32))}`;
}
