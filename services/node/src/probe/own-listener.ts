/**
 * Where a probe of this node goes: its POP3S listener, else the one for POP3, as a client on this host.
 */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Config, StartError } from '@poplar/runtime';
import type { ProbeTarget } from './pop3-probe.ts';

/** Throws StartError when there is none that takes clients without a PROXY header. */
export async function ownListener({
  listeners,
  tls,
  dataDir,
  hostname: servername,
}: Config): Promise<ProbeTarget> {
  const listener = listeners.pop3s ?? listeners.pop3;
  if (listener === null) throw new StartError('there is no listener for POP3 or POP3S to ask');
  const file = tls.certFile ?? join(dataDir, 'tls', 'cert.pem');
  const ca = await readFile(file, 'utf8').catch(() => null);
  return { host: reachable(listener.host), port: listener.port, tls: listener.tls, ca, servername };
}

/** Where one listens on all addresses, this host's own is one of them. */
function reachable(host: string): string {
  if (host === '' || host === '0.0.0.0') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}
