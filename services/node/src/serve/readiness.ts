/**
 * Whether a load balancer may send clients to this node, and what a scrape sees at each stage of its
 * life.
 */

import {
  type ClusterFigures,
  type Collected,
  certificateEnd,
  MetricSet,
  type Supervisor,
} from '@poplar/runtime';
import type { Store } from '@poplar/store';
import type { DrainOrder } from './drain-order.ts';
import type { Leases } from './leases.ts';
import type { Reload } from './reload.ts';

const noWorkers: Pick<Collected, 'workers' | 'snapshots'> = { workers: [], snapshots: [] };

export class Readiness {
  /** What the main thread counts. */
  readonly metrics = new MetricSet();
  #stage: 'starting' | 'running' | 'draining' = 'starting';
  #store: Store | null = null;
  #supervisor: Supervisor | null = null;
  #leases: Leases | null = null;
  #order: DrainOrder | null = null;
  #reloading: Reload | null = null;

  databaseOpened(store: Store): void {
    this.#store = store;
  }

  started(parts: {
    supervisor: Supervisor;
    leases: Leases;
    order: DrainOrder;
    reloading: Reload;
  }): void {
    this.#stage = 'running';
    this.#supervisor = parts.supervisor;
    this.#leases = parts.leases;
    this.#order = parts.order;
    this.#reloading = parts.reloading;
  }

  draining(): void {
    this.#stage = 'draining';
  }

  /** Empty when ready. */
  reasonsNotReady(): readonly string[] {
    if (this.#stage !== 'running') return [this.#stage];
    if (this.#order?.isOrdered === true) return ['draining'];
    const reasons = (this.#supervisor?.rolesNotReady ?? []).map(
      (role) => `no ${role} worker is ready`,
    );
    if (this.#leases?.isReachable === false) reasons.push('database unreachable');
    return reasons;
  }

  /** Rejects when they cannot be had. */
  async clusterFigures(): Promise<ClusterFigures> {
    if (this.#store === null) throw new Error('the database is not open yet');
    return this.#store.cluster.figures();
  }

  async collect(): Promise<Collected> {
    const { workers, snapshots } = (await this.#supervisor?.collect()) ?? noWorkers;
    return {
      isReady: this.reasonsNotReady().length === 0,
      certificateEnd:
        this.#reloading === null ? null : certificateEnd(this.#reloading.certificates),
      workers,
      snapshots: [...snapshots, this.metrics.snapshot()],
    };
  }
}
