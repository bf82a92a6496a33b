/**
 * A node: a main thread that renews the leases of its workers and replaces those that die
 * (services/node/src/serve/leases.ts), POP3 workers, and one that takes mail in.
 *
 * Never: a lease renewed for a worker that is dead.
 */

import { leaseSeconds, openStore, type Store } from '@poplar/store';
import type { Database } from '../database/database.ts';
import type { History } from '../history.ts';
import type { Stage } from '../stage.ts';
import { MaildropWorker } from './maildrop-worker.ts';
import { Pop3Worker } from './pop3-worker.ts';
import { Process } from './process.ts';

/** As services/node/src/serve/limits.ts has them. */
const renewIntervalMs = (leaseSeconds * 1_000) / 3;
const renewRetryMs = 1_000;
const renewStatementTimeoutMs = 2_000;
const cutOffMs = leaseSeconds * 1_000 + 15_000;
const cutOffRetriesMin = 3;
const purgeIntervalMs = 4_000;

export interface Cluster {
  readonly stage: Stage;
  readonly database: Database;
  readonly history: History;
  readonly workersOfNode: number;
  readonly lockWaitMs: number;
}

export class ClusterNode {
  readonly name: string;
  readonly workers: Pop3Worker[] = [];
  maildrop: MaildropWorker;
  readonly #cluster: Cluster;
  #main: Process;
  #store: Store;
  #bootId = '';
  #starts = 0;
  #renewedAtMs = 0;
  #failures = 0;

  constructor(cluster: Cluster, name: string) {
    this.#cluster = cluster;
    this.name = name;
    this.#main = new Process(cluster.stage, cluster.database, `${name}.main`);
    this.#store = this.#openStore();
    this.maildrop = this.#startMaildrop();
    void this.#serve();
  }

  get isAlive(): boolean {
    return this.#main.actor.isAlive;
  }

  /** What an administrator's command on this node would use. */
  get store(): Store {
    return this.#store;
  }

  /** kill -9, or the machine is gone. */
  kill(): void {
    this.#cluster.stage.trace?.(`${this.name} is killed`);
    for (const process of this.#processes) process.kill();
    this.workers.length = 0;
  }

  restart(): void {
    if (this.isAlive) return;
    const { stage, database } = this.#cluster;
    stage.trace?.(`${this.name} starts again`);
    this.#main = new Process(stage, database, `${this.name}.main`);
    this.#store = this.#openStore();
    this.maildrop = this.#startMaildrop();
    void this.#serve();
  }

  /** SIGSTOP, or the virtual machine is moved. */
  pause(ms: number): void {
    const { stage } = this.#cluster;
    stage.trace?.(`${this.name} is stopped for ${Math.round(ms)} ms`);
    const stopped = this.#processes;
    for (const process of stopped) process.pause();
    stage.schedule.after(null, ms, () => {
      stage.trace?.(`${this.name} goes on`);
      for (const process of stopped) process.resume();
    });
  }

  cutOff(ms: number): void {
    this.#cluster.stage.trace?.(`${this.name} cannot reach the database for ${Math.round(ms)} ms`);
    for (const process of this.#processes) process.cutOff(ms);
  }

  /** A worker thread dies; the main thread sees it, removes its owner and starts another. */
  crashWorker(worker: Pop3Worker): void {
    this.#cluster.stage.trace?.(`${worker.actor.name} dies`);
    worker.kill();
    this.workers.splice(this.workers.indexOf(worker), 1);
    void this.#replace(worker);
  }

  get #processes(): Process[] {
    return [this.#main, this.maildrop, ...this.workers];
  }

  #openStore(): Store {
    return openStore({
      databaseUrl: 'simulated',
      world: this.#main.world,
      shortStatementTimeoutMs: renewStatementTimeoutMs,
    });
  }

  #startMaildrop(): MaildropWorker {
    const { stage, database } = this.#cluster;
    const worker = new MaildropWorker(stage, database, `${this.name}.maildrop`);
    void worker.purgeForEver(purgeIntervalMs);
    return worker;
  }

  async #serve(): Promise<void> {
    this.#bootId = this.#main.world.uuid();
    await this.#untilDone(() => this.#store.removeOwnersOfNode(this.name, this.#bootId));
    const { workersOfNode } = this.#cluster;
    for (let nth = 0; nth < workersOfNode; nth += 1) await this.#startWorker();
    this.#renewedAtMs = this.#main.world.nowMs();
    let isReachable = true;
    for (;;) {
      await this.#main.pauseFor(isReachable ? renewIntervalMs : renewRetryMs);
      const sentAtMs = this.#main.world.nowMs();
      try {
        await this.#renew();
        if (!isReachable) for (const worker of this.workers) worker.leaseLapsed();
        isReachable = true;
        this.#renewedAtMs = sentAtMs;
        this.#failures = 0;
      } catch {
        isReachable = false;
        this.#failures += 1;
        this.#cutOffIfLong();
      }
    }
  }

  #cutOffIfLong(): void {
    if (this.#failures < cutOffRetriesMin) return;
    if (this.#main.world.nowMs() - this.#renewedAtMs < cutOffMs) return;
    for (const worker of this.workers) worker.endSessions();
  }

  async #startWorker(): Promise<void> {
    const ownerId = await this.#untilDone(() => this.#register());
    const { stage, database, history, lockWaitMs } = this.#cluster;
    this.#starts += 1;
    const name = `${this.name}.pop3-${this.#starts}`;
    this.workers.push(new Pop3Worker(stage, database, { name, ownerId, history, lockWaitMs }));
  }

  async #replace(worker: Pop3Worker): Promise<void> {
    await this.#main.pauseFor(this.#cluster.stage.chance.between(1, 500));
    // What cannot be removed ends with its lease: nobody renews it any more.
    await this.#store.removeOwner(worker.ownerId).catch(() => undefined);
    await this.#startWorker();
  }

  async #register(): Promise<string> {
    const ownerId = this.#main.world.uuid();
    const bootId = this.#bootId;
    await this.#store.registerOwner({ ownerId, nodeName: this.name, bootId, worker: 0 });
    return ownerId;
  }

  async #renew(): Promise<void> {
    const asked = [...this.workers];
    if (asked.length === 0) return;
    const rows = asked.map(({ ownerId, connections }) => ({ ownerId, sessions: connections.size }));
    const renewed = await this.#store.renewOwners({ workers: rows, draining: false });
    const lapsed = new Map(renewed.map((lease) => [lease.ownerId, lease.lapsed]));
    for (const worker of asked) {
      const hadLapsed = lapsed.get(worker.ownerId);
      if (hadLapsed === true) worker.leaseLapsed();
      if (hadLapsed !== undefined) continue;
      const ownerId = await this.#register();
      if (this.workers.includes(worker)) {
        this.#cluster.stage.trace?.(`${worker.actor.name} gets a new owner`);
        worker.ownerChanged(ownerId);
      } else await this.#store.removeOwner(ownerId);
    }
  }

  async #untilDone<T>(work: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await work();
      } catch {
        await this.#main.pauseFor(renewRetryMs);
      }
    }
  }
}
