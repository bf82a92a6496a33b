/**
 * The second driver of transcripts: connections to a real node, and a look into its database when the
 * conversation is over.
 *
 * Never: a mailbox that another transcript has used.
 */

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Letter, maildropNamed, newcomers } from './maildrops.ts';
import { namesOf } from './memory-peer.ts';
import type { Peer } from './play.ts';
import type { RunningNode } from './start-node.ts';
import { type TestDatabase, type TestMailbox, testSecret } from './test-database.ts';
import type { Party, Policy, Transcript } from './transcript.ts';
import { WireClient } from './wire-client.ts';

export interface NetworkPeerOptions {
  readonly transcript: Transcript;
  readonly policy: Policy;
  readonly node: RunningNode;
  readonly database: TestDatabase;
}

let domains = 0;

export class NetworkPeer implements Peer {
  readonly names: ReadonlyMap<string, string>;
  readonly letters: readonly Letter[];
  readonly #options: NetworkPeerOptions;
  readonly #mailbox: TestMailbox;
  readonly #before: readonly bigint[];
  readonly #clients = new Map<Party, WireClient>();

  private constructor(options: NetworkPeerOptions, mailbox: TestMailbox, before: bigint[]) {
    this.#options = options;
    this.#mailbox = mailbox;
    this.#before = before;
    this.names = namesOf(mailbox.address, testSecret);
    this.letters = maildropNamed(options.transcript.maildrop);
  }

  /** Makes mailboxes of its own in a domain of its own. */
  static async make(options: NetworkPeerOptions): Promise<NetworkPeer> {
    const { database, transcript } = options;
    domains += 1;
    const domain = `t${domains}.example.org`;
    const letters = maildropNamed(transcript.maildrop);
    const mailbox = await database.addMailbox(`alice@${domain}`, letters);
    const needs = (name: string): boolean =>
      transcript.steps.some((step) => step.kind === 'send' && step.text.includes(`{${name}}`));
    if (needs('second')) await database.addMailbox(`bob@${domain}`);
    if (needs('suspended')) {
      const { address } = await database.addMailbox(`sue@${domain}`);
      await database.store.directory.setMailboxStatus({ address, status: 'suspended' });
    }
    return new NetworkPeer(options, mailbox, await database.visible(mailbox));
  }

  async open(party: Party): Promise<void> {
    if (this.#clients.has(party)) return;
    const { node, policy, transcript } = this.#options;
    const isLmtp = transcript.protocol === 'lmtp';
    const port = isLmtp ? node.lmtp : policy === 'tls' ? node.pop3s : node.pop3;
    const ca = policy === 'tls' ? { ca: node.ca } : {};
    const client = await WireClient.connect({ port, ...ca, patienceMs: 8_000 });
    this.#clients.set(party, client);
    assert.match(await client.line(), isLmtp ? /^220 / : /^\+OK /);
  }

  async send(party: Party, octets: string): Promise<void> {
    this.#client(party).write(octets);
  }

  async line(party: Party): Promise<string> {
    return `${await this.#client(party).line(2 ** 20)}\r\n`;
  }

  octets(party: Party, count: number): Promise<string> {
    return this.#client(party).octets(count);
  }

  upgrade(party: Party): Promise<void> {
    return this.#client(party).startTls(this.#options.node.ca);
  }

  async closed(party: Party): Promise<void> {
    await this.#client(party).closed();
  }

  async cut(party: Party): Promise<void> {
    this.#client(party).destroy();
    this.#clients.delete(party);
  }

  async act(name: string, argument: string): Promise<void> {
    const { database } = this.#options;
    if (name === 'deliver') {
      const letter = newcomers[argument];
      assert.ok(letter !== undefined, argument);
      await database.deliver(this.#mailbox, letter);
    } else if (name === 'expunge') {
      const messageId = this.#before[Number(argument) - 1];
      assert.ok(messageId !== undefined, argument);
      await database.expunge(this.#mailbox, messageId);
    } else if (name === 'lose-lock') {
      await database.loseLock(this.#mailbox);
    } else if (name === 'trouble' && argument === 'disabled') {
      const { address } = this.#mailbox;
      await database.store.directory.setMailboxStatus({ address, status: 'suspended' });
    } else assert.fail(`unknown act: ${name} ${argument}`);
  }

  async finish(transcript: Transcript): Promise<void> {
    for (const client of this.#clients.values()) {
      // What was said too much is on its way, or has come.
      if (client.pendingOctets === 0) await sleep(1);
      if (client.pendingOctets > 0) client.fail(`${client.pendingOctets} octets too many`);
    }
    const visible = await this.#options.database.visible(this.#mailbox);
    const gone = this.#before.flatMap((id, index) => (visible.includes(id) ? [] : [index + 1]));
    const expunged = transcript.steps.flatMap((step) =>
      step.kind === 'do' && step.act === 'expunge' ? [Number(step.argument)] : [],
    );
    assert.deepEqual(gone, [...transcript.flagged, ...expunged].sort(), 'flagged afterwards');
    if (transcript.protocol === 'lmtp') {
      const added = visible.filter((id) => !this.#before.includes(id)).length;
      assert.equal(added, transcript.stored, 'stored afterwards');
    }
  }

  /** The whole conversation, for a message of failure. */
  record(): string {
    return [...this.#clients.values()].map(({ seen }) => seen.join('\n')).join('\n---\n');
  }

  /** Call it whatever happened. */
  end(): void {
    for (const client of this.#clients.values()) client.destroy();
  }

  #client(party: Party): WireClient {
    const client = this.#clients.get(party);
    assert.ok(client !== undefined, 'not connected');
    return client;
  }
}
