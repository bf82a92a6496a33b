/**
 * Two listeners must not be told the same address: workers share ports (SO_REUSEPORT), so the system
 * itself would let POP3 and POP3S listen on one port and deal clients out to either.
 *
 * Never: a look-up of a host name. What only a look-up could tell is found when the ports are proven
 * free (listen.ts).
 */

import { BlockList, isIP, SocketAddress } from 'node:net';
import { type Address, type Listeners, printAddress, type Role } from './config.ts';
import { ConfigError } from './config-error.ts';

interface Listening {
  /** The setting, as the operator knows it. */
  readonly name: string;
  readonly address: Address;
}

const roleOf: Readonly<Partial<Record<keyof Listeners, Role>>> = {
  pop3: 'pop3',
  pop3s: 'pop3',
  pop3Proxy: 'pop3',
  pop3sProxy: 'pop3',
  lmtp: 'maildrop',
  admin: 'admin',
};

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

export interface ListenersToCheck {
  readonly listeners: Listeners;
  /** Listeners of other roles do not count. */
  readonly roles: readonly Role[];
  /** Where each value came from, by key: see Config. */
  readonly sources: Readonly<Record<string, string>>;
}

/** Throws ConfigError, naming both settings, for the first two that would meet. */
export function refuseListenerConflicts(config: ListenersToCheck): void {
  const all = listeningOf(config);
  for (const [index, one] of all.entries()) {
    const other = all.slice(index + 1).find(({ address }) => meet(one.address, address));
    if (other === undefined) continue;
    throw new ConfigError(
      `${printed(one)} and ${printed(other)} are the same address: give each listener its own`,
    );
  }
}

function listeningOf({ listeners, roles, sources }: ListenersToCheck): Listening[] {
  return Object.entries(listeners).flatMap(([key, value]) => {
    const role = Object.entries(roleOf).find(([listener]) => listener === key)?.[1];
    if (role !== undefined && !roles.includes(role)) return [];
    // Among the listeners are settings that are no addresses, such as default domains.
    if (value === null || typeof value === 'string') return [];
    const addresses: readonly Address[] = Array.isArray(value) ? value : [value];
    const name = nameOf(key, sources[`listeners.${key}`] ?? 'default');
    return addresses.map((address) => ({ name, address }));
  });
}

/** A variable by its name, a line of the file with the file, a default by what would change it. */
function nameOf(key: string, source: string): string {
  const variable = `POPLAR_LISTEN_${key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
  if (source === variable) return variable;
  return source === 'default' ? `the default of ${variable}` : `${source}: listeners.${key}`;
}

function printed({ name, address }: Listening): string {
  return `${name} (${printAddress(address)})`;
}

function meet(one: Address, other: Address): boolean {
  if ('path' in one || 'path' in other) {
    return 'path' in one && 'path' in other && one.path === other.path;
  }
  if (one.port !== other.port || one.port === 0) return false;
  const [first, second] = [canonical(one.host), canonical(other.host)];
  return first === second || covers(first, second) || covers(second, first);
}

/** Whether listening on `host` takes the port on `other` too. `::` takes IPv4 with it. */
function covers(host: string, other: string): boolean {
  if (host === '::') return true;
  if (host === '0.0.0.0') return isIP(other) !== 6;
  if (host !== 'localhost') return false;
  const family = isIP(other);
  return family !== 0 && loopback.check(other, family === 6 ? 'ipv6' : 'ipv4');
}

function canonical(host: string): string {
  if (isIP(host) !== 6) return host.toLowerCase();
  return new SocketAddress({ address: host, family: 'ipv6' }).address;
}
