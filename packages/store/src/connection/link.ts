/**
 * One connection to PostgreSQL: made, checked, used for prepared statements or a COPY, thrown away
 * at the first sign that it or its server is no good.
 *
 * A link is open from `connect` until it is lost (socket closed, fatal SQLSTATE, silence) or ended;
 * both are final. The driver's client connects, secures the connection and logs in; what the server sends
 * comes through `BackendFramer`, and statements go through `StatementPipeline`.
 *
 * When one link finds that its server has become read-only, all links of its store leave that server as
 * soon as nothing of them is on the way, and those that wait for a server whose place another has taken
 * wait no longer, so that a fail-over moves them together.
 *
 * Never: a link to a server that is in recovery or read-only, unless the database URL asks for one, so
 * that after a fail-over the demoted primary is left at once.
 */

import { Socket } from 'node:net';
import pg from 'pg';
import { DatabaseError } from 'pg-protocol';
import { BackendKeyDataMessage, type BackendMessage } from 'pg-protocol/dist/messages.js';
import { isReadOnlyRefusal, StoreError, translateError } from '../errors.ts';
import { type Field, textAt } from '../field.ts';
import {
  endWaitMs,
  joinedOctetsMax,
  readOctetsMax,
  responseGraceMs,
  watchdogIntervalMs,
} from '../limits.ts';
import type { StoreMeter } from '../meter.ts';
import type { Statement } from '../statement.ts';
import { BackendFramer } from './backend-framer.ts';
import { type CancelKey, requestCancel } from './cancel-request.ts';
import { connectToFirst } from './first-server.ts';
import { type Server, ServerList } from './server-list.ts';
import { ReportedState, type SessionAttributes, suits, unsuitable } from './server-state.ts';
import { prepareSession } from './session-settings.ts';
import { StatementPipeline, type StatementRun } from './statement-pipeline.ts';

export interface LinkSettings {
  readonly databaseUrl: string;
  /** What the links of a store know together of the servers that the URL names. */
  readonly servers?: ServerList;
  readonly applicationName: string;
  /** Many statements in flight at once. */
  readonly pipeline: boolean;
  /** Off only where a lost commit costs nothing but a lock that ends with its lease. */
  readonly synchronousCommit: boolean;
  readonly statementTimeoutMs: number;
  /** Hears how long statements took. */
  readonly meter?: StoreMeter;
}

const serverVersionMin = 150_000;

const readBuffer = Buffer.allocUnsafeSlow(readOctetsMax);

/** A connection as the rest of the store sees it. */
export interface Link {
  /** Called once when the link is lost, with the reason; not when it was ended. */
  onLost: ((error: StoreError) => void) | null;
  /** Hears what is told on a channel that this link listens to. */
  onNotified: ((payload: string) => void) | null;
  /** Takes the bytes of a COPY that is running on this link. */
  copySink: ((bytes: Buffer) => void) | null;
  readonly open: boolean;
  /** Rejects with a StoreError. */
  run<Input, Output>(statement: Statement<Input, Output>, input: Input): Promise<Output[]>;
  /** Runs a statement of the simple protocol; a COPY gives its bytes to `copySink` meanwhile. */
  execute(text: string): Promise<void>;
  /** Back-pressure on a COPY. */
  pause(): void;
  resume(): void;
  destroy(): void;
  end(): Promise<void>;
}

/** Rejects with a StoreError; nothing is left behind then. */
export async function connectLink(settings: LinkSettings): Promise<Link> {
  const servers = settings.servers ?? new ServerList(settings.databaseUrl);
  return connectToFirst(servers, (server, wanted) =>
    PostgresLink.connect(settings, { servers, server, wanted }),
  );
}

/** Of the servers to choose from, the one that is tried, and what it is to be. */
interface Choice {
  readonly servers: ServerList;
  readonly server: Server;
  readonly wanted: SessionAttributes;
}

class PostgresLink implements Link {
  onLost: ((error: StoreError) => void) | null = null;
  onNotified: ((payload: string) => void) | null = null;
  copySink: ((bytes: Buffer) => void) | null = null;

