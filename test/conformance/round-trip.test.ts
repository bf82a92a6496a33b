/**
 * Every message of the corpus through a real node: in over LMTP, out over POP3, in the clear and
 * under TLS. What comes out is what went in behind three trace lines, with CRLF ends of line; LIST
 * says its octets (RFC 1939 §11), and UIDL is what the database knows it by.
 */

import assert from 'node:assert/strict';
import { after, before, describe, type TestContext, test } from 'node:test';
import { asSent, LmtpClient } from '../support/lmtp-client.ts';
import { nastyMessages, normalised, topOf, unstuffed } from '../support/messages.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { type RunningNode, startNode } from '../support/start-node.ts';
import {
  openTestDatabase,
  type TestDatabase,
  type TestMailbox,
  testSecret,
} from '../support/test-database.ts';

/** What this node puts before a message, and no more. */
const trace =
  /^Return-Path: <ann@example\.net>\r\nDelivered-To: alice@example\.org\r\nReceived: (?:.*\r\n)(?:[ \t].*\r\n)*/;

describe('a real node', () => {
  let database: TestDatabase;
  let node: RunningNode;
  let mailbox: TestMailbox;
  before(async () => {
    database = await openTestDatabase();
    node = await startNode({ databaseUrl: database.url });
    mailbox = await database.addMailbox('alice@example.org');
    const client = await LmtpClient.connect({ port: node.lmtp });
    for (const { content } of nastyMessages) {
      await client.delivered({ from: 'ann@example.net', to: [mailbox.address], content });
    }
    await client.quit();
  });
  after(async () => {
    await node.stop();
    await database.drop();
  });

  for (const transport of ['clear', 'tls', 'stls'] as const) {
    async function login(context: TestContext): Promise<Pop3Client> {
      const client = await Pop3Client.connect(
        transport === 'tls' ? { port: node.pop3s, ca: node.ca } : { port: node.pop3 },
      );
      context.after(() => client.destroy());
      if (transport === 'stls') await client.stls(node.ca);
      await client.login(mailbox.address, testSecret);
      return client;
    }

    test(`RETR gives back every message (${transport})`, async (context) => {
      const client = await login(context);
      for (const [index, { name, content }] of nastyMessages.entries()) {
        const text = await client.content(`RETR ${index + 1}`);
        const [lines = ''] = trace.exec(text) ?? [];
        assert.notEqual(lines, '', `${name}: trace lines`);
        assert.ok(text === lines + normalised(asSent(content)), name);
        const { text: listed } = await client.ok(`LIST ${index + 1}`);
        assert.equal(listed, `${index + 1} ${text.length}`, name);
      }
      await client.quit();
      assert.equal((await database.visible(mailbox)).length, nastyMessages.length);
    });

    test(`TOP gives the beginning of every message (${transport})`, async (context) => {
      const client = await login(context);
      for (const [index, { name }] of nastyMessages.entries()) {
        const text = await client.content(`RETR ${index + 1}`);
        for (const bodyLines of [0, 1, 3, 100_000]) {
          const top = await client.content(`TOP ${index + 1} ${bodyLines}`);
          assert.ok(top === unstuffed(topOf(text, bodyLines)), `${name}: TOP ${bodyLines}`);
        }
      }
      await client.quit();
    });

    test(`LIST, STAT and UIDL agree with the database (${transport})`, async (context) => {
      const client = await login(context);
      const stored = await database.store.directory.messagesOf({
        mailboxId: mailbox.mailboxId,
        limit: 100,
      });
      const sum = stored.reduce((octets, message) => octets + message.octets, 0);
      assert.equal((await client.ok('STAT')).text, `${stored.length} ${sum}`);
      assert.equal((await client.ok('LIST')).text, `${stored.length} messages (${sum} octets)`);
      const list = (await client.wire.bodyUntilDot()).split('\r\n').slice(0, -1);
      assert.deepEqual(
        list,
        stored.map(({ octets }, index) => `${index + 1} ${octets}`),
      );
      const uidls = stored.map(({ messageId, guid }, index) => {
        const identity = Buffer.alloc(24);
        identity.writeBigInt64BE(messageId);
        identity.write(guid.replaceAll('-', ''), 8, 'hex');
        return `${index + 1} ${identity.toString('base64')}`;
      });
      assert.deepEqual(await client.listing('UIDL'), uidls);
      await client.quit();
    });
  }
});
