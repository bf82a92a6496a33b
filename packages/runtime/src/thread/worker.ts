/**
 * The worker's side of a worker thread: starts a role, answers the main thread and ends when told.
 * An exception that nobody caught ends this thread and no other; the supervisor replaces it.
 *
 * Never: a look at what the role does; an exit without the log's last lines.
 */

import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import type { Config } from '../config/config.ts';
import { StartError } from '../lifecycle/fatal.ts';
import { ListenError } from '../listen.ts';
import { createLog, type Log } from '../log/log.ts';
import { MetricSet } from '../metrics/metric-set.ts';
import { watchThread } from '../metrics/thread-watch.ts';
import type { CertificateSet } from '../tls/certificates.ts';
import { openTracer, type Tracer } from '../trace/tracer.ts';
import type {
  FromWorker,
  ReloadedParts,
  SharedKeys,
  SharedMemory,
  ToWorker,
  WorkerData,
} from './messages.ts';

/** What a role is started with. */
export interface WorkerContext {
  /** Ports are resolved: a 0 that was asked for is the real number by now. */
  readonly config: Config;
  /** Where the store is, embedded or not. */
  readonly databaseUrl: string;
  readonly role: string;
  /** The worker's number within its role, from 0. */
  readonly worker: number;
  /** Registered owner row; `ownerChanged` brings a new one if its lease was lost. */
  readonly ownerId: string;
  /** False: take no clients until `admit` says so. */
  readonly isAdmitting: boolean;
  readonly certificates: CertificateSet;
  /** 48 octets, the same in all workers of the node. */
  readonly ticketKeys: Uint8Array;
  readonly shared: SharedMemory;
  readonly keys: SharedKeys;
  readonly log: Log;
  readonly metrics: MetricSet;
  readonly tracer: Tracer;
}

/** A running role. */
export interface RoleInstance {
  /** Printable, such as `pop3 127.0.0.1:1110`. */
  readonly listeners: readonly string[];
  /** Ends all work in good order; resolves when nothing is open any more. */
  drain(deadlineMs: number): Promise<void>;
  /** Certificates for new handshakes and the settings that may change while it runs. */
  reload(reloaded: ReloadedParts): void;
  /** Locks taken as the former owner are void: drop the sessions that hold them. */
  ownerChanged(ownerId: string): void;
  /** The lease was over for a while: drop the sessions whose locks were taken meanwhile. */
  leaseLapsed(): void;
  /**
   * Takes clients, or none: then those that are there end in good order within the time. Resolves when
   * its listeners are open, or closed.
   */
  admit(isAdmitting: boolean, deadlineMs: number): Promise<void>;
  /** Ends all sessions: their locks are others' to take, and no QUIT of theirs can be stored. */
  cutOff(): void;
}

export type StartRole = (context: WorkerContext) => Promise<RoleInstance>;

/** To be called once, at the top level of a role's worker.ts. */
export function runWorker(start: StartRole): void {
  if (parentPort === null) throw new Error('runWorker is for worker threads');
  const port = parentPort;
  const data: WorkerData = workerData;
  const { config, role, worker } = data;
  const log = createLog({
    level: config.logLevel,
    base: { node: config.nodeName, role, worker },
  });
  const metrics = new MetricSet();
  watchThread(metrics);
  process.on('uncaughtException', (error) => {
    log.error({}, 'uncaught exception, this worker ends', error);
    log.flush();
    process.exit(1);
  });
  const tracing = { url: config.tracing.url, nodeName: config.nodeName, role, metrics };
  const opened = openTracer(tracing);
  const started = opened.then((tracer) => start({ ...data, log, metrics, tracer }));
  const ended = started.then(
    async (instance) => serve(instance, { port, log, metrics, tracer: await opened }),
    (error: unknown) => {
      // What an operator can mend is told by its one line; anything else is a fault of ours.
      const isMendable = error instanceof StartError || error instanceof ListenError;
      log[isMendable ? 'debug' : 'error']({}, 'the role did not start', error);
      log.flush();
      send(port, { kind: 'failed', message: firstLine(error) });
      process.exit(1);
    },
  );
  // A fault while serving is a fault of ours: let it end the thread.
  ended.catch((error: unknown) => {
    queueMicrotask(() => {
      throw error;
    });
  });
}

interface Surroundings {
  readonly port: MessagePort;
  readonly log: Log;
  readonly metrics: MetricSet;
  readonly tracer: Tracer;
}

async function serve(instance: RoleInstance, surroundings: Surroundings): Promise<void> {
  const { port, log, metrics, tracer } = surroundings;
  const deadlineMs = await new Promise<number>((drainAsked) => {
    port.on('message', (message: ToWorker) => {
      switch (message.kind) {
        case 'ping':
          send(port, { kind: 'pong', sequence: message.sequence, values: metrics.snapshot() });
          break;
        case 'reload':
          log.setLevel(message.reloaded.config.logLevel);
          instance.reload(message.reloaded);
          break;
        case 'log-level':
          log.setLevel(message.logLevel);
          break;
        case 'owner':
          instance.ownerChanged(message.ownerId);
          break;
        case 'lapsed':
          instance.leaseLapsed();
          break;
        case 'admit':
          void admit(instance, port, message);
          break;
        case 'cut-off':
          instance.cutOff();
          break;
        case 'drain':
          drainAsked(message.deadlineMs);
          break;
      }
    });
    send(port, { kind: 'ready', listeners: instance.listeners });
  });
  await instance.drain(deadlineMs);
  await tracer.end();
  send(port, { kind: 'drained', values: metrics.snapshot() });
  log.flush();
  process.exit(0);
}

async function admit(
  instance: RoleInstance,
  port: MessagePort,
  { isAdmitting, deadlineMs }: Extract<ToWorker, { kind: 'admit' }>,
): Promise<void> {
  await instance.admit(isAdmitting, deadlineMs);
  send(port, { kind: 'admitting', isAdmitting });
}

function send(port: MessagePort, message: FromWorker): void {
  port.postMessage(message);
}

function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split('\n', 1)[0] ?? text;
}
