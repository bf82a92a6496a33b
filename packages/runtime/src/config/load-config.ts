/**
 * The configuration of a node: built-in defaults, then poplar.toml, then the environment, the last
 * one winning. Every setting and every default of Poplar stands in this file, in
 * listener-settings.ts or, for `[auth]`, in auth-settings.ts.
 *
 * Never: a key that is silently ignored; anything that is done (files and ports are looked at by
 * those who need them).
 */

import { readFileSync } from 'node:fs';
import os from 'node:os';
import { resolve } from 'node:path';
import { parse as parseToml, TomlError } from 'smol-toml';
import { takeAuthSettings } from './auth-settings.ts';
import {
  type Config,
  type Limits,
  type Listeners,
  logLevels,
  roles,
  takeoverRules,
} from './config.ts';
import { ConfigError } from './config-error.ts';
import { refuseUnknownVariables, warningsOf } from './known-variables.ts';
import { refuseListenerConflicts } from './listener-conflicts.ts';
import { takeListeners, takeProxy } from './listener-settings.ts';
import * as value from './parse-value.ts';
import { type Environment, type FileTable, Settings } from './settings.ts';

const defaultFile = 'poplar.toml';

export interface LoadOptions {
  /** Instead of POPLAR_CONFIG and ./poplar.toml; null reads no file at all. */
  readonly file?: string | null;
}

/** Throws ConfigError. */
export function loadConfig(environment: Environment, options: LoadOptions = {}): Config {
  const settings = new Settings(environment, readConfigFile(environment, options));
  const hostname = settings.take({
    key: 'hostname',
    variable: 'POPLAR_HOSTNAME',
    parse: value.hostName,
    fallback: defaultHostName(os.hostname()),
  });
  const listeners = takeListeners(settings);
  const config: Config = {
    roles: settings.take({
      key: 'roles',
      variable: 'POPLAR_ROLES',
      parse: value.set(roles),
      fallback: [...roles],
    }),
    workers: settings.take({
      key: 'workers',
      variable: 'POPLAR_WORKERS',
      parse: value.integer(1, 256),
      // Threads share a port by SO_REUSEPORT, as Linux has it.
      fallback: process.platform === 'linux' ? Math.max(1, os.availableParallelism()) : 1,
    }),
    nodeName: settings.take({
      key: 'nodeName',
      variable: 'POPLAR_NODE_NAME',
      parse: value.text,
      fallback: defaultNodeName(listeners),
    }),
    hostname,
    dataDir: resolve(
      settings.take({
        key: 'dataDir',
        variable: 'POPLAR_DATA_DIR',
        parse: value.text,
        fallback: 'data',
      }),
    ),
    database: takeDatabase(settings),
    tls: takeTls(settings),
    listeners,
    proxy: takeProxy(settings),
    cleartext: settings.take({
      key: 'cleartext',
      variable: 'POPLAR_CLEARTEXT',
      parse: value.oneOf(['loopback', 'always', 'never']),
      fallback: 'loopback',
    }),
    locks: takeLocks(settings),
    limits: takeLimits(settings),
    auth: takeAuthSettings(settings),
    logLevel: settings.take({
      key: 'logLevel',
      variable: 'POPLAR_LOG_LEVEL',
      parse: value.oneOf(logLevels),
      fallback: 'info',
    }),
    probe: takeProbe(settings),
    webhooks: takeWebhooks(settings),
    tracing: takeTracing(settings),
    sources: settings.sources,
    hidden: settings.hidden,
    warnings: warningsOf(environment),
  };
  settings.refuseUnknownKeys();
  refuseUnknownVariables(environment, settings.variables);
  refuseListenerConflicts(config);
  return deepFreeze(config);
}

function takeProbe(settings: Settings): Config['probe'] {
  const part = (key: string, variable: string): string | null =>
    settings.take<string | null>({
      key: `probe.${key}`,
      variable,
      parse: value.optional(value.text),
      fallback: null,
    });
  const address = part('address', 'POPLAR_PROBE_ADDRESS');
  const passwordFile = part('passwordFile', 'POPLAR_PROBE_PASSWORD_FILE');
  if ((address === null) !== (passwordFile === null)) {
    throw new ConfigError(
      'probe.address and probe.passwordFile (POPLAR_PROBE_ADDRESS, POPLAR_PROBE_PASSWORD_FILE) must be set together',
    );
  }
  return { address, passwordFile };
}

function takeTracing(settings: Settings): Config['tracing'] {
  return {
    url: settings.take({
      key: 'tracing.url',
      variable: 'POPLAR_TRACING_URL',
      parse: value.optional(value.collectorUrl),
      fallback: null,
    }),
  };
}

