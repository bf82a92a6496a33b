/**
 * Which settings a running node takes over when its configuration is read again (SIGHUP), and which
 * wait for its next start.
 *
 * What sizes memory, opens sockets or names the node is fixed when it starts; deadlines, shares, the
 * cleartext rule, certificates and the log's level are looked up when they are needed, so they may move
 * under sessions that stand.
 *
 * Never: a setting that is changed by half; a setting that is silently not taken.
 */

import type { Config, Limits } from './config.ts';

export const reloadedLimits = [
  'connectionsMax',
  'connectionsPerAddressMax',
  'loginTimeoutMs',
  'idleTimeoutMs',
  'writeStallMs',
  'idleTakeoverMs',
  'drainNoticeMs',
  'drainTimeoutMs',
] as const satisfies readonly (keyof Limits)[];

const reloadedKeys: ReadonlySet<string> = new Set([
  'cleartext',
  'logLevel',
  'tls.certFile',
  'tls.keyFile',
  'tls.certificates',
  ...reloadedLimits.map((key) => `limits.${key}`),
]);

export interface Reloaded {
  /** What runs, with what was taken over. */
  readonly config: Config;
  /** Keys that were taken over, and keys whose new value waits for the next start. */
  readonly changed: readonly string[];
  readonly waiting: readonly string[];
  /** Keys whose value in the file has changed and does not count, with the variable that does. */
  readonly hidden: readonly string[];
}

/**
 * @param running the configuration in use, its ports resolved
 * @param former what was asked for when it was made; compared with `asked` key by key
 */
export function reloadConfig(given: {
  readonly running: Config;
  readonly former: Config;
  readonly asked: Config;
}): Reloaded {
  const { running, former, asked } = given;
  const differing = Object.keys(asked.sources).filter(
    (key) => JSON.stringify(settingOf(former, key)) !== JSON.stringify(settingOf(asked, key)),
  );
  const limits = Object.fromEntries(reloadedLimits.map((key) => [key, asked.limits[key]]));
  const { certFile, keyFile, certificates } = asked.tls;
  return {
    config: Object.freeze({
      ...running,
      cleartext: asked.cleartext,
      logLevel: asked.logLevel,
      tls: Object.freeze({ ...running.tls, certFile, keyFile, certificates }),
      limits: Object.freeze({ ...running.limits, ...limits }),
    }),
    changed: differing.filter((key) => reloadedKeys.has(key)),
    waiting: differing.filter((key) => !reloadedKeys.has(key)),
    hidden: Object.keys(asked.hidden)
      .filter((key) => asked.hidden[key] !== former.hidden[key])
      .map((key) => `${key} (${asked.sources[key]})`),
  };
}

function settingOf(config: Config, key: string): unknown {
  let value: unknown = config;
  for (const part of key.split('.')) value = Object(value)[part];
  return value;
}
