/**
 * How one value is written, in a variable (always text) and in TOML (text, number or list). A parser
 * throws ValueError with words that stand behind the name of the key.
 *
 * Never: a file, a socket or a look-up; a guess at what was meant.
 */

import { isIP } from 'node:net';
import type { Address, CertificateFiles, TcpAddress } from './config.ts';
import { isTable, type Parse, ValueError } from './settings.ts';

const hostPattern = /^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/;

/** Of sun_path on Linux, without the final zero octet. */
export const socketPathOctetsMax = 107;

/** As in the protocol's limits: a greeting is one line, far below 512 octets. */
const hostNameOctetsMax = 255;

export function text(value: unknown): string {
  if (typeof value !== 'string') throw new ValueError('must be a string');
  if (value.trim() === '') throw new ValueError('must not be empty');
  return value;
}

/**
 * What greetings and Received lines call this host. The protocols refuse any other name with an
 * assertion, so it is checked here, before a client connects.
 */
export function hostName(value: unknown): string {
  const written = text(value).trim();
  if (!isHostName(written)) {
    throw new ValueError(
      `must be a host name: at most ${hostNameOctetsMax} letters, digits, dots, hyphens`,
    );
  }
  return written;
}

/** The protocol's rule for its greeting, which is wider than that of RFC 1123 §2.1. */
export function isHostName(name: string): boolean {
  return name.length <= hostNameOctetsMax && /^[A-Za-z0-9][\w.:-]*$/.test(name);
}

/** Empty text means that the setting is off. */
export function optional<T>(parse: Parse<T>): Parse<T | null> {
  return (value) => (typeof value === 'string' && value.trim() === '' ? null : parse(value));
}

export function integer(min: number, max: number): Parse<number> {
  return (value) => {
    const number =
      typeof value === 'string' && /^\d{1,15}$/.test(value.trim()) ? Number(value) : value;
    if (
      typeof number !== 'number' ||
      !Number.isSafeInteger(number) ||
      number < min ||
      number > max
    ) {
      throw new ValueError(`must be a whole number from ${min} to ${max}`);
    }
    return number;
  };
}

/** Yes or no, as people write them. */
export function flag(value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  if (value === 'true' || value === 'on' || value === '1') return true;
  if (value === 'false' || value === 'off' || value === '0') return false;
  throw new ValueError('must be true or false');
}

export function oneOf<const T extends string>(choices: readonly T[]): Parse<T> {
  return (value) => {
    const choice = choices.find((candidate) => candidate === value);
    if (choice === undefined) throw new ValueError(`must be one of ${choices.join(', ')}`);
    return choice;
  };
}

/** `a,b` in a variable, a list in TOML. Empty text is the empty list. */
export function list<T>(parse: Parse<T>): Parse<readonly T[]> {
  return (value) => {
    if (Array.isArray(value)) return value.map((item: unknown) => parse(item));
    if (typeof value !== 'string') throw new ValueError('must be a list or comma-separated text');
    const items = value.split(',').map((item) => item.trim());
    return items.filter((item) => item !== '').map(parse);
  };
}

/** At least one, none twice. */
export function set<const T extends string>(choices: readonly T[]): Parse<readonly T[]> {
  const items = list(oneOf(choices));
  return (value) => {
    const chosen = [...new Set(items(value))];
    if (chosen.length === 0)
      throw new ValueError(`must name at least one of ${choices.join(', ')}`);
    return chosen;
  };
}

/** `host:port`, `[v6]:port`, `:port` (all addresses). */
export function tcpAddress(value: unknown): TcpAddress {
  const written = typeof value === 'string' ? value.trim() : '';
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:\s[\]]*)):(\d{1,5})$/.exec(written);
  const port = Number(match?.[3] ?? Number.NaN);
  const [, bracketed, plain = ''] = match ?? [];
  const hostIsGood =
    bracketed === undefined
      ? plain === '' || plain === '*' || hostPattern.test(plain)
      : isIP(bracketed) === 6;
  if (match === null || port > 65_535 || !hostIsGood) {
    throw new ValueError('must be written host:port, for example 127.0.0.1:1110 or [::1]:1110');
  }
  const isAll = bracketed === undefined && (plain === '' || plain === '*');
  return { host: bracketed ?? (isAll ? '::' : plain), port };
}

/** `host:port` or `unix:/path`. */
export function address(value: unknown): Address {
  if (typeof value !== 'string' || !value.trim().startsWith('unix:')) return tcpAddress(value);
  const path = value.trim().slice('unix:'.length);
  if (!path.startsWith('/')) throw new ValueError('must give an absolute path behind unix:');
  if (Buffer.byteLength(path) > socketPathOctetsMax) {
    throw new ValueError(`names a socket path longer than ${socketPathOctetsMax} octets`);
  }
  return { path };
}

/** `192.0.2.0/24`, `2001:db8::/32`, or a single address. */
export function network(value: unknown): string {
  const written = typeof value === 'string' ? value.trim() : '';
  const [host = '', prefix = '', ...rest] = written.split('/');
  const bits = isIP(host) === 4 ? 32 : 128;
  const prefixIsGood =
    !written.includes('/') || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= bits);
  if (isIP(host) === 0 || host.includes('%') || !prefixIsGood || rest.length > 0) {
    throw new ValueError('must be written like 192.0.2.0/24 or 2001:db8::/32');
  }
  return written;
}

/** A URL that PostgreSQL's own tools would take. What it says is never repeated: it has secrets. */
export function databaseUrl(value: unknown): string {
  const written = typeof value === 'string' ? value.trim() : '';
  if (!/^postgres(ql)?:\/\/\S*$/.test(written)) {
    throw new ValueError('must be a URL that begins with postgres:// or postgresql://');
  }
  return written;
}

/** Without credentials, a query or a fragment: it is shown by `poplar config`. */
export function collectorUrl(value: unknown): string {
  const given = text(value);
  const url = URL.parse(given);
  const isPlain = url !== null && `${url.username}${url.password}${url.search}${url.hash}` === '';
  if (!isPlain || !['http:', 'https:'].includes(url.protocol)) {
    throw new ValueError('must be an http or https URL without credentials');
  }
  return given;
}

export function certificateFiles(value: unknown): CertificateFiles {
  if (!isTable(value)) throw new ValueError('must be a list of tables with certFile and keyFile');
  const { certFile, keyFile, ...rest } = value;
  const [unknownKey] = Object.keys(rest);
  if (unknownKey !== undefined) throw new ValueError(`has an unknown key ${unknownKey}`);
  if (typeof certFile !== 'string' || typeof keyFile !== 'string') {
    throw new ValueError('needs certFile and keyFile in each of its tables');
  }
  return { certFile, keyFile };
}
