/**
 * The addresses of a webhook's host: those of the hosts file, else what DNS says.
 *
 * Theory of operation. The system's own look-up (getaddrinfo) takes one of the few threads of the process for as long
 * as a name server is silent, and cannot be broken off: names that are never answered would stop file access and all
 * other look-ups. So DNS is asked without a thread, over a channel for each name, which is closed when it is answered,
 * when the time is over, or when the caller has no use for the answer any more. What an operator writes into the hosts file goes
 * first, as everywhere. There are as many look-ups at once as there are requests.
 *
 * Rules: RFC 6761 §6.3: localhost is never asked for.
 *
 * Never: a search list or a name service but these two; a wait beyond its bound; a rejection.
 */

import { Resolver } from 'node:dns/promises';
import { open } from 'node:fs/promises';
import { isIP } from 'node:net';
import { hostsOctetsMax, lookupTimeoutMs, queryTimeoutMs, queryTriesMax } from './limits.ts';

/** All addresses of a name; none when there are none, or it was not learnt in time. */
export type Resolve = (host: string, signal?: AbortSignal) => Promise<readonly string[]>;

interface ResolverParts {
  /** Instead of those of the system, as `127.0.0.1:5300`. */
  readonly servers?: readonly string[] | undefined;
  readonly hostsFile?: string;
}

export function resolver({ servers, hostsFile = '/etc/hosts' }: ResolverParts = {}): Resolve {
  return async (host, signal) => {
    const name = host.toLowerCase().replace(/\.$/, '');
    const listed = addressesIn(await textOf(hostsFile), name);
    if (listed.length > 0) return listed;
    if (/(?:^|\.)localhost$/.test(name)) return ['127.0.0.1', '::1'];
    return askDns(name, { servers, signal });
  };
}

async function askDns(
  name: string,
  {
    servers,
    signal,
  }: Pick<ResolverParts, 'servers'> & { readonly signal: AbortSignal | undefined },
): Promise<readonly string[]> {
  const dns = new Resolver({ timeout: queryTimeoutMs, tries: queryTriesMax });
  if (servers !== undefined) dns.setServers(servers);
  const late = AbortSignal.timeout(lookupTimeoutMs);
  const over = signal === undefined ? late : AbortSignal.any([late, signal]);
  if (over.aborted) return [];
  const cancel = () => dns.cancel();
  over.addEventListener('abort', cancel, { once: true });
  try {
    // Not to know of the one kind does no harm: the connection is made to an address that was looked at.
    const [four, six] = await Promise.allSettled([dns.resolve4(name), dns.resolve6(name)]);
    return [four, six].flatMap((found) => (found.status === 'fulfilled' ? found.value : []));
  } finally {
    over.removeEventListener('abort', cancel);
  }
}

/** The beginning of a file as text; empty when it cannot be read. */
async function textOf(file: string): Promise<string> {
  try {
    await using handle = await open(file);
    const buffer = Buffer.alloc(hostsOctetsMax);
    const { bytesRead } = await handle.read(buffer, 0, hostsOctetsMax, 0);
    return buffer.toString('utf8', 0, bytesRead);
  } catch {
    return '';
  }
}

/** What a hosts file has of a name, each address once. */
function addressesIn(text: string, name: string): readonly string[] {
  const found = new Set<string>();
  for (const line of text.split('\n')) {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().toLowerCase().split(/\s+/);
    if (isIP(address) !== 0 && names.includes(name)) found.add(address);
  }
  return [...found];
}
