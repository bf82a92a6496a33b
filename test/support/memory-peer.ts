/**
 * The first driver of transcripts: the protocol's sessions in memory, with maildrops in memory. No
 * connection, no clock, no database.
 *
 * Never: a shortcut past the session; an oracle taken from the package under test.
 */

import assert from 'node:assert/strict';
import { MemoryMaildrop, type MemoryMessage, SessionDriver } from '@poplar/protocol/testing';
import { type Letter, maildropNamed, newcomers } from './maildrops.ts';
import { apopTimestamp, MemoryDirectory, scramNames } from './memory-directory.ts';
import { MemoryLmtp } from './memory-lmtp.ts';
import { bytesOf, headerOctetsOf, normalised, wireForm } from './messages.ts';
import type { Peer } from './play.ts';
import { testSecret } from './test-database.ts';
import type { Party, Policy, Transcript } from './transcript.ts';
import { visible } from './wire-client.ts';

/** One conversation: octets in, what was said to them out. */
export interface Talk {
  readonly ended: boolean;
  greet(): string;
  send(octets: string): string;
  upgrade(): string;
}

const user = 'alice@example.org';

export function namesOf(address: string, secret: string): Map<string, string> {
  const domain = address.slice(address.indexOf('@') + 1);
  const plain = Buffer.from(`\0${address}\0${secret}`).toString('base64');
  return new Map([
    ['user', address],
    ['second', `bob@${domain}`],
    ['suspended', `sue@${domain}`],
    ['unknown', `nobody@${domain}`],
    ['domain', domain],
    ['secret', secret],
    ['plain', plain],
  ]);
}

/** The refusals that only the world around a session can cause. */
type Trouble = 'temporary' | 'disabled' | 'login-delay' | 'lock-lost';

function isLogin(kind: string): boolean {
  return kind === 'authenticate' || kind === 'scram-begin' || kind === 'scram-prove';
}

let lastId = 0;

function memoryMessage({ content, uidl }: Letter): MemoryMessage {
  const wire = wireForm(content);
  lastId += 1;
  const identity = Buffer.alloc(24, lastId);
  identity.writeBigUInt64BE(BigInt(lastId));
  return {
    wire,
    octets: normalised(content).length,
    headerOctets: headerOctetsOf(wire),
    identity,
    ...(uidl === undefined ? {} : { uidl }),
  };
}

export class MemoryPeer implements Peer {
  readonly names = new Map([...namesOf(user, testSecret), ...scramNames]);
  readonly letters: readonly Letter[];
  readonly #transcript: Transcript;
  readonly #policy: Policy;
  readonly #maildrop: MemoryMaildrop;
  readonly #before: readonly MemoryMessage[];
  readonly #talks = new Map<Party, Talk>();
  readonly #said = new Map<Party, string>();
  readonly #lmtp = new MemoryLmtp(this.names);
  #trouble: Trouble | null = null;

  constructor(transcript: Transcript, policy: Policy) {
    this.#transcript = transcript;
    this.#policy = policy;
    this.letters = maildropNamed(transcript.maildrop);
    this.#maildrop = new MemoryMaildrop(this.letters.map(memoryMessage));
    this.#before = this.#maildrop.messages;
  }

