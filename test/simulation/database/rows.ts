/**
 * Rows with versions, row locks and transactions, as PostgreSQL has them under READ COMMITTED: a
 * statement sees what was committed when it began; what it changes it locks first, waiting for
 * whoever has it locked, and then looks at the newest version (EvalPlanQual).
 *
 * Rules: PostgreSQL documentation, "Transaction Isolation", "Explicit Locking".
 *
 * Never: a row changed that its transaction has not locked; time or chance in here.
 */

interface Version<Value> {
  /** Number of the commit that made it. */
  readonly commit: number;
  /** Null where the row was deleted. */
  readonly value: Value | null;
}

export class Row<Value extends object> {
  readonly table: string;
  readonly key: string;
  readonly versions: Version<Value>[] = [];
  locker: Transaction | null = null;
  waiters: (() => void)[] = [];

  constructor(table: string, key: string) {
    this.table = table;
    this.key = key;
  }

  /** A log tells of rows by name alone: a value that was written to this one is of its kind. */
  add(commit: number, value: object | null): void {
    this.versions.push({ commit, value: value as Value | null });
  }

  /** Newest committed value. */
  get committed(): Value | null {
    return this.versions.at(-1)?.value ?? null;
  }

  /** What was committed by then. */
  at(commit: number): Value | null {
    for (let nth = this.versions.length - 1; nth >= 0; nth -= 1) {
      const version = this.versions[nth];
      if (version !== undefined && version.commit <= commit) return version.value;
    }
    return null;
  }
}

export class Table<Value extends object> {
  readonly name: string;
  readonly rows = new Map<string, Row<Value>>();

  constructor(name: string) {
    this.name = name;
  }

  /** The row with this key; one without a version if there never was any. */
  row(key: string): Row<Value> {
    let row = this.rows.get(key);
    if (row === undefined) {
      row = new Row(this.name, key);
      this.rows.set(key, row);
    }
    return row;
  }
}

/** What keeps a statement from going on at once. */
export type Pause =
  /** Time may pass here. */
  | 'step'
  /** Somebody else has this row locked. */
  | Row<never>;

/** A statement under way; what it returns are the fields of its rows. */
export type Steps<Result> = Generator<Pause, Result, void>;

interface Write {
  readonly row: Row<never>;
  readonly value: object | null;
}

export class Transaction {
  /** `now()`: when it began, by the clock of its server. */
  readonly nowMs: number;
  /** What the statement in hand sees. */
  snapshot = 0;
  /** What is told to those who listen when it is committed. */
  readonly notifications: string[] = [];
  readonly #writes = new Map<Row<never>, object | null>();
  readonly #locked: Row<never>[] = [];

  constructor(nowMs: number) {
    this.nowMs = nowMs;
  }

  get writes(): Write[] {
    return [...this.#writes].map(([row, value]) => ({ row, value }));
  }

  get hasWritten(): boolean {
    return this.#writes.size > 0;
  }

  /** As the snapshot of the statement has it, with what earlier statements wrote. */
  see<Value extends object>(row: Row<Value>): Value | null {
    const own = this.#own(row);
    return own === undefined ? row.at(this.snapshot) : own;
  }

  /** The newest version: to be asked for only of a row that is locked. */
  newest<Value extends object>(row: Row<Value>): Value | null {
    const own = this.#own(row);
    return own === undefined ? row.committed : own;
  }

  *lock<Value extends object>(row: Row<Value>): Steps<void> {
    while (!this.tryLock(row)) yield row as Row<never>;
  }

  /** `skip locked`: false when somebody else has it. */
  tryLock<Value extends object>(row: Row<Value>): boolean {
    if (row.locker === this) return true;
    if (row.locker !== null) return false;
    row.locker = this;
    this.#locked.push(row as Row<never>);
    return true;
  }

  write<Value extends object>(row: Row<Value>, value: Value | null): void {
    if (row.locker !== this) throw new Error('a row is locked before it is written');
    this.#writes.set(row as Row<never>, value);
  }

  /** Makes its writes visible under this number and gives its rows free. */
  commit(number: number): void {
    for (const [row, value] of this.#writes) row.add(number, value);
    this.end();
  }

  /** Gives its rows free; what it wrote is forgotten unless it was committed. */
  end(): void {
    this.#writes.clear();
    for (const row of this.#locked) {
      row.locker = null;
      const waiters = row.waiters;
      row.waiters = [];
      for (const go of waiters) go();
    }
    this.#locked.length = 0;
  }

  #own<Value extends object>(row: Row<Value>): Value | null | undefined {
    return this.#writes.get(row as Row<never>) as Value | null | undefined;
  }
}
