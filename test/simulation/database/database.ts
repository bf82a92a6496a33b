/**
 * The database as its clients find it: one server that takes connections, or none for a while, and
 * perhaps a former one that does not know yet.
 */

import type { Stage } from '../stage.ts';
import { type Logged, Server } from './server.ts';

export interface DatabaseHooks {
  /** A commit became visible on the server that counts. */
  readonly committed: (server: Server, logged: Logged) => void;
  /** That server is another one now, with so much of the log. */
  readonly recovered: (server: Server) => void;
  /** A former one goes on beside it for a while. */
  readonly lingers: () => void;
}

export class Database {
  readonly mailboxIds: readonly string[];
  /** The server that counts: what it has is what is. */
  primary: Server;
  /** Whether it takes connections. */
  isReachable = true;
  readonly #stage: Stage;
  readonly #hooks: DatabaseHooks;

  constructor(stage: Stage, mailboxIds: readonly string[], hooks: DatabaseHooks) {
    this.#stage = stage;
    this.#hooks = hooks;
    this.mailboxIds = mailboxIds;
    this.primary = this.#serve([], 0);
    // Others have drawn from the sequence: how soon it is logged again is a matter of chance.
    const drawn = stage.chance.below(32);
    for (let nth = 0; nth < drawn; nth += 1) this.primary.tables.messageIds.next();
  }

  /** The server crashes and comes back, without the last asynchronous commits. */
  crash(downMs: number, isSilent: boolean): void {
    const { schedule } = this.#stage;
    const survivors = this.primary.survivors();
    const lost = this.primary.log.length - survivors.length;
    const how = isSilent ? ' without a word' : '';
    this.#stage.trace?.(`the database crashes${how} and loses ${lost} of its last commits`);
    this.isReachable = false;
    this.primary.die(isSilent);
    schedule.after(null, downMs, () => this.#promote(survivors, 0));
  }

  /**
   * The standby takes over with what it has. The old server may go on for a while: it promises
   * nothing any more, but who is connected to it hears its answers.
   */
  failOver(options: { downMs: number; lingersMs: number; offsetMs: number }): void {
    const { schedule, chance } = this.#stage;
    const former = this.primary;
    const survivors = former.survivors();
    const lost = former.log.length - survivors.length;
    this.#stage.trace?.(`fail-over: the standby lacks ${lost} of the last commits`);
    this.isReachable = false;
    former.isDemoted = true;
    if (options.lingersMs > 0) this.#hooks.lingers();
    schedule.after(null, options.lingersMs, () => former.die(chance.hit(0.3)));
    schedule.after(null, options.downMs, () => this.#promote(survivors, options.offsetMs));
  }

  #promote(survivors: readonly Logged[], offsetMs: number): void {
    this.primary = this.#serve(survivors, offsetMs);
    this.isReachable = true;
    this.#stage.trace?.('the database is back');
    this.#hooks.recovered(this.primary);
  }

  #serve(past: readonly Logged[], offsetMs: number): Server {
    return new Server(this.#stage, {
      mailboxIds: this.mailboxIds,
      past,
      offsetMs,
      committed: (server, logged) => {
        if (server === this.primary) this.#hooks.committed(server, logged);
      },
    });
  }
}
