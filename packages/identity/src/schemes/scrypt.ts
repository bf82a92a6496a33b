/**
 * Scrypt strings of other systems: the PHC form that passlib writes and the `$7$` of crypt(3).
 *
 * Never: memory or work that a stored string asks for and `limits.ts` does not allow.
 *
 * Rules: RFC 7914; the PHC string format; crypt(5) for `$7$`, whose salt is used as it is written.
 */

import { scrypt as computeScrypt, timingSafeEqual } from 'node:crypto';
import { decodeCrypt, readCryptNumber } from '../crypt/crypt-alphabet.ts';
import {
  digestOctets,
  saltOctets,
  scryptBlocksMax,
  scryptLanesMax,
  scryptWorkMax,
} from '../limits.ts';
import { decodeBase64 } from './base64.ts';
import type { PasswordRecord, Scheme, StoredText } from './scheme.ts';

interface ScryptCosts {
  /** Binary logarithm of N. */
  readonly rounds: number;
  readonly blocks: number;
  readonly lanes: number;
}

const phc =
  /^\$scrypt\$ln=([1-9]\d?),r=([1-9]\d{0,5}),p=([1-9]\d?)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;
const seven =
  /^\$7\$([./0-9A-Za-z])([./0-9A-Za-z]{5})([./0-9A-Za-z]{5})([!-#%-9;-~]{1,48})\$([./0-9A-Za-z]{43})$/;

function isBounded({ rounds, blocks, lanes }: ScryptCosts): boolean {
  if (rounds < 1 || blocks < 1 || lanes < 1 || lanes > scryptLanesMax) return false;
  const memory = 2 ** rounds * blocks;
  return memory <= scryptBlocksMax && memory * lanes <= scryptWorkMax;
}

function derive(secret: Uint8Array, salt: Buffer, options: ScryptCosts & { octets: number }) {
  const { rounds, blocks, lanes, octets } = options;
  const cost = 2 ** rounds;
  // What OpenSSL counts: the table, the blocks of all lanes and some change.
  const maxmem = 128 * blocks * (cost + lanes + 4);
  return new Promise<Buffer>((resolve, reject) => {
    computeScrypt(
      secret,
      salt,
      octets,
      { cost, blockSize: blocks, parallelization: lanes, maxmem },
      (error, key) => (error === null ? resolve(key) : reject(error)),
    );
  });
}

function recordOf(costs: ScryptCosts, salt: Buffer | null, digest: Buffer | null) {
  if (salt === null || digest === null || !isBounded(costs)) return null;
  const options = { ...costs, octets: digest.length };
  const record: PasswordRecord = {
    scheme: 'scrypt',
    weight: 'costly',
    outdated: () => true,
    verify: async (secret) => timingSafeEqual(await derive(secret, salt, options), digest),
  };
  return record;
}

function readPhc({ body }: StoredText): PasswordRecord | null {
  const match = phc.exec(body);
  if (match === null) return null;
  const costs = { rounds: Number(match[1]), blocks: Number(match[2]), lanes: Number(match[3]) };
  const salt = decodeBase64(match[4] ?? '', saltOctets);
  return recordOf(costs, salt, decodeBase64(match[5] ?? '', digestOctets));
}

function readSeven({ body }: StoredText): PasswordRecord | null {
  const match = seven.exec(body);
  if (match === null) return null;
  const costs = {
    rounds: readCryptNumber(match[1] ?? ''),
    blocks: readCryptNumber(match[2] ?? ''),
    lanes: readCryptNumber(match[3] ?? ''),
  };
  return recordOf(costs, Buffer.from(match[4] ?? '', 'latin1'), decodeCrypt(match[5] ?? ''));
}

export const scrypt: Scheme = { names: ['$scrypt$'], read: readPhc };
export const cryptScrypt: Scheme = { names: ['$7$'], read: readSeven };
