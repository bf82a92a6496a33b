/**
 * What the kernel still holds of what it was given for a client: octets that the client's side has
 * not acknowledged, and whether that side answers at all. Node.js tells only when the kernel has
 * taken a write, which says little: on a fast path it takes megabytes at once, then nothing until
 * more than a megabyte has left. Linux lists the rest in /proc/net/tcp, one line a connection.
 *
 * Never: a look that blocks the thread while the kernel writes its list; an error where there is no
 * such list (then nothing is known, and nothing is claimed).
 */

import { open } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { kernelListPieceOctets } from '../limits.ts';

/** The state of a connection that both sides have closed, in the list. */
const timeWait = '06 ';

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
    for await (const lines of piecesOf(list)) {
      for (const [key, queue] of queuesIn(lines)) {
        const socket = wanted.get(key);
        if (socket !== undefined) found.set(socket, queue);
      }
    }
  }
  return found;
}

/**
 * Whole lines, some at a time: a host that closes a thousand connections a second has sixty thousand of them in
 * the list, and the thread has others to serve between them. Ends early where there is no such list.
 */
async function* piecesOf(path: string): AsyncGenerator<string> {
  let rest = '';
  try {
    await using file = await open(path);
    const buffer = Buffer.allocUnsafe(kernelListPieceOctets);
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length, null);
      if (bytesRead === 0) break;
      const text = rest + buffer.toString('latin1', 0, bytesRead);
      const end = text.lastIndexOf('\n') + 1;
      rest = text.slice(end);
      yield text.slice(0, end);
    }
  } catch {
    // Nothing is known, and nothing is claimed.
  }
}

/**
 * `sl local_address rem_address st tx_queue:rx_queue tr:tm->when retrnsmt uid timeout inode ...`,
 * numbers in hexadecimal but uid, timeout and inode; `timeout` counts questions for room that are
 * not answered yet. Connections that are over (TIME_WAIT), often nearly all of them, are passed over unread.
 */
export function* queuesIn(text: string): Generator<[key: string, queue: KernelQueue]> {
  let end = 0;
  for (let at = 0; at < text.length; at = end + 1) {
    end = text.indexOf('\n', at);
    if (end < 0) end = text.length;
    const local = text.indexOf(': ', at) + 2;
    const remote = text.indexOf(' ', local) + 1;
    const state = text.indexOf(' ', remote) + 1;
    if (text.startsWith(timeWait, state)) continue;
    const [, queues = '', , retransmits = '', , probes = ''] = text
      .slice(state, end)
      .trim()
      .split(/\s+/);
    const octets = Number.parseInt(queues, 16);
    if (Number.isNaN(octets)) continue;
    const isUnanswered = Number.parseInt(retransmits, 16) > 0 || Number(probes) > 0;
    yield [text.slice(local, state - 1), { octets, isUnanswered }];
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
