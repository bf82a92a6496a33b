/**
 * The servers of a bench: ours, and a peer if one is asked for, with what has to be installed for it.
 *
 * Never: a package installed without being told to.
 */

import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { startCourier } from './courier.ts';
import { startDovecot } from './dovecot.ts';
import { startNodeFloor } from './node-floor.ts';
import { type PoplarServer, startPoplar } from './poplar.ts';
import type { BenchServer, NotInstalled } from './server.ts';

export const peers = ['dovecot', 'dovecot-default', 'courier', 'node-floor'] as const;
export type Peer = (typeof peers)[number];

export function isPeer(name: string): name is Peer {
  return peers.some((peer) => peer === name);
}

interface StartOptions {
  readonly against: Peer | null;
  readonly profile?: string;
  /** Memory is measured. */
  readonly isWeighed?: boolean;
}

/** Ours comes first. They share a certificate, so that TLS costs the same. */
export async function startServers(options: StartOptions): Promise<BenchServer[]> {
  const { against, profile, isWeighed = false } = options;
  const poplar = await startPoplar({ isWeighed, ...(profile === undefined ? {} : { profile }) });
  try {
    return against === null ? [poplar] : [poplar, await startPeer(against, poplar)];
  } catch (error) {
    await poplar.stop();
    throw error;
  }
}

function startPeer(peer: Peer, { running }: PoplarServer): Promise<BenchServer> {
  const certFile = running[0]?.caFile ?? '';
  const keyFile = join(dirname(certFile), 'key.pem');
  switch (peer) {
    case 'dovecot':
      return startDovecot({ isTuned: true, certFile, keyFile });
    case 'dovecot-default':
      return startDovecot({ isTuned: false, certFile, keyFile });
    case 'courier':
      return startCourier({ certFile, keyFile });
    case 'node-floor':
      return startNodeFloor({ certFile, keyFile });
  }
}

const installWithinMs = 600_000;

/** Debian's packages; their services are not started, for the bench starts its own. */
export function install({ packages }: NotInstalled): void {
  const { status } = spawnSync(
    'apt-get',
    ['install', '-y', '-qq', '--no-install-recommends', ...packages],
    {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' },
      timeout: installWithinMs,
    },
  );
  if (status !== 0) throw new Error(`apt-get install ended with ${status}`);
}
