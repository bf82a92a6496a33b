/**
 * What the kernel still holds of what it was given for a client: octets that the client's side has
 * not acknowledged, and whether that side answers at all. Node.js tells only when the kernel has
 * taken a write, which says little: on a fast path it takes megabytes at once, then nothing until
 * more than a megabyte has left. Linux lists the rest in /proc/net/tcp, one line a connection.
 *
 * Never: a look that blocks the thread while the kernel writes its list; an error where there is no
 * such list (then nothing is known, and nothing is claimed).
 */

import { readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';

export interface KernelQueue {
  /** Octets without an acknowledgement, TLS records and all. */
  readonly octets: number;
  /** The kernel repeats itself, or asks for room, and hears nothing. */
  readonly isUnanswered: boolean;
}

/** What a connection is called in the list. */
type Ends = Pick<Socket, 'localAddress' | 'localPort' | 'remoteAddress' | 'remotePort'>;

/** The queues of these sockets; one that is not listed, such as one that closed, is left out. */
export async function kernelQueues<T extends Ends>(
  sockets: Iterable<T>,
): Promise<Map<T, KernelQueue>> {
  const wanted = new Map<string, T>();
  for (const socket of sockets) {
    const key = keyOf(socket);
    if (key !== null) wanted.set(key, socket);
  }
  const found = new Map<T, KernelQueue>();
  for (const list of ['/proc/net/tcp', '/proc/net/tcp6']) {
    if (wanted.size === found.size) break;
    for (const [key, queue] of queuesIn(await textOf(list))) {
      const socket = wanted.get(key);
      if (socket !== undefined) found.set(socket, queue);
    }
  }
  return found;
}

async function textOf(list: string): Promise<string> {
  try {
    return await readFile(list, 'latin1');
  } catch {
    return '';
  }
}

/**
 * `sl local_address rem_address st tx_queue:rx_queue tr:tm->when retrnsmt uid timeout inode ...`,
 * numbers in hexadecimal but uid, timeout and inode; `timeout` counts questions for room that are
 * not answered yet.
 */
export function* queuesIn(text: string): Generator<[key: string, queue: KernelQueue]> {
  for (const line of text.split('\n')) {
    const [, local, remote, , queues = '', , retransmits = '', , probes = ''] = line
      .trim()
      .split(/\s+/);
    const octets = Number.parseInt(queues, 16);
    if (Number.isNaN(octets)) continue;
    const isUnanswered = Number.parseInt(retransmits, 16) > 0 || Number(probes) > 0;
    yield [`${local} ${remote}`, { octets, isUnanswered }];
  }
}

function keyOf(socket: Ends): string | null {
  const { localAddress, localPort, remoteAddress, remotePort } = socket;
  if (localAddress === undefined || remoteAddress === undefined) return null;
  return `${endOf(localAddress, localPort ?? 0)} ${endOf(remoteAddress, remotePort ?? 0)}`;
}

function hex(value: number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, '0');
}

/** Words of 32 bits as this machine has them in memory: every platform of Node 26 is little-endian. */
function endOf(address: string, port: number): string {
  const octets = octetsOf(address);
  let words = '';
  for (let at = 0; at < octets.length; at += 4) {
    for (let i = 3; i >= 0; i -= 1) words += hex(octets[at + i] ?? 0, 2);
  }
  return `${words}:${hex(port, 4)}`;
}

/** The 4 or 16 octets of an address in the form that Node.js gives (RFC 5952). */
function octetsOf(address: string): number[] {
  const [bare = ''] = address.split('%');
  if (!bare.includes(':')) return bare.split('.').map(Number);
  const [before = '', after] = bare.split('::');
  const head = groupsOf(before);
  const tail = after === undefined ? [] : groupsOf(after);
  return [...head, ...Array<number>(16 - head.length - tail.length).fill(0), ...tail];
}

function groupsOf(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (group.includes('.')) return group.split('.').map(Number);
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}
