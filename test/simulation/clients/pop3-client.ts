/**
 * Somebody who reads mail: logs in somewhere, lists, marks, changes its mind, and says QUIT, goes, or
 * vanishes. It believes nothing but the replies it hears, and tells the judge what they were.
 */

import type { Pop3Worker } from '../cluster/pop3-worker.ts';
import type { Wire } from '../cluster/wire.ts';
import type { History } from '../history.ts';
import type { Stage } from '../stage.ts';

export interface Pop3ClientOptions {
  readonly mailboxIds: readonly string[];
  readonly history: History;
  /** A worker that takes connections; null when there is none. */
  readonly anyWorker: () => Pop3Worker | null;
  readonly untilMs: number;
}

type End = 'quit' | 'close' | 'vanish';

export class Pop3Client {
  readonly #stage: Stage;
  readonly #options: Pop3ClientOptions;

  constructor(stage: Stage, options: Pop3ClientOptions) {
    this.#stage = stage;
    this.#options = options;
  }

  /** Session after session. */
  async live(): Promise<void> {
    const { chance, schedule } = this.#stage;
    const { mailboxIds, anyWorker, untilMs } = this.#options;
    while (schedule.nowMs < untilMs) {
      await schedule.pauseFor(chance.between(5, chance.hit(0.3) ? 8_000 : 600));
      const worker = anyWorker();
      if (worker === null || schedule.nowMs >= untilMs) continue;
      const end: End = chance.hit(0.6) ? 'quit' : chance.hit(0.5) ? 'close' : 'vanish';
      await this.session(worker, chance.pick(mailboxIds), end);
    }
  }

  /** True when it was logged in. */
  async session(worker: Pop3Worker, mailboxId: string, end: End): Promise<boolean> {
    const { wire, connection } = worker.accept();
    const { chance } = this.#stage;
    const isLoggedIn = await this.#logIn(wire, mailboxId);
    const { token } = connection;
    if (!isLoggedIn || token === null) {
      wire.close();
      return false;
    }
    const talk = new Talk(this.#stage, this.#options.history, { wire, token });
    const isThere = await talk.use(chance.below(5));
    if (!isThere) return true;
    if (end === 'quit') await talk.quit(chance.hit(0.15) ? chance.between(0, 30) : null);
    else if (end === 'close') wire.close();
    else wire.vanish();
    return true;
  }

  async #logIn(wire: Wire, mailboxId: string): Promise<boolean> {
    if ((await wire.line()) === null) return false;
    wire.send(`USER ${mailboxId}\r\n`);
    if (!isOk(await wire.line())) return false;
    wire.send('PASS secret\r\n');
    return isOk(await wire.line());
  }
}

function isOk(line: string | null): boolean {
  return line?.startsWith('+OK') ?? false;
}

/** One session, from its first command on. */
class Talk {
  readonly #stage: Stage;
  readonly #history: History;
  readonly #wire: Wire;
  readonly #token: string;
  readonly #marked = new Set<number>();
  /** Messages that LIST named first. */
  #count = -1;

  constructor(stage: Stage, history: History, of: { wire: Wire; token: string }) {
    this.#stage = stage;
    this.#history = history;
    this.#wire = of.wire;
    this.#token = of.token;
  }

  /** False when the connection ended. */
  async use(commands: number): Promise<boolean> {
    const { chance, schedule } = this.#stage;
    if (!(await this.#list())) return false;
    if (chance.hit(0.7) && !(await this.#uidl())) return false;
    for (let nth = 0; nth < commands; nth += 1) {
      if (chance.hit(0.3)) {
        await schedule.pauseFor(chance.between(1, chance.hit(0.2) ? 25_000 : 500));
      }
      if (!(await this.#oneThing())) return false;
    }
    return true;
  }

  /** @param patienceMs it may go before it hears the reply */
  async quit(patienceMs: number | null): Promise<void> {
    this.#history.quits(this.#token, [...this.#marked]);
    this.#wire.send('QUIT\r\n');
    if (patienceMs !== null) {
      await this.#stage.schedule.pauseFor(patienceMs);
      this.#wire.close();
      return;
    }
    const line = await this.#wire.line();
    if (isOk(line)) this.#history.confirmed(this.#token);
    else if (this.#marked.size > 0) this.#history.refusedQuit();
    this.#wire.close();
  }

  async #oneThing(): Promise<boolean> {
    const { chance } = this.#stage;
    const what = chance.below(10);
    if (what < 6 && this.#count > 0) return this.#dele(1 + chance.below(this.#count));
    if (what < 7) return this.#rset();
    if (what < 8) return this.#uidl();
    return this.#list();
  }

  async #dele(number: number): Promise<boolean> {
    const line = await this.#say(`DELE ${number}`);
    if (isOk(line)) this.#marked.add(number);
    return line !== null;
  }

  async #rset(): Promise<boolean> {
    const line = await this.#say('RSET');
    if (isOk(line)) this.#marked.clear();
    return line !== null;
  }

  async #list(): Promise<boolean> {
    const lines = await this.#sayMany('LIST');
    if (lines === null) return false;
    const numbers = lines.map((line) => Number(line.slice(0, line.indexOf(' '))));
    if (this.#count < 0) this.#count = numbers.length;
    const expected = this.#unmarked();
    if (numbers.join() !== expected.join()) {
      this.#history.broken('numbers-stand', `LIST says ${numbers.join()}, not ${expected.join()}`);
    }
    return true;
  }

  async #uidl(): Promise<boolean> {
    const lines = await this.#sayMany('UIDL');
    if (lines === null) return false;
    const uidls: (string | null)[] = Array.from({ length: this.#count }, () => null);
    for (const line of lines) {
      const [number = '', uidl = ''] = line.split(' ');
      uidls[Number(number) - 1] = uidl;
    }
    this.#history.uidls(this.#token, uidls);
    return true;
  }

  #unmarked(): number[] {
    const numbers: number[] = [];
    for (let number = 1; number <= this.#count; number += 1) {
      if (!this.#marked.has(number)) numbers.push(number);
    }
    return numbers;
  }

  #say(command: string): Promise<string | null> {
    this.#wire.send(`${command}\r\n`);
    return this.#wire.line();
  }

  /** Null when it was refused or the connection ended. */
  async #sayMany(command: string): Promise<string[] | null> {
    const first = await this.#say(command);
    if (!isOk(first)) return this.#giveUp();
    const lines: string[] = [];
    for (;;) {
      const line = await this.#wire.line();
      if (line === null) return this.#giveUp();
      if (line === '.') return lines;
      lines.push(line);
    }
  }

  #giveUp(): null {
    this.#wire.close();
    return null;
  }
}
