/**
 * Somebody who reads mail on any of the nodes: lists, retrieves, marks, changes its mind, and says QUIT or
 * is gone. It believes nothing but the replies it hears, and the witness learns what they were.
 *
 * Never: two sessions from one address.
 */

import type { Chance } from '../../simulation/chance.ts';
import { Pop3Client, type Pop3Reply } from '../../support/pop3-client.ts';
import { type TestMailbox, testSecret } from '../../support/test-database.ts';
import { contentOf, type Witness, type WitnessedSession } from './witness.ts';

export interface Place {
  readonly pop3: number;
  readonly lmtp: number;
}

export interface Life {
  readonly chance: Chance;
  readonly witness: Witness;
  readonly mailboxes: readonly TestMailbox[];
  /** Any node; what it says may fail. */
  readonly anyNode: () => Place;
  readonly isOver: () => boolean;
  readonly pauseFor: (ms: number) => Promise<unknown>;
}

type End = 'quit' | 'quit-and-go' | 'go';

/** A node that was stopped says nothing for longer. */
const patienceMs = 10_000;

export async function read(life: Life): Promise<void> {
  const { chance, mailboxes, anyNode, isOver, pauseFor } = life;
  while (!isOver()) {
    const end: End = chance.hit(0.6) ? 'quit' : chance.hit(0.5) ? 'go' : 'quit-and-go';
    const visit = { node: anyNode(), mailbox: chance.pick(mailboxes), end };
    await session(life, visit);
    await pauseFor(chance.between(0, chance.hit(0.2) ? 300 : 30));
  }
}

/** True when it was logged in and came to its end as it wanted. */
export async function session(
  life: Life,
  { node, mailbox, end }: { node: Place; mailbox: TestMailbox; end: End },
): Promise<boolean> {
  const { witness, chance } = life;
  const from = witness.freshAddress();
  let client: Pop3Client | null = null;
  try {
    client = await Pop3Client.connect({ port: node.pop3, from, patienceMs });
    await client.ok(`USER ${mailbox.address}`);
    const reply = await client.command(`PASS ${testSecret}`);
    if (!reply.ok) {
      refused(witness, reply);
      return false;
    }
    witness.counts.opened += 1;
    const talk = new Talk(life, client, { client: from, mailboxId: mailbox.mailboxId });
    await talk.use(chance.below(7));
    await talk.end(end);
    return true;
  } catch {
    // The connection ended, or was refused: what was said until then has been told.
    return false;
  } finally {
    client?.destroy();
  }
}

function refused(witness: Witness, { code, text }: Pop3Reply): void {
  if (code === 'IN-USE') witness.counts.inUse += 1;
  else if (code !== 'SYS/TEMP') witness.complaints.push(`a login was refused: [${code}] ${text}`);
}

/** One session, from its first command on. */
class Talk {
  readonly #life: Life;
  readonly #client: Pop3Client;
  readonly #session: WitnessedSession;
  readonly #marked = new Set<number>();
  /** As they were told first. */
  #uidls: string[] = [];
  #octets: number[] = [];
  /** A number from before the last command that was answered with +OK. */
  #aliveAt = 0;

  constructor(life: Life, client: Pop3Client, session: WitnessedSession) {
    this.#life = life;
    this.#client = client;
    this.#session = session;
  }

  async use(commands: number): Promise<void> {
    const { witness, chance } = this.#life;
    await this.#learn();
    try {
      for (let nth = 0; nth < commands; nth += 1) await this.#oneThing(chance.below(10));
    } catch (error) {
      witness.tell(this.#aliveAt, { kind: 'ending', session: this.#session });
      throw error;
    }
  }

  async end(end: End): Promise<void> {
    const { witness } = this.#life;
    const session = this.#session;
    // It may have been ended since then, and nobody would know.
    const overAt = this.#aliveAt;
    if (end === 'go') {
      witness.counts.dropped += 1;
      witness.tell(overAt, { kind: 'ending', session });
      return;
    }
    const number = await witness.mark();
    witness.tell(number, { kind: 'quits', session, numbers: [...this.#marked] });
    const isConfirmed = await this.#quit(end === 'quit').catch(() => false);
    witness.tell(isConfirmed ? number : overAt, { kind: 'ending', session });
    if (isConfirmed) {
      witness.counts.removed += this.#marked.size;
      await witness.heard({ kind: 'confirmed', session });
    } else if (this.#marked.size > 0) witness.counts.unconfirmed += 1;
  }

  /** True when it was answered with +OK. */
  async #quit(waits: boolean): Promise<boolean> {
    this.#client.wire.write('QUIT\r\n');
    if (!waits) return false;
    const { ok, code, text } = await this.#client.reply();
    if (!ok && code !== 'SYS/TEMP') this.#complain(`QUIT was refused: [${code}] ${text}`);
    return ok;
  }

  async #learn(): Promise<void> {
    this.#uidls = (await this.#client.listing('UIDL')).map((line) => line.split(' ')[1] ?? '?');
    this.#octets = (await this.#client.listing('LIST')).map((line) => Number(line.split(' ')[1]));
    this.#aliveAt = await this.#life.witness.mark();
    const uidls = this.#uidls;
    this.#life.witness.tell(this.#aliveAt, { kind: 'listed', session: this.#session, uidls });
    if (this.#octets.length !== uidls.length) this.#complain('LIST and UIDL differ in length');
  }

  async #oneThing(what: number): Promise<void> {
    const { witness, chance } = this.#life;
    const number = 1 + chance.below(Math.max(1, this.#uidls.length));
    const isThere = number <= this.#uidls.length && !this.#marked.has(number);
    const before = await witness.mark();
    if (what < 4 && isThere) {
      await this.#client.ok(`DELE ${number}`);
      this.#marked.add(number);
    } else if (what < 7 && isThere) await this.#retrieve(number);
    else if (what < 8) {
      await this.#client.ok('RSET');
      this.#marked.clear();
    } else await this.#list();
    this.#aliveAt = before;
  }

  async #retrieve(number: number): Promise<void> {
    const content = await this.#client.content(`RETR ${number}`);
    this.#life.witness.counts.retrieved += 1;
    const [, attempt = ''] = /\r\nSubject: attempt-(\d+)\r\n/.exec(content) ?? [];
    if (!content.endsWith(`\r\n${contentOf(Number(attempt))}`)) {
      this.#complain(`message ${number} is not what was sent: ${content.slice(-60)}`);
    }
    if (content.length !== this.#octets[number - 1]) {
      this.#complain(`LIST says ${this.#octets[number - 1]} octets, RETR has ${content.length}`);
    }
  }

  async #list(): Promise<void> {
    const lines = await this.#client.listing('UIDL');
    const uidls: (string | null)[] = this.#uidls.map(() => null);
    for (const line of lines) {
      const [number = '', uidl = ''] = line.split(' ');
      uidls[Number(number) - 1] = uidl;
    }
    const { witness } = this.#life;
    await witness.heard({ kind: 'uidls', session: this.#session, uidls });
    const expected = this.#uidls.filter((_, index) => !this.#marked.has(index + 1));
    if (lines.length !== expected.length) this.#complain('marked and listed do not add up');
  }

  #complain(what: string): void {
    this.#life.witness.complaints.push(`${this.#session.client}: ${what}`);
  }
}
