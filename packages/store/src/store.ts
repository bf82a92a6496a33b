/**
 * The store: every verb of the mail service on PostgreSQL, in the order of a message's life; those of
 * administration are in its `directory` and its `credentials`. One for each thread that needs it; it
 * opens connections when they are first used.
 *
 * Four lanes, so that nobody waits behind work of another size: `short` is one pipelined
 * connection for what takes microseconds, `read` another for small bodies, `work` a few connections
 * for writes and slices, `stream` a few for COPY. Commits are asynchronous on `short` alone, where a lost one is a lock or a lease that ends
 * by itself.
 *
 * Never: a reply to a client decided here; a connection, a row or an SQLSTATE let out.
 */

import { Administration } from './administration.ts';
import { Bodies, type Slice } from './bodies.ts';
import { Closing } from './closing.ts';
import { Cluster } from './cluster.ts';
import { BatchPulse } from './connection/batch-pulse.ts';
import type { Link, LinkSettings } from './connection/link.ts';
import { LinkPool } from './connection/pool.ts';
import { ServerList } from './connection/server-list.ts';
import { ShortLine } from './connection/short-line.ts';
import type {
  BodyStream,
  DeliverRequest,
  DeliverResult,
  FlagRequest,
  FlagResult,
  KnownLogin,
  Login,
  MailboxId,
  OpenRequest,
  OpenResult,
  Recipient,
  Snapshot,
} from './contract.ts';
import { Credentials } from './credentials.ts';
import { deliver } from './delivery.ts';
import { Directory } from './directory.ts';
import { StoreError } from './errors.ts';
import { Events } from './events.ts';
import { Flagging } from './flagging.ts';
import {
  batchDistanceMs,
  lockWaitMs,
  loginCacheEntriesMax,
  loginCacheTtlMs,
  settleMs,
  shortStatementTimeoutMs,
  snapshotCacheOctets,
  streamConnectionsMax,
  streamStatementTimeoutMs,
  workConnectionsMax,
  workStatementTimeoutMs,
} from './limits.ts';
import { LockKeeper } from './lock-keeper.ts';
import { type LockQuestion, LockQuestions } from './lock-questions.ts';
import { Logins } from './logins.ts';
import { type StoreMeter, silentMeter } from './meter.ts';
import { Opening } from './opening.ts';
import { Owners } from './owners.ts';
import { Penalties, type Penalty, type PenaltyDeltas } from './penalties.ts';
import { forgetOldReceipts, type PurgeLimits, type PurgeResult, purge } from './purging.ts';
import { type Recipients, recipientsOn } from './recipients.ts';
import { Snapshots } from './snapshots.ts';
import type { NewOwner } from './statements/insert-owner.ts';
import type { Owner } from './statements/list-owners.ts';
import { readClusterKey } from './statements/read-cluster-key.ts';
import type { Renewal, Renewed } from './statements/renew-owners.ts';
import { type StoreStats, statsOf } from './stats.ts';
import { Subscriptions } from './subscriptions.ts';
import { realWorld, type World } from './world.ts';

export interface StoreOptions {
  /** A PostgreSQL URL; `?host=/dir` for a unix socket, several hosts for a primary and its standbys. */
  readonly databaseUrl: string;
  /** What pg_stat_activity shows. */
  readonly applicationName?: string;
  readonly workConnectionsMax?: number;
  readonly streamConnectionsMax?: number;
  readonly snapshotCacheOctets?: number;
  /** Logins that are remembered; 0 for none. */
  readonly loginCacheEntriesMax?: number;
  /** How long `open` waits for a maildrop that is in use; 0 to be told at once. */
  readonly lockWaitMs?: number;
  /** Server-side bound of a pipelined statement; a silent server is left soon after it. */
  readonly shortStatementTimeoutMs?: number;
  /** Hears of the short lane: the reason when it is lost or cannot be made, null when it is up. */
  readonly report?: (error: StoreError | null) => void;
  /** Hears of open maildrops whose lock is gone, by token: nothing their sessions mark will go. */
  readonly locksLost?: (tokens: readonly string[]) => void;
  /** Whether the owner of a maildrop in use is asked to look after its client. */
  readonly asksOwners?: boolean;
  /** Hears what others ask of locks that `open` gave. Without it the store does not listen. */
  readonly lockAsked?: (question: LockQuestion) => void;
  /** Whether webhooks are told of what happens here. Without it the store tells nobody. */
  readonly tellsWebhooks?: boolean;
  /** Hears what is measured. */
  readonly meter?: StoreMeter;
  /** Clock, timers and connections; the real ones unless a simulation gives its own. */
  readonly world?: World;
}