  readonly #client: pg.Client;
  readonly #framer = new BackendFramer({
    frame: (bytes, at) => this.#pipeline.hear(bytes, at),
    message: (message) => this.#hear(message),
    copyBytes: (bytes) => this.copySink?.(bytes),
  });
  readonly #pipeline = new StatementPipeline((chunks) => this.#write(chunks));
  readonly #choice: Choice;
  readonly #reported = new ReportedState();
  readonly #isPipelined: boolean;
  readonly #silenceMs: number;
  readonly #meter: StoreMeter | undefined;
  readonly #watchdog: NodeJS.Timeout;
  #leaveList: () => void = () => undefined;
  #cancelKey: CancelKey | null = null;
  #isReady = false;
  #isLeaving = false;
  #outstanding = 0;
  #heardAt = performance.now();
  #warnings = 0;
  #state: 'open' | 'lost' | 'ended' = 'open';

  private constructor(settings: LinkSettings, choice: Choice) {
    this.#choice = choice;
    this.#client = new pg.Client({
      connectionString: choice.server.url,
      application_name: settings.applicationName,
      connectionTimeoutMillis: choice.servers.parsed.connectTimeoutMs,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      // The driver says how it was told to connect; its type definitions do not.
      stream: (config?: { readonly ssl?: unknown }) => this.#socket(config?.ssl),
    });
    this.#silenceMs = settings.statementTimeoutMs + responseGraceMs;
    this.#meter = settings.meter;
    this.#isPipelined = settings.pipeline;
    Object.assign(this.#client.connection, {
      // A socket that reads into our buffer has no such events, but must flow to tell of its end.
      attachListeners: (stream: NodeJS.ReadableStream) => {
        stream.on('data', (chunk: Buffer) => this.#received(chunk));
      },
    });
    this.#client.on('error', (error) => this.#lose(error));
    this.#client.on('end', () => this.#lose(new Error('the server closed the connection')));
    this.#client.on('notice', (notice) => {
      if (notice.severity === 'WARNING') this.#warnings += 1;
    });
    this.#client.on('notification', ({ payload = '' }) => this.onNotified?.(payload));
    this.#watchdog = setInterval(() => this.#listenForSilence(), watchdogIntervalMs);
    this.#watchdog.unref();
  }

  static async connect(settings: LinkSettings, choice: Choice): Promise<Link> {
    const { servers, server, wanted } = choice;
    const link = new PostgresLink(settings, choice);
    // The driver bounds the log-in; a server may fall silent behind it.
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      link.destroy();
    }, servers.parsed.connectTimeoutMs);
    try {
      await link.#client.connect();
      if (!link.#reported.suits(wanted)) throw unsuitable(wanted);
      await link.#prepare(settings);
      link.#isReady = true;
      link.#leaveList = servers.join(server, (how) => link.#leave(how));
      return link;
    } catch (error) {
      link.destroy();
      if (isLate) throw new StoreError('STORE_UNAVAILABLE', 'the server did not answer in time');
      throw translateError(error).error;
    } finally {
      clearTimeout(timer);
    }
  }

  get open(): boolean {
    return this.#state === 'open';
  }

  async run<Input, Output>(statement: Statement<Input, Output>, input: Input): Promise<Output[]> {
    const { name, text, binary = false, lent = false } = statement;
    const values = statement.parameters(input);
    const warnings = this.#warnings;
    const run = { name, text, values, binary, lent };
    const rows = await this.#measured(name, () => this.#ask(run));
    if (statement.durable && this.#warnings > warnings) {
      throw new StoreError('OUTCOME_UNKNOWN', 'the commit came with a warning');
    }
    return rows.map(statement.row);
  }

  /** Tells how long it took, whatever came of it. */
  async #measured<T>(name: string, work: () => Promise<T>): Promise<T> {
    const meter = this.#meter;
    if (meter === undefined) return work();
    const startedAtMs = performance.now();
    let isFailed = true;
    try {
      const result = await work();
      isFailed = false;
      return result;
    } finally {
      meter.statementRan(name, performance.now() - startedAtMs, isFailed);
    }
  }

  async execute(text: string): Promise<void> {
    this.#begin();
    try {
      await this.#pipeline.execute(text);
    } catch (error) {
      throw this.#failed(error);
    } finally {
      this.#done();
    }
  }

  pause(): void {
    this.#client.connection.stream.pause();
  }

  resume(): void {
    this.#heardAt = performance.now();
    this.#client.connection.stream.resume();
  }

  destroy(): void {
    this.#lose(new Error('the connection was given up'));
  }

  async end(): Promise<void> {
    if (this.#state !== 'open') return;
    this.#state = 'ended';
    clearInterval(this.#watchdog);
    this.#leaveList();
    this.#pipeline.flush();
    // What many are waiting for is answered first; nobody waits for what one does alone.
    if (!this.#isPipelined && this.#pipeline.outstanding > 0) {
      this.#client.connection.stream.destroy();
    }
    // The goodbye of a server that has fallen silent never comes.
    const timer = setTimeout(() => this.#client.connection.stream.destroy(), endWaitMs);
    await this.#client.end();
    clearTimeout(timer);
  }

  async #prepare(settings: LinkSettings): Promise<void> {
    const values = [String(settings.statementTimeoutMs), settings.synchronousCommit ? 'on' : 'off'];
    const run = { name: '', text: prepareSession, values, binary: false, lent: false };
    const [row] = await this.#ask(run);
    if (row === undefined) throw new StoreError('STORE_CORRUPT', 'the server gave no answer');
    const isInRecovery = textAt(row, 0) !== 'false';
    const isReadOnly = textAt(row, 1) !== 'off';
    const { wanted } = this.#choice;
    if (!suits(wanted, { isInRecovery, isReadOnly })) throw unsuitable(wanted);
    if (Number(textAt(row, 2)) < serverVersionMin) {
      throw new StoreError('STORE_INCOMPATIBLE', 'the server is older than PostgreSQL 15');
    }
  }

  async #ask(run: StatementRun): Promise<Field[][]> {
    this.#begin();
    try {
      return await this.#pipeline.run(run);
    } catch (error) {
      throw this.#failed(error);
    } finally {
      this.#done();
    }
  }

  #begin(): void {
    if (this.#state !== 'open') {
      throw new StoreError('STORE_UNAVAILABLE', 'the connection to the database was lost');
    }
    if (this.#outstanding === 0) this.#heardAt = performance.now();
    this.#outstanding += 1;
  }

  #done(): void {
    this.#outstanding -= 1;
    if (this.#isLeaving) this.#leave('when-idle');
  }

  #failed(cause: unknown): StoreError {
    const { error, fatal } = translateError(cause);
    if (fatal) this.#lose(error);
    if (isReadOnlyRefusal(cause)) this.#abandonServer();
    return error;
  }

  /** It is no use to anyone of this store any more. */
  #abandonServer(): void {
    this.#leave('when-idle');
    this.#choice.servers.abandon(this.#choice.server);
  }

  /** What is on the way is still heard: the server may have done it before it changed. */
  #leave(how: 'now' | 'when-idle'): void {
    this.#isLeaving = true;
    if (how === 'now' || this.#outstanding === 0) this.#lose(unsuitable(this.#choice.wanted));
  }

  #lose(cause: unknown): void {
    this.#pipeline.fail(cause);
    if (this.#state !== 'open') return;
    this.#state = 'lost';
    clearInterval(this.#watchdog);
    this.#leaveList();
    this.#client.connection.stream.destroy();
    this.onLost?.(translateError(cause).error);
  }

  /** A server that vanished without a word leaves a socket that waits for ever. */
  #listenForSilence(): void {
    if (this.#outstanding === 0 || this.#client.connection.stream.isPaused()) return;
    if (performance.now() - this.#heardAt > this.#silenceMs) {
      if (this.#cancelKey !== null) requestCancel(this.#place(), this.#cancelKey);
      this.#lose(new Error('the server did not answer in time'));
    }
  }

  /** All sockets of the thread are read into one buffer; what TLS has decrypted comes in its own. */
  #socket(ssl: unknown): Socket {
    if (ssl !== undefined && ssl !== false) return new Socket();
    return new Socket({
      onread: {
        buffer: readBuffer,
        callback: (octets) => {
          this.#received(readBuffer.subarray(0, octets));
          return true;
        },
      },
    });
  }

  #received(chunk: Buffer): void {
    this.#heardAt = performance.now();
    try {
      this.#framer.receive(chunk);
    } catch (error) {
      // What cannot be understood leaves no place to go on from.
      this.#lose(error);
    }
  }

  #place(): { path: string } | { host: string; port: number } {
    const { host, port } = this.#client;
    return host.startsWith('/') ? { path: `${host}/.s.PGSQL.${port}` } : { host, port };
  }

  #hear(message: BackendMessage): void {
    if (message instanceof DatabaseError && this.#pipeline.refuse(message)) return;
    this.#learn(message);
    const name = message.name === 'error' ? 'errorMessage' : message.name;
    this.#client.connection.emit(name, message);
  }

  #learn(message: BackendMessage): void {
    if (message instanceof BackendKeyDataMessage) {
      this.#cancelKey = { processId: message.processID, secretKey: message.secretKey };
    }
    if (!this.#reported.hear(message) || this.#state !== 'open') return;
    const { attributes } = this.#choice.servers.parsed;
    // While the session begins, `connect` looks; afterwards the answer that comes with it is heard first.
    if (!this.#isReady || this.#reported.suits(attributes)) return;
    setImmediate(() => this.#abandonServer());
  }

  /** Small ones as one, or each would be a system call or an entry of one. */
  #write(chunks: readonly Uint8Array[]): void {
    const { stream } = this.#client.connection;
    const octets = chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
    if (octets <= joinedOctetsMax) {
      const [first] = chunks;
      stream.write(chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks));
      return;
    }
    stream.cork();
    for (const chunk of chunks) stream.write(chunk);
    stream.uncork();
  }
}
