/**
 * Debian's dovecot-pop3d as a peer, with Maildirs, on ports and in a directory of its own. It has to be
 * started by root, who gives its processes to the users that the package made.
 *
 * Never: the configuration of a Dovecot that this machine may run.
 */

import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Corpus } from '../corpus.ts';
import { addressOf } from '../load/order.ts';
import { startChild } from './child.ts';
import { dovecotConfiguration } from './dovecot-configuration.ts';
import { fillMaildirs } from './maildir.ts';
import { type BenchServer, endOf, freePorts, NotInstalled } from './server.ts';

const program = '/usr/sbin/dovecot';
const needed = [program, '/usr/lib/dovecot/pop3', '/usr/lib/dovecot/lmtp'];
const dovecotPackages = ['dovecot-core', 'dovecot-pop3d', 'dovecot-lmtpd'];

/** nobody, nogroup: who owns the mail. */
const owner = { uid: 65_534, gid: 65_534 };
const secret = 'measured';

export interface DovecotOptions {
  readonly isTuned: boolean;
  readonly certFile: string;
  readonly keyFile: string;
  /** Of pop3 and pop3-login each, where it is tuned. */
  readonly processes?: number;
}

export async function startDovecot(options: DovecotOptions): Promise<BenchServer> {
  if (!needed.every((file) => existsSync(file))) throw new NotInstalled('Dovecot', dovecotPackages);
  if (process.getuid?.() !== 0) throw new Error('Dovecot has to be started by root');
  const { isTuned, processes = 2, ...certificate } = options;
  const directory = mkdtempSync(join(tmpdir(), 'poplar-dovecot-'));
  // Its processes are of three users.
  chmodSync(directory, 0o755);
  for (const name of ['run', 'state', 'mail']) mkdirSync(join(directory, name));
  const [pop3 = 0, pop3s = 0, lmtp = 0] = await freePorts(3);
  const ports = { pop3, pop3s, lmtp };
  const users = join(directory, 'users');
  const configuration = join(directory, 'dovecot.conf');
  writeFileSync(users, '');
  writeFileSync(
    configuration,
    dovecotConfiguration({ directory, ports, ...certificate, ...owner, isTuned, processes }),
  );
  const log = join(directory, 'log');
  const child = await startChild([program, '-F', '-c', configuration], {
    port: pop3,
    whatItSaid: () => endOf(log),
  });
  const { stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' });
  return {
    name: isTuned ? 'dovecot' : 'dovecot-default',
    description: `Dovecot ${stdout.trim().split(' ')[0]}, ${isTuned ? `tuned, ${processes} processes` : 'as shipped'}, Maildir`,
    nodes: [ports],
    // As it is shipped there are 100 processes that log in and one for each session.
    sessionsMax: isTuned ? 14_000 : 1_000,
    secret,
    parts: () => ({ dovecot: [child.pid] }),
    fill: (corpus) => fill(directory, users, corpus),
    // What it does, it does before it answers.
    settle: async () => {},
    collect: async () => {},
    lastWords: () => endOf(log),
    stop: async () => {
      await child.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function fill(directory: string, users: string, corpus: Corpus): Promise<void> {
  await fillMaildirs(join(directory, 'mail'), corpus, { ...owner, endOfLine: '\r\n' });
  const lines = Array.from(
    { length: corpus.mailboxes.count },
    (_, index) => `${addressOf(corpus.mailboxes, index)}:${secret}\n`,
  );
  appendFileSync(users, lines.join(''));
}