export class Store {
  /** Domains, mailboxes, names, grants and switches, for administration. */
  readonly directory: Directory;
  /** Passwords and other secrets, as they are stored. */
  readonly credentials: Credentials;
  /** Sessions and nodes, for administration. */
  readonly cluster: Cluster;
  /** Messages as an administrator sees them, tokens of the API, webhooks, the record of changes. */
  readonly administration: Administration;
  /** What webhooks are told of by who sees it happen. */
  readonly events: Events;

  readonly #short: ShortLine;
  readonly #read: ShortLine;
  readonly #work: LinkPool;
  readonly #stream: LinkPool;
  readonly #keeper: LockKeeper;
  readonly #closing: Closing;
  readonly #questions: LockQuestions;
  readonly #subscriptions: Subscriptions;
  readonly #opening: Opening;
  readonly #snapshots: Snapshots;
  readonly #bodies: Bodies;
  readonly #flagging: Flagging;
  readonly #logins: Logins;
  readonly #recipients: Recipients;
  readonly #penalties: Penalties;
  readonly #owners: Owners;
  readonly #world: World;

  constructor(options: StoreOptions) {
    const { databaseUrl, applicationName = 'poplar' } = options;
    const { world = realWorld, meter = silentMeter } = options;
    this.#world = world;
    const server = { databaseUrl, applicationName, servers: new ServerList(databaseUrl), meter };
    const short: LinkSettings = {
      ...server,
      pipeline: true,
      synchronousCommit: false,
      statementTimeoutMs: options.shortStatementTimeoutMs ?? shortStatementTimeoutMs,
    };
    const durable = { ...server, pipeline: false, synchronousCommit: true };
    this.#keeper = new LockKeeper(options.locksLost ?? (() => undefined));
    const prepare = (link: Link) => this.#prepare(link);
    this.#short = new ShortLine(short, { report: options.report, prepare }, world);
    this.#read = new ShortLine(short, {}, world);
    const follows = options.tellsWebhooks ?? false;
    this.#subscriptions = new Subscriptions({ line: this.#short, follows, world });
    this.#work = new LinkPool(
      { ...durable, statementTimeoutMs: workStatementTimeoutMs },
      options.workConnectionsMax ?? workConnectionsMax,
      world,
    );
    this.#stream = new LinkPool(
      { ...durable, statementTimeoutMs: streamStatementTimeoutMs },
      options.streamConnectionsMax ?? streamConnectionsMax,
      world,
    );
    const pulse = new BatchPulse(batchDistanceMs, world);
    this.#closing = new Closing({ line: this.#short, keeper: this.#keeper, pulse, world });
    this.#questions = new LockQuestions({
      line: this.#short,
      keeper: this.#keeper,
      asks: options.asksOwners ?? false,
      asked: options.lockAsked ?? null,
      world,
    });
    this.events = new Events(this.#short, this.#subscriptions, world);
    this.#opening = new Opening({
      line: this.#short,
      keeper: this.#keeper,
      closing: this.#closing,
      questions: this.#questions,
      pulse,
      waitMs: options.lockWaitMs ?? lockWaitMs,
      world,
      meter,
      stolen: (mailboxIds) => this.events.locksStolen(mailboxIds),
    });
    this.#snapshots = new Snapshots({
      line: this.#short,
      pool: this.#work,
      cacheOctets: options.snapshotCacheOctets ?? snapshotCacheOctets,
    });
    this.#bodies = new Bodies({ line: this.#read, work: this.#work, stream: this.#stream, meter });
    this.#flagging = new Flagging(this.#work, settleMs, world);
    const entriesMax = options.loginCacheEntriesMax ?? loginCacheEntriesMax;
    this.#logins = new Logins(this.#short, { entriesMax, ttlMs: loginCacheTtlMs });
    this.#recipients = recipientsOn(this.#short);
    this.#penalties = new Penalties(this.#short);
    this.directory = new Directory(this.#work);
    this.credentials = new Credentials(this.#short, this.#work);
    this.cluster = new Cluster(this.#work, this.#short);
    this.administration = new Administration(this.#work, this.#subscriptions);
    this.#owners = new Owners(this.#short);
  }

  /** Before anyone else uses a new link of the short lane. */
  async #prepare(link: Link): Promise<void> {
    // A server that lost its last commits gives their versions out again.
    this.#snapshots.clear();
    this.#logins.cache.clear();
    await this.#keeper.begin(link);
    await this.#questions.begin(link);
    await this.#subscriptions.begin(link);
  }

  /** Resolves when the database answers. Rejects with a StoreError if the first attempt fails. */
  async ready(): Promise<void> {
    await this.#short.connected();
  }

  /** Releases what is being released, then closes every connection. */
  async end(): Promise<void> {
    this.#questions.end();
    this.#subscriptions.end();
    await this.#closing.end();
    await Promise.all([this.#short.end(), this.#read.end(), this.#work.end(), this.#stream.end()]);
  }

  /**
   * Who logs in by a name, an alias or not, and what it may open of others. Null when no mailbox has
   * this name. Names must be canonical. What may be remembered is, for `knownLogin`.
   */
  findLogin(name: string, maildropName: string | null = null): Promise<Login | null> {
    return this.#logins.find({ name, maildropName });
  }

  /**
   * What an earlier `findLogin` said, without its secrets; null when that is not known any more. It may
   * be old: `open` tells, and what it tells to be stale or disabled must be forgotten.
   */
  knownLogin(name: string, maildropName: string | null = null): KnownLogin | null {
    return this.#logins.cache.get({ name, maildropName });
  }

  forgetLogin(name: string, maildropName: string | null = null): void {
    this.#logins.cache.forget({ name, maildropName });
  }

  /** Locks and opens a maildrop. OWNER_EXPIRED when the worker's own lease is over. */
  open(request: OpenRequest): Promise<OpenResult> {
    return this.#opening.open(request);
  }

  /**
   * The messages of a maildrop that was opened at `version`, or at a later one if mail came since.
   * Give the count that `open` answered too: an empty drop then costs nothing.
   */
  snapshot(mailboxId: MailboxId, version: string, messages?: number): Promise<Snapshot> {
    return this.#snapshots.get(mailboxId, version, messages);
  }

  /**
   * Whole bodies in the order asked; null for what is gone. They are lent: `giveBack` has their memory
   * used again, and nothing is lost but that where it is not called.
   */
  readBodies(
    mailboxId: MailboxId,
    messageIds: readonly bigint[],
  ): Promise<readonly (Uint8Array | null)[]> {
    return this.#bodies.read(mailboxId, messageIds);
  }

  /** Part of a body; null when the message is gone, empty beyond its end. */
  readSlice(mailboxId: MailboxId, messageId: bigint, slice: Slice): Promise<Uint8Array | null> {
    return this.#bodies.readSlice(mailboxId, messageId, slice);
  }

  /** A body from an offset to its end, as it arrives. MESSAGE_GONE comes from the first `read`. */
  streamBody(mailboxId: MailboxId, messageId: bigint, offset: number): Promise<BodyStream> {
    return this.#bodies.stream(mailboxId, messageId, offset);
  }

  /** QUIT with deletions: durable when it answers `flagged`. */
  async flag(request: FlagRequest): Promise<FlagResult> {
    const result = await this.#flagging.flag(request);
    this.#keeper.forget(request.token);
    // A former primary that does not know yet says so, too, and the lock is there still.
    if (result.kind === 'lock-lost') await this.#closing.close(request.mailboxId, request.token);
    return result;
  }

  /** Releases a lock. Never rejects; resolves when it is done or left to the background. */
  close(mailboxId: MailboxId, token: string): Promise<void> {
    return this.#closing.close(mailboxId, token);
  }

  /** Whether a lock that `open` gave is still ours, as far as this process knows. */
  holdsLock(ownerId: string, token: string): boolean {
    return this.#keeper.holds(ownerId, token);
  }

  /** Makes sure of the locks after their lease was over for a while. Rejects with a StoreError. */
  async checkLocks(): Promise<void> {
    await this.#keeper.begin(await this.#short.connected());
  }

  /** Stores a message for all its recipients in one transaction: durable when it answers. */
  deliver(request: DeliverRequest): Promise<DeliverResult> {
    const isTold = this.#subscriptions.wants('message.delivered', 'quota.near');
    return deliver(this.#work, request, { world: this.#world, isTold });
  }

  /** Null or a kind for an envelope recipient. The address must be canonical. */
  findRecipient(address: string): Promise<Recipient> {
    return this.#recipients.submit(address);
  }

  /** 32 octets that all nodes of this database know, and nobody else. */
  async clusterKey(): Promise<Uint8Array> {
    const [key] = await this.#work.run(readClusterKey, undefined);
    if (key === undefined) throw new StoreError('STORE_CORRUPT', 'there is no cluster key');
    return new Uint8Array(key);
  }

  /** Adds what this node throttles and answers what other nodes have added since the last call. */
  exchangePenalties(deltas: PenaltyDeltas): Promise<Penalty[]> {
    return this.#penalties.exchange(deltas);
  }

  /** Removes flagged messages that are due, receipt by receipt. */
  purge(limits?: PurgeLimits): Promise<PurgeResult> {
    return purge(this.#work, limits);
  }

  /** Removes receipts that nobody will ask for. Answers how many; call again at the bound. */
  forgetReceipts(): Promise<number> {
    return forgetOldReceipts(this.#work);
  }

  registerOwner(owner: NewOwner): Promise<void> {
    return this.#owners.register(owner);
  }

  /** Renews leases. Answers the owners that still exist. */
  renewOwners(renewal: Renewal): Promise<Renewed[]> {
    return this.#owners.renew(renewal);
  }

  removeOwner(ownerId: string): Promise<void> {
    return this.#owners.remove(ownerId);
  }

  /** Removes owners of a node's earlier processes. Answers how many. */
  removeOwnersOfNode(nodeName: string, exceptBootId: string): Promise<number> {
    return this.#owners.removeFormer({ nodeName, exceptBootId });
  }

  /** Removes owners whose lease ended long ago. Answers how many. */
  reapOwners(): Promise<number> {
    return this.#owners.reap();
  }

  listOwners(): Promise<Owner[]> {
    return this.#owners.list();
  }

  stats(): StoreStats {
    return statsOf({
      short: this.#short,
      read: this.#read,
      work: this.#work,
      stream: this.#stream,
      opening: this.#opening,
      closing: this.#closing,
      keeper: this.#keeper,
      questions: this.#questions,
      logins: this.#logins,
      snapshots: this.#snapshots,
      flagging: this.#flagging,
    });
  }
}

/** Connects when first used; `ready()` tells whether the database answers. */
export function openStore(options: StoreOptions): Store {
  return new Store(options);
}
