/**
 * From a site, a number of nodes and measured costs to what nodes and PostgreSQL have to bear at the peak.
 * docs/operations/capacity.md has the formulae in words.
 *
 * What grows with nodes and what does not: connections and renewals grow with every worker; statements
 * are shared by the clients of one worker at one moment, so many workers that each have little to do cost
 * PostgreSQL more; caches know what came to their own worker or node, so a client that comes to
 * another node each time finds nothing there.
 *
 * Never: a constant of the product that is not named here with where it stands.
 */

import { atSize, type Cost, type Costs, nothing, type PollCost, plus } from './costs.ts';
import type { Site } from './site.ts';

/** services/node/src/serve/limits.ts: renewIntervalMs, penaltyIntervalMs. */
const renewSeconds = 5;
const exchangeSeconds = 2;
/** packages/store/src/limits.ts: loginCacheEntriesMax, loginCacheTtlMs. */
const loginsRemembered = 50_000;
const loginSeconds = 3_600;
const octetsPerLogin = 400;
/** packages/store/src/snapshots.ts: what a list of messages counts for. */
const octetsPerList = 1_000;
const octetsPerListed = 56;
/** packages/identity/src/cache/tag-table.ts: an entry is six words. */
const octetsPerVerification = 24;
/** services/maildrop/src/limits.ts: databaseConnectionsMax, and the short line. */
const connectionsOfMaildrop = 9;
const connectionsOfMain = 2;
const daySeconds = 86_400;

export interface Capacity {
  readonly nodes: number;
  /** At the peak, in a second. */
  readonly polls: number;
  readonly deliveries: number;
  readonly pollsOfWorker: number;
  /** Maildrops open at the same time, which is locks that are held. */
  readonly sessions: number;
  readonly sessionsOfNode: number;
  /** Parts of the polls for which something was not remembered. */
  readonly misses: { readonly hash: number; readonly login: number; readonly list: number };
  readonly hashes: number;
  /** Processors that are busy, of all nodes and of PostgreSQL. */
  readonly nodeProcessors: number;
  readonly postgresProcessors: number;
  /** Of the processors of a node. */
  readonly nodeUtilisation: number;
  /** PostgreSQL connections at most. */
  readonly connections: number;
  /** Lock rows written in a second: one write to open, one to close. */
  readonly lockWrites: number;
  /** Owner rows written in a second, and statements for it and for the exchange of penalties. */
  readonly leaseWrites: number;
  readonly nodeStatements: number;
  readonly walOctets: number;
  /** The part of it that is full pages of the lock table. */
  readonly walFullPages: number;
  readonly memoryOfNode: number;
  readonly memoryOfConnections: number;
}

export function capacityOf(site: Site, nodes: number, costs: Costs): Capacity {
  const active = site.mailboxes * site.activeShare;
  const polls = (active / site.pollIntervalSeconds) * site.peakFactor;
  const newMessages = (active * site.messagesPerDay * site.peakFactor) / daySeconds;
  const unread =
    ((site.mailboxes - active) * site.messagesPerDayOfIdle * site.peakFactor) / daySeconds;
  const deliveries = newMessages + unread;
  const workers = nodes * site.workersOfNode;
  const pollsOfWorker = polls / workers;
  const misses = missesOf(site, nodes);
  const perSecond = costOf(site, costs, {
    ...{ polls, newMessages, deliveries, pollsOfWorker, misses },
    updates: newMessages * site.deletedShare * updatesOfMessage(site),
  });
  const total = plus(perSecond, costs.idle, nodes);
  const walFullPages = fullPages(site, polls, costs.locksOfPage) * costs.fullPage;
  const hashes = polls * misses.hash;
  const nodeProcessors = (total.node + hashes * costs.hash) / 1e6;
  const connections = nodes * connectionsOfNode(site);
  const sessions = polls * site.sessionSeconds;
  return {
    nodes,
    polls,
    deliveries,
    pollsOfWorker,
    sessions,
    sessionsOfNode: sessions / nodes,
    misses,
    hashes,
    nodeProcessors,
    postgresProcessors: total.postgres / 1e6,
    nodeUtilisation: nodeProcessors / nodes / site.processorsOfNode,
    connections,
    lockWrites: 2 * polls,
    leaseWrites: leaseWritesOf(site, nodes),
    nodeStatements: nodes / renewSeconds + nodes / exchangeSeconds,
    walOctets: total.wal + walFullPages,
    walFullPages,
    memoryOfNode: memoryOf(site, costs, sessions / nodes),
    memoryOfConnections: connections * costs.memory.backend,
  };
}

/** A session that finds new mail finds all that has come since the one before, mostly one message. */
function updatesOfMessage({ messagesPerDay, pollIntervalSeconds }: Site): number {
  const expected = (messagesPerDay * pollIntervalSeconds) / daySeconds;
  return expected === 0 ? 0 : (1 - Math.exp(-expected)) / expected;
}

/** Each worker of POP3 and the one of maildrop has an owner row. */
export function leaseWritesOf({ workersOfNode }: Site, nodes: number): number {
  return (nodes * (workersOfNode + 1)) / renewSeconds;
}

