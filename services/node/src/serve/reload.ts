/**
 * What SIGHUP does: certificates and the settings that may change while a node runs are read again and
 * handed to the workers, without a connection being touched. Beside the settings stands what an administrator ordered
 * for a while: the level of the log (`poplar node log-level`), which a reload does not end.
 *
 * The two halves stand alone: a file of settings with a mistake in it does not keep a renewed
 * certificate out, nor the other way round. Each half is taken whole or not at all, and the log says
 * what was taken, what waits for the next start, and what is wrong.
 *
 * Never: a node that ends because of what it reads here; two reloads at the same time.
 */

import {
  type CertificateSet,
  type Config,
  type Log,
  type LogLevel,
  loadCertificates,
  type ReloadedParts,
  reloadConfig,
} from '@poplar/runtime';

export interface ReloadParts {
  /** As it was read at the start, and as it runs: with its ports resolved. */
  readonly asked: Config;
  readonly running: Config;
  readonly certificates: CertificateSet;
  readonly readConfig: () => Config;
  /** Who takes over what was read, and the level of the log. */
  readonly workers: {
    reload(reloaded: ReloadedParts): void;
    setLogLevel(logLevel: LogLevel): void;
  };
  readonly log: Log;
}

export class Reload {
  readonly #parts: ReloadParts;
  #asked: Config;
  #config: Config;
  #certificates: CertificateSet;
  /** Of the log; null: as the settings say. */
  #ordered: LogLevel | null = null;
  #last: Promise<void> = Promise.resolve();

  constructor(parts: ReloadParts) {
    this.#parts = parts;
    this.#asked = parts.asked;
    this.#config = parts.running;
    this.#certificates = parts.certificates;
  }

  /** What is in force now. */
  get config(): Config {
    return this.#config;
  }

  get certificates(): CertificateSet {
    return this.#certificates;
  }

  /** What an administrator wants now, again and again; null: nothing. */
  heardLogLevel(ordered: LogLevel | null): void {
    if (ordered === this.#ordered) return;
    this.#ordered = ordered;
    const { log, workers } = this.#parts;
    const { logLevel } = this.#inForce();
    // Said while the level is the one that was ordered, which says more as a rule.
    if (ordered === null) log.warn({ logLevel }, 'the log is what the settings say again');
    log.setLevel(logLevel);
    if (ordered !== null) log.warn({ logLevel }, 'this node was told to log at this level');
    workers.setLogLevel(logLevel);
  }

  /** Does not reject. */
  now(): Promise<void> {
    this.#last = this.#last.then(() => this.#reload());
    return this.#last;
  }

  async #reload(): Promise<void> {
    const { log, workers } = this.#parts;
    const wanted = this.#readSettings();
    try {
      this.#certificates = await loadCertificates(wanted);
      this.#config = wanted;
      log.info({}, 'certificates reloaded');
    } catch (error) {
      log.error({}, 'certificates not reloaded, the old ones stay', error);
      this.#config = Object.freeze({ ...wanted, tls: this.#config.tls });
    }
    const config = this.#inForce();
    log.setLevel(config.logLevel);
    workers.reload({ certificates: this.#certificates, config });
  }

  #inForce(): Config {
    const ordered = this.#ordered;
    return ordered === null ? this.#config : Object.freeze({ ...this.#config, logLevel: ordered });
  }

  #readSettings(): Config {
    const { log, readConfig } = this.#parts;
    try {
      const asked = readConfig();
      const running = this.#config;
      const reloaded = reloadConfig({ running, former: this.#asked, asked });
      const { config, changed, waiting, hidden } = reloaded;
      this.#asked = asked;
      log.info({ changed: changed.join(', ') }, 'settings reloaded');
      if (waiting.length > 0) {
        log.warn({ waiting: waiting.join(', ') }, 'these settings wait for the next start');
      }
      if (hidden.length > 0) {
        log.warn(
          { hidden: hidden.join(', ') },
          'these settings changed in the file, but their variables count',
        );
      }
      return config;
    } catch (error) {
      log.error({}, 'settings not reloaded, the old ones stay', error);
      return this.#config;
    }
  }
}
