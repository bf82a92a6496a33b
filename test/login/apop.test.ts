/**
 * APOP over the network: a secret that the command stored, a digest that the client computed.
 */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { addMarkedMailbox, assertOpened, assertRefused, leave } from '../support/login-witness.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { poplar } from '../support/poplar-command.ts';
import { type RunningNode, startNode } from '../support/start-node.ts';
import { openTestDatabase, type TestDatabase, testSecret } from '../support/test-database.ts';

const ann = 'ann@example.org';
const bob = 'bob@example.org';
const shared = 'tan staaf';

let database: TestDatabase;
let node: RunningNode;
let plain: RunningNode;

before(async () => {
  database = await openTestDatabase();
  for (const address of [ann, bob]) await addMarkedMailbox(database, address);
  const databaseUrl = database.url;
  [node, plain] = await Promise.all([
    startNode({
      databaseUrl,
      environment: { POPLAR_AUTH_APOP: 'on', POPLAR_AUTH_DEFAULT_DOMAIN: 'example.org' },
    }),
    startNode({ databaseUrl, workers: 1, environment: { POPLAR_LISTEN_LMTP: '' } }),
  ]);
  await poplar(database.url, ['mailbox', 'apop', ann, '--password-stdin'], `${shared}\n`);
});
after(async () => {
  await Promise.all([node.stop(), plain.stop()]);
  await database.drop();
});

function timestampOf(client: Pop3Client): string {
  const [timestamp] = /<[!-~]+@[!-~]+>$/.exec(client.greeting.text) ?? [];
  if (timestamp === undefined) client.wire.fail('no timestamp in the greeting');
  return timestamp;
}

/** RFC 1939 §7: MD5 of the timestamp, its angle brackets included, and the secret. */
function digest(timestamp: string, secret: string): string {
  return createHash('md5').update(`${timestamp}${secret}`).digest('hex');
}

async function refused(name: string, secret: string): Promise<void> {
  const client = await Pop3Client.connect({ port: node.pop3 });
  const reply = await client.command(`APOP ${name} ${digest(timestampOf(client), secret)}`);
  await assertRefused(database, reply);
  client.destroy();
}

describe('APOP', () => {
  test('opens by every name of the mailbox, in the clear and under TLS', async () => {
    for (const name of [ann, 'ann', 'ANN@EXAMPLE.ORG', 'example.org\\ann']) {
      const client = await Pop3Client.connect({ port: node.pop3 });
      await client.ok(`APOP ${name} ${digest(timestampOf(client), shared)}`);
      await assertOpened(database, client, ann);
      await leave(database, client);
    }
    const { pop3, pop3s, ca } = node;
    const secured = await Pop3Client.connect({ port: pop3s, ca });
    await secured.ok(`APOP ${ann} ${digest(timestampOf(secured), shared)}`);
    await leave(database, secured);
    const client = await Pop3Client.connect({ port: pop3 });
    await client.stls(ca);
    await client.ok(`APOP ${ann} ${digest(timestampOf(client), shared)}`);
    await assertOpened(database, client, ann);
    await leave(database, client);
  });

  test('does not open by another secret, nor by the password', async () => {
    for (const secret of ['tanstaaf', '', testSecret]) await refused(ann, secret);
  });

  test('does not open what has no secret for it, nor what is not there', async () => {
    for (const name of [bob, 'nobody@example.org', `${ann}/${bob}`, 'bob*ann']) {
      for (const secret of [shared, '', '-', testSecret]) await refused(name, secret);
    }
  });

  test('a digest that was overheard is worth nothing on another connection', async () => {
    const first = await Pop3Client.connect({ port: node.pop3 });
    const overheard = digest(timestampOf(first), shared);
    await first.ok(`APOP ${ann} ${overheard}`);
    await leave(database, first);
    for (let tries = 0; tries < 3; tries += 1) {
      const client = await Pop3Client.connect({ port: node.pop3 });
      assert.notEqual(timestampOf(client), timestampOf(first));
      await assertRefused(database, await client.command(`APOP ${ann} ${overheard}`));
      client.destroy();
    }
  });

  test('ends with its secret, at once', async () => {
    await poplar(database.url, ['mailbox', 'apop', bob, '--password-stdin'], 'for a while\n');
    const client = await Pop3Client.connect({ port: node.pop3 });
    await client.ok(`APOP ${bob} ${digest(timestampOf(client), 'for a while')}`);
    await assertOpened(database, client, bob);
    await leave(database, client);
    await poplar(database.url, ['mailbox', 'apop', bob, '--off']);
    await refused(bob, 'for a while');
  });

  test('is not there where it is off', async () => {
    const client = await Pop3Client.connect({ port: plain.pop3 });
    assert.doesNotMatch(client.greeting.text, /[<>]/);
    const reply = await client.command(`APOP ${ann} ${digest('', shared)}`);
    assert.equal(reply.ok, false);
    assert.deepEqual(await database.locked(), []);
    client.destroy();
  });
});
