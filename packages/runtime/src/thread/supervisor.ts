/**
 * The supervisor of a node's worker threads.
 *
 * Theory of operation. Each role has a number of places (worker-slot.ts), each place has one thread
 * at a time (worker-thread.ts). `start` fills all places at once and resolves when every thread has
 * said `ready`, that is when every listener answers; the first thread that cannot start takes the
 * others down and its one line becomes the error. From then on a thread that ends, throws, runs out
 * of memory or does not answer pings is replaced with back-off: its clients lose their connection
 * and nothing else, because nothing was removed before QUIT and the locks go with the owner row. `drain`
 * tells all threads to end, waits for a bounded time and terminates the rest.
 *
 * The main thread never touches what a worker has: it sends messages and reads answers.
 *
 * Never: a client's bytes; a wait for one worker that delays another; a restart after `drain`.
 */

import type { Config, LogLevel } from '../config/config.ts';
import { watchEnd } from '../lifecycle/slow-end.ts';
import { drainGraceMs } from '../limits.ts';
import type { Log } from '../log/log.ts';
import type { Collected, WorkerGauges } from '../metrics/exposition.ts';
import type { CertificateSet } from '../tls/certificates.ts';
import type { ReloadedParts, SharedKeys, SharedMemory, ToWorker, WorkerPlace } from './messages.ts';
import { type OwnerHooks, WorkerSlot } from './worker-slot.ts';
import { defaultThreadTiming, type ThreadTiming } from './worker-thread.ts';

export interface RoleToRun {
  readonly role: string;
  /** The file that calls `runWorker`. */
  readonly workerUrl: URL;
  readonly count: number;
}

export interface SupervisorOptions {
  readonly config: Config;
  readonly databaseUrl: string;
  readonly roles: readonly RoleToRun[];
  readonly certificates: CertificateSet;
  readonly ticketKeys: Uint8Array;
  /** Handed to every worker as they are, replacements too. */
  readonly shared: SharedMemory;
  readonly keys: SharedKeys;
  readonly hooks: OwnerHooks;
  readonly log: Log;
  readonly timing?: ThreadTiming;
}

export interface Owner {
  readonly place: WorkerPlace;
  readonly ownerId: string;
  /** A moment ago. */
  readonly sessions: number;
}

export class Supervisor {
  readonly #slots: readonly WorkerSlot[];
  readonly #log: Log;
  #reloaded: ReloadedParts;
  #isAdmitting = true;
  #isDraining = false;

  constructor(options: SupervisorOptions) {
    const { databaseUrl, ticketKeys, shared, keys, hooks, log } = options;
    this.#log = log;
    this.#reloaded = { certificates: options.certificates, config: options.config };
    this.#slots = options.roles.flatMap(({ role, workerUrl, count }) =>
      Array.from(
        { length: count },
        (_, worker) =>
          new WorkerSlot({
            place: { role, worker },
            workerUrl,
            timing: options.timing ?? defaultThreadTiming,
            hooks,
            log,
            data: () => ({
              ...{ databaseUrl, ticketKeys, shared, keys },
              ...this.#reloaded,
              isAdmitting: this.#isAdmitting,
            }),
          }),
      ),
    );
  }

  /** Rejects with the one line of the worker that cannot start; then nothing is left running. */
  async start(): Promise<void> {
    try {
      await Promise.all(this.#slots.map((slot) => slot.start()));
    } catch (error) {
      await this.drain(0);
      throw error;
    }
  }

  /** What the workers listen on, each address once. */
  get listeners(): readonly string[] {
    return [...new Set(this.#slots.flatMap((slot) => slot.listeners))];
  }

  /** The owners that live workers hold now: those whose leases must be renewed. */
  get owners(): readonly Owner[] {
    return this.#slots.flatMap(({ place, ownerId, sessions }) =>
      ownerId === null ? [] : [{ place, ownerId, sessions }],
    );
  }

  /** The roles that have no ready worker that takes clients. */
  get rolesNotReady(): readonly string[] {
    const ready = new Set(
      this.#slots.filter((slot) => slot.isAdmitting).map(({ place }) => place.role),
    );
    return [...new Set(this.#slots.map(({ place }) => place.role))].filter(
      (role) => !ready.has(role),
    );
  }

  /** Hands a worker the owner that replaces a lost one; false if it no longer holds the former. */
  changeOwner(former: Owner, ownerId: string): boolean {
    const slot = this.#slots.find(({ place }) => place === former.place);
    return slot?.changeOwner(former.ownerId, ownerId) ?? false;
  }

  /** Tells a worker that the lease of this owner was over for a while and goes on. */
  leaseLapsed(owner: Owner): void {
    this.#slots.find(({ place }) => place === owner.place)?.leaseLapsed(owner.ownerId);
  }

  /** Workers that are made from now on begin with these. */
  reload(reloaded: ReloadedParts): void {
    this.#reloaded = reloaded;
    this.#tellAll({ kind: 'reload', reloaded });
  }

  /** Of the logs of all workers, and of those that are made from now on. */
  setLogLevel(logLevel: LogLevel): void {
    const { config } = this.#reloaded;
    this.#reloaded = { ...this.#reloaded, config: Object.freeze({ ...config, logLevel }) };
    this.#tellAll({ kind: 'log-level', logLevel });
  }

  /** Workers take clients, or none: then those that are there end within the time. */
  admit(isAdmitting: boolean, deadlineMs: number): void {
    this.#isAdmitting = isAdmitting;
    this.#tellAll({ kind: 'admit', isAdmitting, deadlineMs });
  }

  /** Tells all workers that their leases are long over and could not be renewed. */
  cutOff(): void {
    this.#tellAll({ kind: 'cut-off' });
  }

  /** The numbers of all workers as of their last pings: nobody is asked. */
  get lastSnapshots(): readonly Float64Array[] {
    return this.#slots.flatMap((slot) => slot.snapshots);
  }

  /** The numbers of all workers; one that does not answer in time is represented by its last. */
  async collect(): Promise<Pick<Collected, 'workers' | 'snapshots'>> {
    const workers = await Promise.all(this.#slots.map(gaugesOf));
    return { workers, snapshots: this.lastSnapshots };
  }

  /** Resolves when no thread is left. */
  async drain(deadlineMs: number): Promise<void> {
    if (this.#isDraining) return;
    this.#isDraining = true;
    const left = new Set(this.#slots);
    const ends = this.#slots.map(async (slot) => {
      await slot.close(deadlineMs, drainGraceMs);
      left.delete(slot);
    });
    const waitsFor = () => ({
      waitsFor: [...left].map(({ place }) => `${place.role} ${place.worker}`).join(', '),
    });
    await watchEnd(this.#log, waitsFor, Promise.all(ends));
    this.#log.debug({}, 'all workers have ended');
  }

  #tellAll(message: ToWorker): void {
    for (const slot of this.#slots) slot.tell(message);
  }
}

async function gaugesOf(slot: WorkerSlot): Promise<WorkerGauges> {
  const { thread, place, restarts } = slot;
  const [hasAnswered = false, memory = { heapOctets: 0, externalOctets: 0 }] =
    thread === null ? [] : await Promise.all([thread.scrape(), thread.memory()]);
  return {
    ...place,
    restarts,
    ...memory,
    isReady: slot.isReady,
    eventLoopUtilization: thread?.eventLoopUtilization() ?? 0,
    scrapeFailed: !hasAnswered,
    numbers: thread?.values ?? null,
  };
}