/** As docs/operations/README.md says it. */
export function connectionsOfNode({ workersOfNode, settings }: Site): number {
  return (
    workersOfNode * settings.databaseConnectionsMax + connectionsOfMaildrop + connectionsOfMain
  );
}

export interface Load {
  /** Sessions, those that find something included; in a second. */
  readonly polls: number;
  /** Messages that are read. */
  readonly newMessages: number;
  readonly deliveries: number;
  /** Sessions that delete something. */
  readonly updates: number;
  readonly pollsOfWorker: number;
  readonly misses: Capacity['misses'];
}

/** Of all nodes in a second, hashes and idling apart. */
export function costOf(site: Site, costs: Costs, load: Load): Cost {
  const { polls, newMessages, deliveries, misses } = load;
  const kilos = site.messageOctets / 1_000;
  const sums: readonly (readonly [Cost, number])[] = [
    [pollAt(costs.poll, load.pollsOfWorker), polls],
    [{ ...costs.handshake, wal: 0 }, polls * site.tlsShare],
    [costs.loginMiss, polls * misses.login],
    [atSize(costs.listMiss, site.messagesStored), polls * misses.list],
    [atSize(costs.retrieve, kilos), newMessages],
    [costs.remove.fixed, load.updates],
    [costs.remove.each, newMessages * site.deletedShare],
    [atSize(costs.deliver, kilos), deliveries],
  ];
  return sums.reduce((total, [cost, times]) => plus(total, cost, times), nothing);
}

/** Between the rates that were measured by the logarithm of the rate; outside of them as at the end. */
export function pollAt(measured: readonly PollCost[], perSecondOfWorker: number): Cost {
  const sorted = measured.toSorted((a, b) => a.perSecondOfWorker - b.perSecondOfWorker);
  const above = sorted.find((cost) => cost.perSecondOfWorker >= perSecondOfWorker);
  const below = sorted.findLast((cost) => cost.perSecondOfWorker <= perSecondOfWorker);
  if (above === undefined || below === undefined) return above ?? below ?? nothing;
  const [from, to] = [below.perSecondOfWorker, above.perSecondOfWorker];
  const part = from === to ? 0 : Math.log(perSecondOfWorker / from) / Math.log(to / from);
  return plus(plus(nothing, below, 1 - part), above, part);
}

/** Part of the polls whose verification their node remembers. */
export function verifiedShare(site: Site, nodes: number): number {
  return 1 - missesOf(site, nodes).hash;
}

/**
 * Arrivals at a cache are taken as independent of each other. A fact that lives for `ttl` is found by one
 * of those that come every `interval` in ttl / (ttl + interval) of the cases; a cache that has no room for
 * all of them finds what it has room for.
 */
function missesOf(site: Site, nodes: number): Capacity['misses'] {
  const { settings, workersOfNode } = site;
  const active = site.mailboxes * site.activeShare;
  const places = site.balance === 'node' ? nodes : 1;
  const ofNode = site.pollIntervalSeconds * places;
  const ofWorker = ofNode * workersOfNode;
  // Clients are divided over nodes, or all come to each of them.
  const clients = site.balance === 'node' ? active : active / nodes;
  const found = (ttl: number, interval: number, room: number): number => {
    const there = ttl / (ttl + interval);
    return there * Math.min(1, room / Math.max(1, clients * there));
  };
  const verifications = settings.authCacheOctets / octetsPerVerification;
  const verified = found(settings.authCacheSeconds, ofNode, verifications);
  const named = found(loginSeconds, ofWorker, loginsRemembered);
  // A list holds until the maildrop changes: a delivery, or a QUIT that deletes.
  const changes = (site.messagesPerDay * (1 + site.deletedShare)) / daySeconds;
  const lists = settings.snapshotCacheOctets / listOctets(site);
  const listed = Math.min(1, lists / Math.max(1, clients)) / (1 + changes * ofWorker);
  return { hash: 1 - verified, login: 1 - verified * named, list: 1 - listed };
}

function listOctets({ messagesStored }: Site): number {
  return octetsPerList + octetsPerListed * messagesStored;
}

/**
 * Pages of the lock table that are changed for the first time behind a checkpoint, in a second: each goes into
 * the WAL as a whole.
 */
function fullPages(site: Site, polls: number, locksOfPage: number): number {
  const pages = site.mailboxes / locksOfPage;
  const changes = polls * site.checkpointSeconds;
  return (pages * (1 - Math.exp(-changes / pages))) / site.checkpointSeconds;
}

function memoryOf(site: Site, { memory }: Costs, sessions: number): number {
  const { settings, workersOfNode, tlsShare } = site;
  const caches =
    workersOfNode * (settings.snapshotCacheOctets + loginsRemembered * octetsPerLogin) +
    settings.authCacheOctets;
  const session = memory.session * (1 - tlsShare) + memory.sessionTls * tlsShare;
  return memory.node + caches + sessions * session;
}
