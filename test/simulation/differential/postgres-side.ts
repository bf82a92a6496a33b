/**
 * The real database, stepped by hand on two connections of the store's own kind.
 */

import {
  connectLink,
  dumpTables,
  endLease,
  type Link,
  resetTables,
  type Statement,
  type TableDump,
  type TemporaryDatabase,
  waitingStatements,
} from '@poplar/store/testing';
import type { AnyStatement, Said } from './model-side.ts';
import type { Side } from './operations.ts';

interface Asked {
  readonly statement: AnyStatement;
  readonly input: unknown;
  readonly isHeld: boolean;
}

/** Longer than any statement takes that waits for nobody. */
const answersWithinMs = 10_000;
/** An answer comes within a few turns of the loop, or the statement may be waiting. */
const quickLooks = 20;
const lookAgainMs = 2;

export class PostgresSide {
  readonly #database: TemporaryDatabase;
  readonly #links: Readonly<Record<Side, Link>>;
  #waiting: Promise<Said> | null = null;

  constructor(database: TemporaryDatabase, links: Readonly<Record<Side, Link>>) {
    this.#database = database;
    this.#links = links;
  }

  static async connect(database: TemporaryDatabase): Promise<PostgresSide> {
    const settings = {
      databaseUrl: database.url,
      applicationName: 'poplar differential',
      pipeline: false,
      synchronousCommit: false,
      statementTimeoutMs: 2 * answersWithinMs,
    };
    const [a, b] = await Promise.all([connectLink(settings), connectLink(settings)]);
    return new PostgresSide(database, { a, b });
  }

  reset(mailboxIds: readonly string[]): Promise<void> {
    return resetTables(this.#database, mailboxIds);
  }

  async run(side: Side, asked: Asked): Promise<Said> {
    const link = this.#links[side];
    if (asked.isHeld) await link.execute('begin');
    const said = answerOf(link, asked);
    let isOver = false;
    void said.then(() => {
      isOver = true;
    });
    const untilMs = performance.now() + answersWithinMs;
    for (let looks = 0; performance.now() < untilMs; looks += 1) {
      const isQuick = looks < quickLooks;
      await new Promise((resolve) => {
        if (isQuick) setImmediate(resolve);
        else setTimeout(resolve, lookAgainMs);
      });
      if (isOver) return said;
      if (!isQuick && (await waitingStatements(this.#database)) > 0 && !isOver) {
        this.#waiting = said;
        return 'waits';
      }
    }
    throw new Error(`${asked.statement.name} neither answers nor waits for a row`);
  }

  async finish(side: Side, how: 'commit' | 'rollback'): Promise<Said | null> {
    await this.#links[side].execute(how);
    const waiting = this.#waiting;
    this.#waiting = null;
    return waiting;
  }

  endLease(ownerId: string): Promise<void> {
    return endLease(this.#database, ownerId);
  }

  dump(): Promise<TableDump> {
    return dumpTables(this.#database);
  }

  async end(): Promise<void> {
    await Promise.all([this.#links.a.end(), this.#links.b.end()]);
  }
}

function answerOf(link: Link, { statement, input }: Asked): Promise<Said> {
  // The name of a request says which input its statement takes; types do not.
  return link.run(statement as Statement<unknown, unknown>, input).then(
    (rows) => ({ rows }),
    (error: Error) => ({ error: /SQLSTATE (\w{5})/.exec(error.message)?.[1] ?? error.message }),
  );
}
