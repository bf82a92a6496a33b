/**
 * How Dovecot 2.3 is set up: as Debian ships it but for ports, users and certificate, or as fast as it was
 * found to go.
 *
 * What makes it fast: processes that serve many clients one after the other and at once, passwords kept
 * and not hashed, no lock on the maildrop, no flag written for a message that was read, sizes taken from
 * file names, directories that are not read again when their time stamp says so, no statistics.
 *
 * Never: a setting that another program of this machine would see: it has a directory of its own.
 */

import type { Ports } from '../load/order.ts';

export interface DovecotSetup {
  readonly directory: string;
  readonly ports: Ports;
  readonly certFile: string;
  readonly keyFile: string;
  readonly uid: number;
  readonly gid: number;
  readonly isTuned: boolean;
  /** Of pop3 and pop3-login each. */
  readonly processes: number;
}

/**
 * Sessions that each process holds at most: each has four files open, of the 20,000 that a process may often
 * have. Only 10,000 idle sessions need more processes than are kept.
 */
const clientsOfProcess = 3_500;
const sessionProcessesMax = 4;

export function dovecotConfiguration(setup: DovecotSetup): string {
  const { directory, ports, certFile, keyFile, uid, gid } = setup;
  return `
base_dir = ${directory}/run
state_dir = ${directory}/state
log_path = ${directory}/log
protocols = pop3 lmtp
listen = 127.0.0.1
hostname = pop.example.org
postmaster_address = postmaster@example.org
ssl = yes
ssl_cert = <${certFile}
ssl_key = <${keyFile}
disable_plaintext_auth = no
mail_max_userip_connections = 0
first_valid_uid = 1
mail_location = maildir:~/Maildir
passdb {
  driver = passwd-file
  args = scheme=PLAIN username_format=%u ${directory}/users
}
userdb {
  driver = static
  args = uid=${uid} gid=${gid} home=${directory}/mail/%n
}
service pop3-login {
  inet_listener pop3 {
    port = ${ports.pop3}
  }
  inet_listener pop3s {
    port = ${ports.pop3s}
    ssl = yes
  }
}
service lmtp {
  inet_listener lmtp {
    port = ${ports.lmtp}
  }
}
${setup.isTuned ? tuned(setup.processes) : ''}`;
}

function tuned(processes: number): string {
  return `
auth_cache_size = 64 M
auth_cache_ttl = 1 hour
auth_cache_verify_password_with_worker = no
default_vsz_limit = 4 G
default_client_limit = 24000
pop3_no_flag_updates = yes
pop3_lock_session = no
pop3_fast_size_lookups = yes
maildir_very_dirty_syncs = yes
service pop3-login {
  service_count = 0
  client_limit = 14000
  process_min_avail = ${processes}
  process_limit = ${processes}
}
service pop3 {
  service_count = 0
  client_limit = ${clientsOfProcess}
  process_min_avail = ${processes}
  process_limit = ${Math.max(processes, sessionProcessesMax)}
}
service lmtp {
  service_count = 0
  process_min_avail = ${processes}
}
service stats {
  unix_listener stats-reader {
    mode = 0
  }
  unix_listener stats-writer {
    mode = 0
  }
}
`;
}
