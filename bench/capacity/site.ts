/**
 * What a site is to the model: its mailboxes and what they do, its nodes and how connections reach them. The
 * one that stands here has ten million mailboxes; another comes as JSON with the keys that differ.
 *
 * Never: a cost; those are measured.
 */

import { readFileSync } from 'node:fs';

export interface Site {
  readonly mailboxes: number;
  /** Part of them that is polled at all on a day. */
  readonly activeShare: number;
  /** Between two polls of such a mailbox, on average over the day. */
  readonly pollIntervalSeconds: number;
  /** The busiest minutes against the average. */
  readonly peakFactor: number;
  /** How long a session lasts: round trips of real clients, mostly. */
  readonly sessionSeconds: number;
  /** Part of the sessions with TLS from a full handshake. */
  readonly tlsShare: number;
  /** New messages of an active mailbox in a day; each is read once. */
  readonly messagesPerDay: number;
  /** Of the other mailboxes: they are stored and not read. */
  readonly messagesPerDayOfIdle: number;
  readonly messageOctets: number;
  /** Part of the messages that is deleted when it has been read. */
  readonly deletedShare: number;
  /** In a maildrop, on average. */
  readonly messagesStored: number;
  /** `node`: any node for any connection. `source`: a client comes to the same node. */
  readonly balance: 'node' | 'source';
  readonly workersOfNode: number;
  /** Processors of a node, and how busy they may be at the peak. */
  readonly processorsOfNode: number;
  readonly utilisation: number;
  readonly checkpointSeconds: number;
  readonly settings: Settings;
}

/** Those of poplar.toml that matter here. */
interface Settings {
  /** limits.databaseConnectionsMax */
  readonly databaseConnectionsMax: number;
  /** limits.snapshotCacheOctets */
  readonly snapshotCacheOctets: number;
  /** auth.cacheSeconds */
  readonly authCacheSeconds: number;
  /** auth.cacheOctets */
  readonly authCacheOctets: number;
}

export const tenMillion: Site = {
  mailboxes: 10_000_000,
  activeShare: 0.3,
  pollIntervalSeconds: 900,
  peakFactor: 2.5,
  sessionSeconds: 1.5,
  tlsShare: 0.9,
  messagesPerDay: 10,
  messagesPerDayOfIdle: 1,
  messageOctets: 40_000,
  deletedShare: 0.6,
  messagesStored: 100,
  balance: 'source',
  workersOfNode: 8,
  processorsOfNode: 8,
  utilisation: 0.6,
  checkpointSeconds: 900,
  settings: {
    databaseConnectionsMax: 10,
    snapshotCacheOctets: 64 * 1024 * 1024,
    authCacheSeconds: 3_600,
    authCacheOctets: 32 * 1024 * 1024,
  },
};

export type SiteChanges = Partial<Omit<Site, 'settings'>> & {
  readonly settings?: Partial<Settings>;
};

export function siteWith(changes: SiteChanges, site: Site = tenMillion): Site {
  const known = new Set([...Object.keys(site), ...Object.keys(site.settings)]);
  const unknown = [...Object.keys(changes), ...Object.keys(changes.settings ?? {})].filter(
    (key) => !known.has(key),
  );
  if (unknown.length > 0) {
    throw new Error(`a site has no ${unknown.join(', ')}; it has ${[...known].join(', ')}`);
  }
  return { ...site, ...changes, settings: { ...site.settings, ...changes.settings } };
}

export function readSite(path: string): Site {
  return siteWith(parsed(path));
}

function parsed(path: string): SiteChanges {
  const text = readFileSync(path, 'utf8');
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`${path}: ${error instanceof Error ? error.message : error}`, { cause: error });
  }
}
