/**
 * The names of a request in their canonical form. A token that is restricted to a domain reaches
 * nothing outside of it: each name of a route that is open to such tokens goes through here.
 *
 * Never: an answer that tells such a token whether a name of another domain exists.
 */

import { canonicalAddress, canonicalDomain, canonicalLoginName } from '@poplar/identity';
import type { FastifyRequest } from 'fastify';
import { Problem } from '../problem.ts';
import { callerOf } from './caller.ts';

function within(request: FastifyRequest, domain: string): void {
  const { domain: only } = callerOf(request);
  if (only !== null && only !== domain) {
    const detail = `the token is good for the domain ${only} alone`;
    throw new Problem(403, detail, { code: 'outside-domain' });
  }
}

function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1);
}

export function addressIn(request: FastifyRequest, text: string, pointer = '/address'): string {
  const address = canonicalAddress(text);
  if (address === null) {
    throw new Problem(400, 'not an address', [{ pointer, detail: 'must be local@domain' }]);
  }
  within(request, domainOf(address));
  return address;
}

export function domainIn(request: FastifyRequest, text: string, pointer = '/domain'): string {
  const domain = canonicalDomain(text);
  if (domain === null) {
    const detail = 'must be a domain such as example.org';
    throw new Problem(400, 'not a domain', [{ pointer, detail }]);
  }
  within(request, domain);
  return domain;
}

/** A name without a domain is one of the whole cluster. */
export function loginNameIn(request: FastifyRequest, text: string, pointer = '/name'): string {
  const name = canonicalLoginName(text);
  if (name === null) {
    const detail = 'must be an address or a name such as ann';
    throw new Problem(400, 'not a login name', [{ pointer, detail }]);
  }
  within(request, name.includes('@') ? domainOf(name) : '');
  return name;
}

/** The domain a listing is limited to: what was asked for, or all that the token sees. */
export function listedDomain(request: FastifyRequest, asked: string | undefined): string | null {
  return asked === undefined ? callerOf(request).domain : domainIn(request, asked);
}

/** Who has a maildrop open, where the token may know: nobody of another domain, for one of one domain. */
export function actorSeen(request: FastifyRequest, actor: string | null): string | null {
  const { domain: only } = callerOf(request);
  if (actor === null || only === null) return actor;
  return domainOf(actor) === only ? actor : null;
}