function takeWebhooks(settings: Settings): Config['webhooks'] {
  return {
    allowedNetworks: settings.take<readonly string[]>({
      key: 'webhooks.allowedNetworks',
      variable: 'POPLAR_WEBHOOK_NETWORKS',
      parse: value.list(value.network),
      fallback: [],
    }),
    http: settings.take({
      key: 'webhooks.http',
      variable: 'POPLAR_WEBHOOK_HTTP',
      parse: value.flag,
      fallback: false,
    }),
  };
}

function takeDatabase(settings: Settings): Config['database'] {
  return {
    url: settings.take({
      key: 'database.url',
      variable: 'DATABASE_URL',
      parse: value.optional(value.databaseUrl),
      fallback: null,
    }),
  };
}

function takeTls(settings: Settings): Config['tls'] {
  const file = (key: string, variable: string): string | null =>
    settings.take<string | null>({
      key: `tls.${key}`,
      variable,
      parse: value.optional(value.text),
      fallback: null,
    });
  const certFile = file('certFile', 'POPLAR_TLS_CERT');
  const keyFile = file('keyFile', 'POPLAR_TLS_KEY');
  if ((certFile === null) !== (keyFile === null)) {
    throw new ConfigError(
      'tls.certFile and tls.keyFile (POPLAR_TLS_CERT, POPLAR_TLS_KEY) must be set together',
    );
  }
  const certificates = settings.take({
    key: 'tls.certificates',
    parse: value.list(value.certificateFiles),
    fallback: [],
  });
  return {
    certFile,
    keyFile,
    certificates,
    clientCaFile: file('clientCaFile', 'POPLAR_TLS_CLIENT_CA'),
  };
}

function takeLocks(settings: Settings): Config['locks'] {
  return {
    takeover: settings.take({
      key: 'locks.takeover',
      variable: 'POPLAR_TAKEOVER',
      parse: value.oneOf(takeoverRules),
      fallback: 'dead',
    }),
  };
}

function takeLimits(settings: Settings): Limits {
  const limit = (key: keyof Limits, fallback: number, min = 1, max = 86_400_000): number =>
    settings.take({
      key: `limits.${key}`,
      variable: `POPLAR_${key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`,
      parse: value.integer(min, max),
      fallback,
    });
  return {
    connectionsMax: limit('connectionsMax', 10_000, 1, 1_000_000),
    connectionsPerAddressMax: limit('connectionsPerAddressMax', 500, 1, 1_000_000),
    loginTimeoutMs: limit('loginTimeoutMs', 60_000),
    tlsHandshakeTimeoutMs: limit('tlsHandshakeTimeoutMs', 10_000),
    idleTimeoutMs: limit('idleTimeoutMs', 600_000),
    writeStallMs: limit('writeStallMs', 600_000),
    drainNoticeMs: limit('drainNoticeMs', 0, 0),
    drainTimeoutMs: limit('drainTimeoutMs', 30_000, 0),
    messageOctetsMax: limit('messageOctetsMax', 157_286_400, 1, 1_000_000_000),
    snapshotCacheOctets: limit('snapshotCacheOctets', 64 * 1024 * 1024, 0, 2 ** 40),
    lockWaitMs: limit('lockWaitMs', 3_000, 0, 60_000),
    idleTakeoverMs: limit('idleTakeoverMs', 60_000),
    workerHeapMib: limit('workerHeapMib', 1_024, 64, 65_536),
    databaseConnectionsMax: limit('databaseConnectionsMax', 10, 1, 1_000),
  };
}

/** A system may call itself what no protocol can say, which is no reason not to serve. */
export function defaultHostName(ofSystem: string): string {
  return value.isHostName(ofSystem) ? ofSystem : 'localhost';
}

/** Two nodes on one host differ by a port they cannot share. */
function defaultNodeName(listeners: Listeners): string {
  const port = (listeners.ops ?? listeners.pop3)?.port ?? 0;
  return port === 0 ? `${os.hostname()}-${process.pid}` : `${os.hostname()}-${port}`;
}

function readConfigFile(
  environment: Environment,
  options: LoadOptions,
): { name: string; table: FileTable } {
  if (options.file === null) return { name: defaultFile, table: {} };
  const named = options.file ?? environment.POPLAR_CONFIG;
  const name = named === undefined || named === '' ? defaultFile : named;
  let content: string;
  try {
    content = readFileSync(name, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    if (code === 'ENOENT' && name === defaultFile) return { name, table: {} };
    throw new ConfigError(`${name}: cannot be read (${code})`);
  }
  try {
    return { name, table: parseToml(content) };
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [reason = 'invalid'] = error.message.split('\n');
    throw new ConfigError(`${name}:${error.line}:${error.column}: ${reason}`);
  }
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const inner of Object.values(value)) deepFreeze(inner);
    Object.freeze(value);
  }
  return value;
}
