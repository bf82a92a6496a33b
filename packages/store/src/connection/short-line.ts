/**
 * The one pipelined connection of a worker for statements that take microseconds: logins, opens,
 * closes, listings of small drops.
 *
 * idle -> connecting (at the first call; callers wait for this attempt) -> up -> down (the link was
 * lost or could not be made; calls fail at once, attempts go on in the background with doubling
 * pauses) -> up ... -> ended.
 *
 * Never: calls that pile up while the database is away.
 */

import { StoreError } from '../errors.ts';
import { reconnectDelayMaxMs, reconnectDelayMinMs } from '../limits.ts';
import type { Statement } from '../statement.ts';
import { realWorld, type Timer, type World } from '../world.ts';
import type { Link, LinkSettings } from './link.ts';

export interface ShortLineHooks {
  /** Hears of each loss, and null when the line is up. */
  readonly report?: ((error: StoreError | null) => void) | undefined;
  /** Done on a new link before anyone else may use it; if it rejects, the link is given up. */
  readonly prepare?: (link: Link) => Promise<void>;
}

export class ShortLine {
  readonly #settings: LinkSettings;
  readonly #report: (error: StoreError | null) => void;
  readonly #prepare: (link: Link) => Promise<void>;
  readonly #world: World;
  #link: Link | null = null;
  #first: Promise<Link> | null = null;
  #timer: Timer | null = null;
  #delayMs = reconnectDelayMinMs;
  #ended = false;

  constructor(settings: LinkSettings, hooks: ShortLineHooks = {}, world: World = realWorld) {
    this.#settings = settings;
    this.#world = world;
    this.#report = hooks.report ?? (() => undefined);
    this.#prepare = hooks.prepare ?? (() => Promise.resolve());
  }

  get up(): boolean {
    return this.#link !== null;
  }

  async run<Input, Output>(statement: Statement<Input, Output>, input: Input): Promise<Output[]> {
    const link = this.#link ?? (await this.connected());
    return link.run(statement, input);
  }

  /** The link, if it is there or the first attempt brings it. Rejects with a StoreError. */
  connected(): Promise<Link> {
    if (this.#link !== null) return Promise.resolve(this.#link);
    if (this.#ended)
      return Promise.reject(new StoreError('STORE_UNAVAILABLE', 'the store was closed'));
    if (this.#timer !== null) {
      return Promise.reject(new StoreError('STORE_UNAVAILABLE', 'the database is away'));
    }
    this.#first ??= this.#connect();
    return this.#first;
  }

  async end(): Promise<void> {
    this.#ended = true;
    this.#timer?.cancel();
    const link = this.#link;
    this.#link = null;
    await link?.end();
  }

  async #connect(): Promise<Link> {
    try {
      const link = await this.#preparedLink();
      this.#timer = null;
      this.#link = link;
      this.#delayMs = reconnectDelayMinMs;
      link.onLost = (error) => this.#lost(error);
      this.#report(null);
      return link;
    } catch (error) {
      this.#retryLater();
      throw error;
    } finally {
      this.#first = null;
    }
  }

  async #preparedLink(): Promise<Link> {
    const link = await this.#world.connect(this.#settings);
    try {
      if (this.#ended) throw new StoreError('STORE_UNAVAILABLE', 'the store was closed');
      await this.#prepare(link);
      if (!link.open) throw new StoreError('STORE_UNAVAILABLE', 'the connection was lost at once');
      return link;
    } catch (error) {
      link.destroy();
      throw error;
    }
  }

  #lost(error: StoreError): void {
    this.#link = null;
    this.#report(error);
    this.#retryLater();
  }

  #retryLater(): void {
    if (this.#ended) return;
    const again = () => {
      this.#first = this.#connect();
      this.#first.catch((error: StoreError) => this.#report(error));
    };
    this.#timer = this.#world.after(this.#delayMs, again, true);
    this.#delayMs = Math.min(this.#delayMs * 2, reconnectDelayMaxMs);
  }
}
