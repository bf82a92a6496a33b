/**
 * One connection to PostgreSQL: made, checked, used for prepared statements or a COPY, thrown away
 * at the first sign that it or its server is no good.
 *
 * A link is open from `connect` until it is lost (socket closed, fatal SQLSTATE, silence) or ended;
 * both are final. The driver's client is used as it is but for two methods of its connection:
 * reading goes through `BackendFramer` and parameters through `writeBind`.
 *
 * Never: a link to a server that is in recovery or read-only, so that after a fail-over the demoted
 * primary is left at once.
 */

import { Socket } from 'node:net';
import pg from 'pg';
import { StoreError, translateError } from '../errors.ts';
import { type Field, textAt } from '../field.ts';
import { connectTimeoutMs, readOctetsMax, responseGraceMs, watchdogIntervalMs } from '../limits.ts';
import type { Parameter } from '../parameter.ts';
import type { Statement } from '../statement.ts';
import { BackendFramer } from './backend-framer.ts';
import { writeBind } from './bind-message.ts';
import { lentMemory } from './lent-memory.ts';
import { prepareSession } from './session-settings.ts';

export interface LinkSettings {
  readonly databaseUrl: string;
  readonly applicationName: string;
  /** Many statements in flight at once. */
  readonly pipeline: boolean;
  /** Off only where a lost commit costs nothing but a lock that ends with its lease. */
  readonly synchronousCommit: boolean;
  readonly statementTimeoutMs: number;
}

/** The driver knows more options than its type definitions. */
interface StatementConfig extends pg.QueryArrayConfig<Parameter[]> {
  binary: boolean;
}

interface BindConfig {
  readonly statement?: string;
  readonly values?: readonly Parameter[];
  readonly binary?: boolean;
}

/**
 * Values stay as they arrived, each statement knows its columns; but what lies in the buffer of a read is
 * copied out of it.
 */
const own = (value: unknown): unknown => (Buffer.isBuffer(value) ? Buffer.from(value) : value);
const lend = (value: unknown): unknown => (Buffer.isBuffer(value) ? lentMemory.lend(value) : value);
const ownedTypes = { getTypeParser: () => own };
const byteaOid = 17;
const lentTypes = { getTypeParser: (oid: number) => (oid === byteaOid ? lend : own) };

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
export function connectLink(settings: LinkSettings): Promise<Link> {
  return PostgresLink.connect(settings);
}

class PostgresLink implements Link {
  onLost: ((error: StoreError) => void) | null = null;
  onNotified: ((payload: string) => void) | null = null;
  copySink: ((bytes: Buffer) => void) | null = null;

