/**
 * Takes settings one by one from the environment, the file or the built-in default, in this order,
 * and remembers where each came from. What is left in the file at the end was not meant for us.
 *
 * Never: a value that was not parsed; an error that does not name its key or variable; a value of a
 * secret setting in an error.
 */

import { ConfigError } from './config-error.ts';

export type Environment = Readonly<Record<string, string | undefined>>;
export type FileTable = Readonly<Record<string, unknown>>;

/** Text from a variable, or any TOML value. Throws ValueError with what is wrong with it. */
export type Parse<T> = (value: unknown) => T;

export interface Setting<T> {
  /** In poplar.toml, with dots for tables; the same name as in Config. */
  readonly key: string;
  /** In the environment. */
  readonly variable?: string;
  readonly parse: Parse<T>;
  readonly fallback: T;
}

/** What is wrong with a value, to be put behind the name of its key: `must be ...`. */
export class ValueError extends Error {
  override readonly name = 'ValueError';
}

export class Settings {
  readonly #environment: Environment;
  readonly #file: FileTable;
  readonly #fileName: string;
  readonly #known = new Set<string>();
  readonly #variables = new Set<string>();
  readonly sources: Record<string, string> = {};
  /** What the file says of keys whose variable goes before it, as JSON, to see that it has changed. */
  readonly hidden: Record<string, string> = {};

  constructor(environment: Environment, file: { name: string; table: FileTable }) {
    this.#environment = environment;
    this.#file = file.table;
    this.#fileName = file.name;
  }

  /** Throws ConfigError. */
  take<T>(setting: Setting<T>): T {
    this.#known.add(setting.key);
    const { variable } = setting;
    if (variable !== undefined) this.#variables.add(variable);
    const text = variable === undefined ? undefined : this.#environment[variable];
    if (variable !== undefined && text !== undefined) {
      this.sources[setting.key] = variable;
      const unused = valueAt(this.#file, setting.key);
      if (unused !== undefined) this.hidden[setting.key] = JSON.stringify(unused);
      return parsed(setting, text, variable);
    }
    const value = valueAt(this.#file, setting.key);
    if (value !== undefined) {
      this.sources[setting.key] = this.#fileName;
      return parsed(setting, value, `${this.#fileName}: ${setting.key}`);
    }
    this.sources[setting.key] = 'default';
    return setting.fallback;
  }

  /** The variables that were asked for, set or not. */
  get variables(): ReadonlySet<string> {
    return this.#variables;
  }

  /** Throws ConfigError for the first key of the file that no setting has asked for. */
  refuseUnknownKeys(): void {
    for (const key of keysOf(this.#file, '')) {
      if (this.#isKnown(key)) continue;
      throw new ConfigError(`${this.#fileName}: unknown key ${key}`);
    }
  }

  #isKnown(key: string): boolean {
    if (this.#known.has(key)) return true;
    // Settings that are tables or lists of tables themselves were checked by their own parser.
    for (const known of this.#known) if (key.startsWith(`${known}.`)) return true;
    return false;
  }
}

function parsed<T>(setting: Setting<T>, value: unknown, name: string): T {
  try {
    return setting.parse(value);
  } catch (error) {
    if (error instanceof ValueError) throw new ConfigError(`${name} ${error.message}`);
    throw error;
  }
}

function valueAt(table: FileTable, key: string): unknown {
  let value: unknown = table;
  for (const part of key.split('.')) {
    if (!isTable(value)) return undefined;
    value = value[part];
  }
  return value;
}

function* keysOf(table: FileTable, prefix: string): Generator<string> {
  for (const [name, value] of Object.entries(table)) {
    if (isTable(value)) yield* keysOf(value, `${prefix}${name}.`);
    else yield `${prefix}${name}`;
  }
}

export function isTable(value: unknown): value is FileTable {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)
  );
}
