/**
 * Bodies and replies pass through memory that all clients of a worker share and that is used again at
 * once. Many clients with different messages, in the clear and under TLS, some of them too slow for what
 * they asked, some gone in the middle: each gets its own mail, octet for octet.
 */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { RawClient } from '../support/raw-client.ts';
import { type RunningNode, startNode } from '../support/start-node.ts';
import {
  openTestDatabase,
  type TestDatabase,
  type TestMailbox,
  testSecret,
} from '../support/test-database.ts';

const sizes = [60, 900, 4_000, 8_100, 8_300, 30_000, 50_000, 120_000, 131_000, 140_000, 700_000];
const mailboxCount = 8;
const manners: readonly Manner[] = ['plain', 'tls', 'slow', 'slow-tls', 'plain', 'gone'];
/** 48 MB: more than the buffers of both kernels take. */
const slowTimes = 40;
const rounds = process.env.POPLAR_TEST_SOAK === undefined ? 2 : 50;

let database: TestDatabase;
let node: RunningNode;
const mailboxes: TestMailbox[] = [];

const contents = new Map<string, string>();

function content(mailbox: number, message: number): string {
  const key = `${mailbox}/${message}`;
  const text = contents.get(key) ?? written(mailbox, message);
  contents.set(key, text);
  return text;
}

/** Every line says whose it is. */
function written(mailbox: number, message: number): string {
  const lines: string[] = [];
  const head = `Subject: ${mailbox}/${message}\r\n\r\n`;
  const octets = sizes[message] ?? 0;
  for (let at = head.length, line = 0; at < octets; line += 1) {
    const text = `mailbox ${mailbox} message ${message} line ${line}\r\n`;
    lines.push(text);
    at += text.length;
  }
  return head + lines.join('');
}

before(async () => {
  database = await openTestDatabase();
  for (let mailbox = 0; mailbox < mailboxCount; mailbox += 1) {
    const letters = sizes.map((_, message) => ({ content: content(mailbox, message) }));
    mailboxes.push(await database.addMailbox(`shared${mailbox}@example.org`, letters));
  }
  // One worker: all of them share.
  node = await startNode({
    databaseUrl: database.url,
    workers: 1,
    environment: { POPLAR_LOCK_WAIT_MS: '20000' },
  });
});
after(async () => {
  await node.stop();
  await database.drop();
});

interface Dialogue {
  readonly said: string;
  /** Hash and number of all octets the client is to hear, those before it included. */
  readonly heard: string;
  readonly octets: number;
}

/** What a client says after its login. */
function dialogue(mailbox: number, times: number, before: string): Dialogue {
  const said: string[] = [];
  const heard = createHash('sha256').update(before, 'latin1');
  let octets = before.length;
  const hear = (text: string): void => {
    heard.update(text, 'latin1');
    octets += text.length;
  };
  for (let time = 0; time < times; time += 1) {
    for (const [message] of sizes.entries()) {
      const text = content(mailbox, message);
      said.push(`RETR ${message + 1}\r\n`);
      hear(`+OK ${text.length} octets\r\n${text}.\r\n`);
      said.push(`TOP ${message + 1} 0\r\nNOOP\r\n`);
      hear(`+OK\r\n${text.slice(0, text.indexOf('\r\n\r\n') + 4)}.\r\n+OK\r\n`);
    }
  }
  return { said: said.join(''), heard: heard.digest('hex'), octets };
}

type Manner = 'plain' | 'tls' | 'slow' | 'slow-tls' | 'gone';

interface Conversation {
  readonly client: RawClient;
  readonly dialogue: Dialogue;
}

/** Logs in and asks for all. Those who are slow ask for more than the kernel holds, and do not read. */
async function begin(mailbox: number, manner: Manner): Promise<Conversation> {
  const port = manner.endsWith('tls') ? node.pop3s : node.pop3;
  const client = await RawClient.connect(port === node.pop3 ? { port } : { port, tls: {} });
  client.write(`USER ${mailboxes[mailbox]?.address}\r\nPASS ${testSecret}\r\n`);
  await client.until(() => client.text.split('\r\n').length > 3, 30_000);
  const isSlow = manner.startsWith('slow');
  const all = dialogue(mailbox, isSlow ? slowTimes : 1, client.text);
  if (isSlow) client.stopReading();
  client.write(all.said);
  return { client, dialogue: all };
}

async function end({ client, dialogue: all }: Conversation, who: string): Promise<void> {
  client.goOn();
  await client.until(() => client.octets >= all.octets, 30_000);
  assert.equal(client.octets, all.octets, who);
  assert.equal(client.hash.copy().digest('hex'), all.heard, who);
  client.write('QUIT\r\n');
  await client.closed();
}

async function cutShort({ client }: Conversation): Promise<void> {
  await client.until(() => client.octets > 100_000, 30_000);
  client.reset();
}

test('each client gets its own mail, whatever the others do', async () => {
  for (let round = 0; round < rounds; round += 1) {
    const slow: { conversation: Conversation; who: string }[] = [];
    await Promise.all(
      mailboxes.map(async ({ address }, mailbox) => {
        const manner = manners[(mailbox + round) % manners.length] ?? 'plain';
        const who = `${address}, ${manner}`;
        const conversation = await begin(mailbox, manner);
        if (manner.startsWith('slow')) slow.push({ conversation, who });
        else if (manner === 'gone') await cutShort(conversation);
        else await end(conversation, who);
      }),
    );
    // All this time their mail has waited in memory that the others were not to be given.
    await Promise.all(slow.map(({ conversation, who }) => end(conversation, who)));
  }
});
