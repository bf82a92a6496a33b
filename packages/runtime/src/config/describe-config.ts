/**
 * The configuration as an operator is shown it: every setting with its value and where that came
 * from, in the order of loading.
 *
 * Never: a password. The one setting that holds one is printed without it.
 */

import { type Address, type Config, printAddress } from './config.ts';

export interface DescribedSetting {
  readonly key: string;
  readonly value: string;
  /** `default`, the name of a variable, or the path of the file. */
  readonly source: string;
}

export function describeConfig(config: Config): readonly DescribedSetting[] {
  return Object.entries(config.sources).map(([key, source]) => ({
    key,
    value: printedValue(config, key),
    source,
  }));
}

/** A database URL without its password, be it before the host or among the parameters. */
export function hidePassword(url: string): string {
  return url
    .replace(/^([a-z]+:\/\/[^:@/?#]*):.*@/i, '$1:***@')
    .replace(/([?&](?:password|sslpassword|passfile)=)[^&#]*/gi, '$1***');
}

function printedValue(config: Config, key: string): string {
  if (key === 'database.url') {
    return config.database.url === null ? '(embedded)' : hidePassword(config.database.url);
  }
  if (key === 'listeners.pop3Tls')
    return (config.listeners.pop3 ?? config.listeners.pop3Proxy)?.tls ?? '(off)';
  let value: unknown = config;
  for (const part of key.split('.')) value = Object(value)[part];
  return printed(value);
}

function printed(value: unknown): string {
  if (value === null || value === undefined) return '(off)';
  if (Array.isArray(value)) return value.length === 0 ? '(none)' : value.map(printed).join(', ');
  if (isAddress(value)) return printAddress(value);
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function isAddress(value: unknown): value is Address {
  return (
    typeof value === 'object' &&
    value !== null &&
    ('path' in value || ('host' in value && 'port' in value))
  );
}
