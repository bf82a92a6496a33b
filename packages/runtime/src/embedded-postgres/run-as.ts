/**
 * As whom PostgreSQL runs. It refuses to be root, and it must end when this process dies, even by
 * SIGKILL.
 *
 * An ordinary user runs it as himself. Root gives it to the user `postgres`, or else `nobody`, if
 * that user can execute the binary and reach the directory; if not (a checkout under a closed
 * /root), it runs in an unmapped user namespace, where it is nobody to itself but still owns root's
 * files. So it does for a user without a name (a container's `--user 12345`), because PostgreSQL
 * asks for the name. A directory that exists decides by its owner, so that it is always opened the
 * same way.
 * On Linux setpriv also sets the parent-death signal; elsewhere there is none.
 *
 * Never: a secret in the environment or the arguments of these processes.
 */

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import os from 'node:os';
import { dirname } from 'node:path';
import { StartError } from '../lifecycle/fatal.ts';

export interface RunAs {
  /** Put before the program; may be empty. */
  readonly prefix: readonly string[];
  /** To whom files made by root must be given; null when they are right as they are. */
  readonly owner: { readonly uid: number; readonly gid: number } | null;
}

const nobody = 65_534;
const deathSignal = ['--pdeathsig', 'INT'];

/** Throws StartError if the directory belongs to somebody we cannot be, or if nobody here can be. */
export function chooseRunAs(program: string, clusterDirectory: string): RunAs {
  const uid = process.getuid?.();
  const existing = existsSync(clusterDirectory) ? statSync(clusterDirectory) : null;
  if (uid !== 0) {
    if (existing !== null && uid !== undefined && existing.uid !== uid) {
      throw new StartError(
        `${clusterDirectory} belongs to user ${existing.uid} and this is user ${uid}: ` +
          'start as that user or choose another POPLAR_DATA_DIR',
      );
    }
    if (process.platform === 'linux' && !hasName()) return inNamespaceForWantOfName();
    return { prefix: hasSetpriv() ? ['setpriv', ...deathSignal, '--'] : [], owner: null };
  }
  if (process.platform !== 'linux') {
    throw new StartError('the embedded PostgreSQL does not run as root here: set DATABASE_URL');
  }
  if (existing === null) {
    const owner = postgresUser();
    return canRun(owner, program, clusterDirectory) ? asUser(owner) : inNamespace();
  }
  return existing.uid === 0 ? inNamespace() : asUser({ uid: existing.uid, gid: existing.gid });
}

function asUser(owner: { uid: number; gid: number }): RunAs {
  const prefix = ['setpriv', ...identity(owner), ...deathSignal, '--'];
  return { prefix, owner };
}

function inNamespace(): RunAs {
  return { prefix: ['unshare', '-U', '--', 'setpriv', ...deathSignal, '--'], owner: null };
}

/** Throws StartError where namespaces are not allowed, or nobody has no name either. */
function inNamespaceForWantOfName(): RunAs {
  const runAs = inNamespace();
  const [command = '', ...argv] = [...runAs.prefix, 'id', '-un'];
  if (spawnSync(command, argv, { stdio: 'ignore', cwd: '/' }).status === 0) return runAs;
  throw new StartError(
    `user ${process.getuid?.()} has no name in /etc/passwd, which the embedded PostgreSQL needs, and ` +
      'user namespaces do not work here: give it a name or set DATABASE_URL',
  );
}

function hasName(): boolean {
  try {
    os.userInfo();
    return true;
  } catch {
    return false;
  }
}

function identity({ uid, gid }: { uid: number; gid: number }): string[] {
  return [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'];
}

function postgresUser(): { uid: number; gid: number } {
  const passwd = existsSync('/etc/passwd') ? readFileSync('/etc/passwd', 'utf8') : '';
  const [, uid, gid] = /^postgres:[^:]*:(\d+):(\d+):/m.exec(passwd) ?? [];
  if (uid === undefined || gid === undefined) return { uid: nobody, gid: nobody };
  return { uid: Number(uid), gid: Number(gid) };
}

/** Whether that user can execute the program and go into the directory's parent. */
function canRun(owner: { uid: number; gid: number }, program: string, directory: string): boolean {
  const probe = ['sh', '-c', '"$0" --version >/dev/null && test -x "$1"'];
  const argv = [...identity(owner), '--', ...probe, program, dirname(directory)];
  return spawnSync('setpriv', argv, { stdio: 'ignore', cwd: '/' }).status === 0;
}

function hasSetpriv(): boolean {
  return process.platform === 'linux' && existsSync('/usr/bin/setpriv');
}
