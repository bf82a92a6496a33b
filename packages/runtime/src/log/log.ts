/**
 * The log: one JSON object a line on standard error, made by pino, written without waiting. A field
 * is a plain value and never an object, so that no record, buffer or error of a library can carry a
 * secret into it by accident. A log that cannot be written loses lines and harms nobody.
 *
 * Never: a password, a token or a message's content; standard output, which belongs to the command.
 */

import { type Logger, pino } from 'pino';
import type { LogLevel } from '../config/config.ts';
import { hidePassword } from '../config/describe-config.ts';
import { LogOutput } from './log-output.ts';

export type LogValue = string | number | bigint | boolean | null | undefined;
export type LogFields = Readonly<Record<string, LogValue>>;

/** `cause` is logged as its class, code, message and stack; no other property is looked at. */
type Write = (fields: LogFields, message: string, cause?: unknown) => void;

export interface Log {
  readonly debug: Write;
  readonly info: Write;
  readonly warn: Write;
  readonly error: Write;
  /** A log that adds these fields to every line. */
  readonly child: (fields: LogFields) => Log;
  /** From the next line on; not of logs that were made by `child`. */
  readonly setLevel: (level: LogLevel) => void;
  /** Writes what is buffered before it returns, or gives up: for the last words of a thread. */
  readonly flush: () => void;
}

/** What every line of a thread carries. */
export interface LogBase {
  readonly node: string;
  /** `main`, or the role of the worker. */
  readonly role: string;
  readonly worker?: number;
}

export interface LogOptions {
  readonly level: LogLevel;
  readonly base: LogBase;
  /** File descriptor; 2 unless a test says otherwise. */
  readonly fd?: number;
}

const secretName = /pass(word|wd|phrase)?$|secret|token|credential|authorization/i;

export function createLog(options: LogOptions): Log {
  const output = new LogOutput(options.fd ?? 2, (lines) =>
    logger.warn({ lines }, 'lines of this log were lost: it could not be written'),
  );
  const logger = pino(
    {
      level: options.level,
      base: { ...options.base },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    output,
  );
  return wrap(logger, () => output.flush());
}

/** For tests and for code that runs without a node around it. */
export const silentLog: Log = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLog,
  setLevel: () => {},
  flush: () => {},
};

function wrap(logger: Logger, flush: () => void): Log {
  const write =
    (level: 'debug' | 'info' | 'warn' | 'error'): Write =>
    (fields, message, cause) => {
      if (!logger.isLevelEnabled(level)) return;
      logger[level]({ ...plainFields(fields), ...causeFields(cause) }, message);
    };
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: (fields) => wrap(logger.child(plainFields(fields)), flush),
    setLevel: (level) => {
      logger.level = level;
    },
    flush,
  };
}

/** The types forbid objects; this holds at run time too. */
function plainFields(fields: LogFields): Record<string, LogValue> {
  const plain: Record<string, LogValue> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (secretName.test(name)) plain[name] = '***';
    else if (typeof value === 'bigint') plain[name] = value.toString();
    else if (typeof value === 'string') plain[name] = withoutUrlPasswords(value);
    else if (typeof value === 'object' && value !== null) plain[name] = '[object]';
    else plain[name] = value;
  }
  return plain;
}

function causeFields(cause: unknown): Record<string, LogValue> {
  if (cause === undefined) return {};
  if (!(cause instanceof Error)) return { cause: typeof cause };
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined;
  const under = cause.cause instanceof Error ? cause.cause.message : undefined;
  return {
    cause: cause.name,
    causeCode: code,
    causeMessage: withoutUrlPasswords(cause.message),
    causeStack: withoutUrlPasswords(cause.stack ?? ''),
    causeUnder: under === undefined ? undefined : withoutUrlPasswords(under),
  };
}

function withoutUrlPasswords(text: string): string {
  if (!text.includes('://')) return text;
  return text.replace(/[a-z]+:\/\/\S+/gi, hidePassword);
}