  readonly #client: pg.Client;
  readonly #framer = new BackendFramer({
    message: (message) => {
      const name = message.name === 'error' ? 'errorMessage' : message.name;
      this.#client.connection.emit(name, message);
    },
    copyBytes: (bytes) => this.copySink?.(bytes),
  });
  readonly #silenceMs: number;
  readonly #watchdog: NodeJS.Timeout;
  #outstanding = 0;
  #heardAt = performance.now();
  #warnings = 0;
  #state: 'open' | 'lost' | 'ended' = 'open';

  private constructor(settings: LinkSettings) {
    this.#client = new pg.Client({
      connectionString: settings.databaseUrl,
      application_name: settings.applicationName,
      connectionTimeoutMillis: connectTimeoutMs,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      pipeline: settings.pipeline,
      types: ownedTypes,
      // The driver says how it was told to connect; its type definitions do not.
      stream: (config?: { readonly ssl?: unknown }) => this.#socket(config?.ssl),
    });
    this.#silenceMs = settings.statementTimeoutMs + responseGraceMs;
    this.#replaceWireMethods();
    this.#client.on('error', (error) => this.#lose(error));
    this.#client.on('end', () => this.#lose(new Error('the server closed the connection')));
    this.#client.on('notice', (notice) => {
      if (notice.severity === 'WARNING') this.#warnings += 1;
    });
    this.#client.on('notification', ({ payload = '' }) => this.onNotified?.(payload));
    this.#watchdog = setInterval(() => this.#listenForSilence(), watchdogIntervalMs);
    this.#watchdog.unref();
  }

  static async connect(settings: LinkSettings): Promise<Link> {
    const link = new PostgresLink(settings);
    try {
      await link.#client.connect();
      await link.#prepare(settings);
      return link;
    } catch (error) {
      link.destroy();
      throw translateError(error).error;
    }
  }

  get open(): boolean {
    return this.#state === 'open';
  }

  async run<Input, Output>(statement: Statement<Input, Output>, input: Input): Promise<Output[]> {
    const { name, text, binary = false, lent = false } = statement;
    const values = [...statement.parameters(input)];
    const types = lent ? lentTypes : ownedTypes;
    const config: StatementConfig = { name, text, values, binary, types, rowMode: 'array' };
    const warnings = this.#warnings;
    const rows = await this.#query(config);
    if (statement.durable && this.#warnings > warnings) {
      throw new StoreError('OUTCOME_UNKNOWN', 'the commit came with a warning');
    }
    return rows.map(statement.row);
  }

  async execute(text: string): Promise<void> {
    this.#begin();
    try {
      await this.#client.query(text);
    } catch (error) {
      throw this.#failed(error);
    } finally {
      this.#outstanding -= 1;
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
    await this.#client.end();
  }

  async #prepare(settings: LinkSettings): Promise<void> {
    const [row] = await this.#query({
      text: prepareSession,
      values: [String(settings.statementTimeoutMs), settings.synchronousCommit ? 'on' : 'off'],
      rowMode: 'array',
      binary: false,
    });
    if (row === undefined) throw new StoreError('STORE_CORRUPT', 'the server gave no answer');
    if (textAt(row, 0) !== 'false' || textAt(row, 1) !== 'off') {
      throw new StoreError('STORE_UNAVAILABLE', 'the server is in recovery or read-only');
    }
    if (Number(textAt(row, 2)) < serverVersionMin) {
      throw new StoreError('STORE_INCOMPATIBLE', 'the server is older than PostgreSQL 15');
    }
  }

  async #query(config: StatementConfig): Promise<Field[][]> {
    this.#begin();
    try {
      const result = await this.#client.query<Field[], Parameter[]>(config);
      return result.rows;
    } catch (error) {
      throw this.#failed(error);
    } finally {
      this.#outstanding -= 1;
    }
  }

  #begin(): void {
    if (this.#state !== 'open') {
      throw new StoreError('STORE_UNAVAILABLE', 'the connection to the database was lost');
    }
    if (this.#outstanding === 0) this.#heardAt = performance.now();
    this.#outstanding += 1;
  }

  #failed(cause: unknown): StoreError {
    const { error, fatal } = translateError(cause);
    if (fatal) this.#lose(error);
    return error;
  }

  #lose(cause: unknown): void {
    if (this.#state !== 'open') return;
    this.#state = 'lost';
    clearInterval(this.#watchdog);
    this.#client.connection.stream.destroy();
    this.onLost?.(translateError(cause).error);
  }

  /** A server that vanished without a word leaves a socket that waits for ever. */
  #listenForSilence(): void {
    if (this.#outstanding === 0 || this.#client.connection.stream.isPaused()) return;
    if (performance.now() - this.#heardAt > this.#silenceMs) {
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

  #replaceWireMethods(): void {
    const connection = this.#client.connection;
    Object.assign(connection, {
      // A socket that reads into our buffer has no such events, but must flow to tell of its end.
      attachListeners: (stream: NodeJS.ReadableStream) => {
        stream.on('data', (chunk: Buffer) => this.#received(chunk));
      },
      bind: ({ statement = '', values = [], binary = false }: BindConfig) => {
        writeBind(connection.stream, { statement, values, binary });
      },
    });
  }
}
