/**
 * What a server is to the bench: something that is started with a secret that opens every mailbox, is
 * given mail, and whose processes can be counted.
 *
 * Never: a server that outlives the bench; an address outside the loopback range.
 */

import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Corpus } from '../corpus.ts';
import type { Ports } from '../load/order.ts';

export interface BenchServer {
  /** As it is chosen on the command line. */
  readonly name: string;
  /** With its version and how it is set up, for the table. */
  readonly description: string;
  /** One, or as many as its cluster has. */
  readonly nodes: readonly Ports[];
  /** Sessions it is set up for. */
  readonly sessionsMax: number;
  /** What opens every mailbox. */
  readonly secret: string;
  /** Process ids whose trees are the server, by what they are. */
  parts(): Readonly<Record<string, readonly number[]>>;
  /** Makes these mailboxes, with their mail in them. */
  fill(corpus: Corpus): Promise<void>;
  /** Waits, for a bounded time, until work that is done behind the replies is done. */
  settle(): Promise<void>;
  /** Collects garbage, where a server has any and can be told to. */
  collect(): Promise<void>;
  /** The end of its log, for when a run has failed. */
  lastWords(): string;
  stop(): Promise<void>;
}

const lastWordsOctets = 2_000;

/** The end of a log file, if there is one. */
export function endOf(logFile: string): string {
  return existsSync(logFile) ? readFileSync(logFile, 'utf8').slice(-lastWordsOctets) : '';
}

/** What must be installed, and how. */
export class NotInstalled extends Error {
  override readonly name = 'NotInstalled';
  readonly packages: readonly string[];

  constructor(what: string, packages: readonly string[]) {
    super(`${what} is not installed: apt-get install ${packages.join(' ')}, or give --install`);
    this.packages = packages;
  }
}

/** Ports that are free now, for servers that cannot be asked to choose. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve, reject) => {
          server.once('error', reject);
          server.listen(0, '127.0.0.1', () => {
            const address = server.address();
            resolve(typeof address === 'object' && address !== null ? address.port : 0);
          });
        }),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
