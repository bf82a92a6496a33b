/**
 * Debian's courier-pop as a peer, with Maildirs. Its paths are compiled in, so it gets a mount namespace
 * of its own, in which /etc/courier and /run/courier are directories of the bench; that takes root. It has
 * no LMTP: workloads that deliver are left out.
 *
 * Never: the configuration of a Courier that this machine may run.
 */

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Corpus } from '../corpus.ts';
import { addressOf } from '../load/order.ts';
import { startChild } from './child.ts';
import { fillMaildirs } from './maildir.ts';
import { type BenchServer, endOf, freePorts, NotInstalled } from './server.ts';

const programs = '/usr/lib/courier/courier';
const authenticator = '/usr/lib/courier/courier-authlib/authdaemond';
const makeUsers = '/usr/sbin/makeuserdb';
const needed = [`${programs}/courierpop3d`, authenticator, makeUsers, '/usr/sbin/couriertcpd'];
const packages = ['courier-pop', 'courier-authlib-userdb'];

/** nobody, nogroup: who owns the mail. */
const owner = { uid: 65_534, gid: 65_534 };
const secret = 'measured';
/** As it is stored: the cheapest form that it reads. */
const stored = `{SHA256}${createHash('sha256').update(secret).digest('base64')}`;
/** It makes a process for each connection; as shipped it allows 40, and 4 for each address. */
const connectionsMax = 1_000;

export interface CourierOptions {
  readonly certFile: string;
  readonly keyFile: string;
}

function idOf(flag: string): number {
  const { stdout, status } = spawnSync('id', [flag, 'courier'], { encoding: 'utf8' });
  if (status !== 0) throw new Error('there is no user courier');
  return Number(stdout);
}

export async function startCourier({ certFile, keyFile }: CourierOptions): Promise<BenchServer> {
  if (!needed.every((file) => existsSync(file))) throw new NotInstalled('Courier', packages);
  if (process.getuid?.() !== 0) throw new Error('Courier has to be started by root');
  const directory = mkdtempSync(join(tmpdir(), 'poplar-courier-'));
  chmodSync(directory, 0o755);
  for (const name of ['etc', 'run', 'run/authdaemon', 'mail']) mkdirSync(join(directory, name));
  const users = join(directory, 'etc', 'userdb');
  writeFileSync(users, '', { mode: 0o600 });
  writeFileSync(
    join(directory, 'etc', 'authdaemonrc'),
    'authmodulelist="authuserdb"\ndaemons=5\nauthdaemonvar=/run/courier/authdaemon\n',
  );
  const pem = join(directory, 'cert.pem');
  writeFileSync(pem, readFileSync(keyFile, 'utf8') + readFileSync(certFile, 'utf8'), {
    mode: 0o600,
  });
  for (const path of [pem, join(directory, 'run', 'authdaemon')]) {
    chownSync(path, idOf('-u'), idOf('-g'));
  }
  const [pop3 = 0, pop3s = 0] = await freePorts(2);
  const script = join(directory, 'start');
  writeFileSync(script, startScript({ directory, pem, pop3, pop3s }));
  const command = ['unshare', '-m', '-p', '-f', '--kill-child', '--', 'sh', script];
  const log = join(directory, 'log');
  const child = await startChild(command, {
    port: pop3s,
    whatItSaid: () => endOf(log),
  });
  return {
    name: 'courier',
    description: `Courier ${versionOf('courier-pop')}, a process a session, Maildir`,
    nodes: [{ pop3, pop3s, lmtp: 0 }],
    sessionsMax: connectionsMax,
    secret,
    parts: () => ({ courier: [child.pid] }),
    fill: (corpus) => fill(directory, users, corpus),
    settle: async () => {},
    collect: async () => {},
    lastWords: () => endOf(log),
    stop: async () => {
      await child.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function startScript(options: {
  readonly directory: string;
  readonly pem: string;
  readonly pop3: number;
  readonly pop3s: number;
}): string {
  const { directory, pem, pop3, pop3s } = options;
  const login = `${programs}/courierpop3login ${programs}/courierpop3d Maildir`;
  const daemon = `couriertcpd -address=127.0.0.1 -maxprocs=${connectionsMax} -maxperip=${connectionsMax} -nodnslookup -noidentlookup`;
  return `set -e
exec >${directory}/log 2>&1
mkdir -p /run/courier
mount --bind ${directory}/etc /etc/courier
mount --bind ${directory}/run /run/courier
set -a
. /etc/courier/authdaemonrc
POP3AUTH=""
POP3AUTH_TLS=""
POP3_PROXY=0
TLS_CERTFILE=${pem}
TLS_VERIFYPEER=NONE
TLS_CACHEFILE=
${authenticator} &
(POP3_TLS=0; ${daemon} ${pop3} ${login}) &
(POP3_TLS=1; ${daemon} ${pop3s} /usr/bin/couriertls -server -tcpd -user=courier ${login}) &
wait
`;
}

function versionOf(name: string): string {
  const { stdout } = spawnSync('dpkg-query', ['-W', '-f', '$' + '{Version}', name], {
    encoding: 'utf8',
  });
  return stdout.trim();
}

async function fill(directory: string, users: string, corpus: Corpus): Promise<void> {
  const mail = join(directory, 'mail');
  await fillMaildirs(mail, corpus, { ...owner, endOfLine: '\n' });
  const { uid, gid } = owner;
  const { prefix, count } = corpus.mailboxes;
  const lines = Array.from({ length: count }, (_, index) => {
    const home = join(mail, `${prefix}-${index}`);
    const fields = [`uid=${uid}`, `gid=${gid}`, `home=${home}`, `systempw=${stored}`];
    return `${addressOf(corpus.mailboxes, index)}\t${fields.join('|')}\n`;
  });
  appendFileSync(users, lines.join(''));
  const { status, stderr } = spawnSync(makeUsers, ['-f', users], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`makeuserdb: ${stderr}`);
}