  async open(party: Party): Promise<void> {
    if (this.#talks.has(party)) return;
    const talk = this.#transcript.protocol === 'lmtp' ? this.#lmtp.connect() : this.#pop3();
    this.#talks.set(party, talk);
    const greeting = talk.greet();
    assert.match(greeting, this.#transcript.protocol === 'lmtp' ? /^220 .*\r\n$/ : /^\+OK .*\r\n$/);
  }

  async send(party: Party, octets: string): Promise<void> {
    this.#hear(party, this.#talk(party).send(octets));
  }

  async line(party: Party): Promise<string> {
    const said = this.#said.get(party) ?? '';
    return this.octets(party, said.indexOf('\n') + 1);
  }

  async octets(party: Party, count: number): Promise<string> {
    const said = this.#said.get(party) ?? '';
    this.#said.set(party, said.slice(count));
    return said.slice(0, count);
  }

  async upgrade(party: Party): Promise<void> {
    assert.equal(this.#said.get(party) ?? '', '', 'said in the clear behind +OK to STLS');
    this.#hear(party, this.#talk(party).upgrade());
  }

  async closed(party: Party): Promise<void> {
    assert.equal(this.#said.get(party) ?? '', '', 'said before closing');
    assert.ok(this.#talk(party).ended, 'the session is not over');
  }

  /** The client is gone: its lock is given back, as the pump of a connection does it. */
  async cut(party: Party): Promise<void> {
    this.#talks.delete(party);
    this.#maildrop.locked = false;
  }

  async act(name: string, argument: string): Promise<void> {
    if (name === 'deliver') {
      const letter = newcomers[argument];
      assert.ok(letter !== undefined, argument);
      this.#maildrop.deliver(memoryMessage(letter));
    } else if (name === 'expunge') {
      const message = this.#before[Number(argument) - 1];
      assert.ok(message !== undefined, argument);
      this.#maildrop.remove(new Set([message]));
    } else if (name === 'lose-lock') {
      this.#trouble = 'lock-lost';
      this.#lmtp.isDown = true;
    } else if (name === 'trouble') {
      const trouble = (['temporary', 'disabled', 'login-delay'] as const).find(
        (one) => one === argument,
      );
      this.#trouble = trouble ?? null;
      this.#lmtp.isDown = trouble === 'temporary';
    } else assert.fail(`unknown act: ${name}`);
  }

  async finish(transcript: Transcript): Promise<void> {
    const isOver = transcript.steps.some(({ kind }) => kind === 'close');
    for (const [party, talk] of this.#talks) {
      const said = this.#said.get(party) ?? '';
      assert.equal(said, '', `said and not expected: ${visible(said)}`);
      if (!isOver) assert.ok(!talk.ended, 'the session ended and was not expected to');
    }
    const gone = this.#before.flatMap((message, index) =>
      this.#maildrop.messages.includes(message) ? [] : [index + 1],
    );
    const expunged = transcript.steps.flatMap((step) =>
      step.kind === 'do' && step.act === 'expunge' ? [Number(step.argument)] : [],
    );
    assert.deepEqual(gone, [...transcript.flagged, ...expunged].sort(), 'flagged afterwards');
    assert.equal(this.#lmtp.stored, transcript.stored, 'stored afterwards');
  }

  #talk(party: Party): Talk {
    const talk = this.#talks.get(party);
    assert.ok(talk !== undefined, 'not connected');
    return talk;
  }

  #hear(party: Party, text: string): void {
    this.#said.set(party, (this.#said.get(party) ?? '') + text);
  }

  #pop3(): Talk {
    const { login } = this.#transcript;
    const secured = { clientCertificate: login.certificate, channelBinding: true };
    const driver = new SessionDriver({
      session: {
        tls: this.#policy === 'tls',
        stlsOffered: true,
        cleartextAllowed: this.#policy === 'plain',
        mechanisms: login.mechanisms,
        apopTimestamp: login.apop ? apopTimestamp : null,
        loginDelay: login.delay,
        oauthChallenge: { scope: 'pop', openidConfiguration: 'https://id.example.org/' },
        ...secured,
      },
      directory: new MemoryDirectory(user, testSecret),
      accounts: new Map([[user, { secret: testSecret, maildrop: this.#maildrop }]]),
      pieceOctets: 61,
      hold: ({ kind }) =>
        kind === 'start-tls' ||
        (kind === 'update' && this.#trouble === 'lock-lost') ||
        (isLogin(kind) && this.#trouble !== null && this.#trouble !== 'lock-lost'),
    });
    return {
      get ended() {
        return driver.ended !== null;
      },
      greet: () => driver.greet(),
      send: (octets) => driver.send(bytesOf(octets)) + this.#answerTrouble(driver),
      upgrade: () => driver.upgrade(secured),
    };
  }

  #answerTrouble(driver: SessionDriver): string {
    let said = '';
    while (driver.held !== null && driver.held.kind !== 'start-tls') {
      if (this.#trouble === null || this.#trouble === 'lock-lost') {
        said += driver.answer({ kind: 'not-updated' });
      } else said += driver.answer({ kind: 'refused', refusal: this.#trouble });
    }
    return said;
  }
}
