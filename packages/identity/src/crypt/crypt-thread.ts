/**
 * Owns the one thread that computes the hashes of crypt(3), for they are JavaScript and would hold up
 * an event loop for 10 ms and more.
 *
 * Theory of operation. There is no thread until the first job. Jobs in it are *pending*, at most
 * `cryptJobsMax`. A thread that ends, throws or is silent for `cryptSilenceMs` with jobs in it fails all of
 * them, and the next job starts another thread. The thread keeps the process alive only while jobs are
 * pending. After `end` every job fails.
 *
 * Never: a job that waits for ever; a secret in an error.
 */

import { Worker } from 'node:worker_threads';
import { cryptHeapMib, cryptJobsMax, cryptSilenceMs } from '../limits.ts';
import type { CryptComputer } from '../schemes/scheme.ts';
import type { CryptJob, FromCryptWorker, ToCryptWorker } from './crypt-job.ts';

/** The thread could not answer: nothing was learnt about the secret. */
export class CryptUnavailable extends Error {
  constructor(reason: string) {
    super(`the crypt thread ${reason}`);
    this.name = 'CryptUnavailable';
  }
}

export interface CryptThreadOptions {
  readonly jobsMax?: number;
  readonly silenceMs?: number;
  /** For tests that need a thread which misbehaves. */
  readonly workerUrl?: URL;
}

export class CryptThread implements CryptComputer {
  readonly #jobsMax: number;
  readonly #silenceMs: number;
  readonly #workerUrl: URL;
  readonly #pending = new Map<number, PromiseWithResolvers<string>>();
  #worker: Worker | null = null;
  #silence: NodeJS.Timeout | undefined;
  #sequence = 0;
  #hasEnded = false;

  constructor(options: CryptThreadOptions = {}) {
    this.#jobsMax = options.jobsMax ?? cryptJobsMax;
    this.#silenceMs = options.silenceMs ?? cryptSilenceMs;
    this.#workerUrl = options.workerUrl ?? new URL('./crypt-worker.ts', import.meta.url);
  }

  /** Whether there is a thread. */
  get isRunning(): boolean {
    return this.#worker !== null;
  }

  async compute(job: CryptJob): Promise<string> {
    if (this.#hasEnded) throw new CryptUnavailable('was ended');
    if (this.#pending.size >= this.#jobsMax) throw new CryptUnavailable('has too many jobs');
    this.#worker ??= this.#start();
    const worker = this.#worker;
    const id = this.#sequence++;
    const answer = Promise.withResolvers<string>();
    this.#pending.set(id, answer);
    if (this.#pending.size === 1) this.#listen(worker);
    // A copy: the secret may be a view of a buffer that holds more than itself.
    const message: ToCryptWorker = { id, job: { ...job, secret: Uint8Array.from(job.secret) } };
    worker.postMessage(message);
    return answer.promise;
  }

  /** Ends the thread; pending jobs fail. */
  async end(): Promise<void> {
    this.#hasEnded = true;
    const worker = this.#worker;
    if (worker === null) return;
    this.#lost(worker, 'was ended');
    await worker.terminate();
  }

  #start(): Worker {
    const worker = new Worker(this.#workerUrl, {
      name: 'crypt',
      resourceLimits: { maxOldGenerationSizeMb: cryptHeapMib },
    });
    worker.on('message', ({ id, digest }: FromCryptWorker) => {
      const answer = this.#pending.get(id);
      this.#pending.delete(id);
      answer?.resolve(digest);
      if (worker !== this.#worker) return;
      if (this.#pending.size === 0) this.#rest(worker);
      else this.#silence?.refresh();
    });
    worker.on('error', () => this.#lost(worker, 'failed'));
    worker.on('exit', () => this.#lost(worker, 'ended'));
    return worker;
  }

  /** Jobs are pending: the process stays, and silence is counted. */
  #listen(worker: Worker): void {
    worker.ref();
    this.#silence = setTimeout(() => {
      this.#lost(worker, 'was silent');
      worker.terminate().catch(() => {});
    }, this.#silenceMs);
  }

  #rest(worker: Worker): void {
    clearTimeout(this.#silence);
    worker.unref();
  }

  /** Forgets a thread once; all that was pending was in it. */
  #lost(worker: Worker, reason: string): void {
    if (worker !== this.#worker) return;
    this.#worker = null;
    clearTimeout(this.#silence);
    for (const answer of this.#pending.values()) answer.reject(new CryptUnavailable(reason));
    this.#pending.clear();
  }
}
