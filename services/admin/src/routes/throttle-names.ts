/**
 * How a request names what is throttled: by an account, an address, or the key of an entry.
 *
 * Never: an address for a token of one domain, which would tell it of the clients of others.
 */

import { isIP } from 'node:net';
import type { Store } from '@poplar/store';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { callerOf } from '../access/caller.ts';
import { loginNameIn } from '../access/reach.ts';
import { ipAddressCharactersMax } from '../limits.ts';
import { Problem } from '../problem.ts';

/** Of an entry, in hexadecimal. */
export const throttleKey = /^[0-9a-f]{16}$/;

export function throttleKeyText(key: bigint): string {
  return key.toString(16).padStart(16, '0');
}

export function throttleOctets(key: bigint): Buffer {
  return Buffer.from(throttleKeyText(key), 'hex');
}

export const namedFields = {
  account: Type.Optional(
    Type.String({
      ...{ minLength: 1, maxLength: 320, description: 'a login name, such as an address of mail' },
      examples: ['ann@example.org'],
    }),
  ),
  address: Type.Optional(
    Type.String({
      ...{ minLength: 2, maxLength: ipAddressCharactersMax, examples: ['192.0.2.7'] },
      description: 'of a client; IPv6 is counted by its /64, and its /48 is another entry',
    }),
  ),
};

/** The first of the accounts is the one that was named. */
export type Named = { readonly accounts: readonly string[] } | { readonly address: string };

/** Null when nothing is named, which only a token of all domains may. */
export async function namedIn(
  request: FastifyRequest,
  store: Store,
  { account, address }: { readonly account?: string; readonly address?: string },
): Promise<Named | null> {
  if (account !== undefined && address !== undefined) {
    const detail = 'is not for a request that names an account';
    throw new Problem(400, 'two things are named', [{ pointer: '/querystring/address', detail }]);
  }
  if (account !== undefined) {
    const name = loginNameIn(request, account, '/querystring/account');
    const names = name.includes('@') ? await store.directory.listLoginNames(name) : [];
    return { accounts: [name, ...names.filter((other) => other !== name)] };
  }
  if (callerOf(request).domain !== null) {
    const detail = 'the token is good for one domain: name one of its accounts';
    throw new Problem(403, detail, { code: 'outside-domain' });
  }
  if (address === undefined) return null;
  if (isIP(address) !== 0) return { address };
  const detail = 'must be an IPv4 or IPv6 address';
  throw new Problem(400, 'not an address', [{ pointer: '/querystring/address', detail }]);
}
