/**
 * Sizes beyond the usual through a real node: 100,000 messages, a maildrop of more than 4 GiB, one
 * message of 100 MB in and out.
 */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { residentOctets, residentPeak } from '../support/node-inspection.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { type RunningNode, startNode } from '../support/start-node.ts';
import { openTestDatabase, type TestDatabase, testSecret } from '../support/test-database.ts';

const megaoctet = 1_000_000;

describe('large maildrops', () => {
  let database: TestDatabase;
  let node: RunningNode;
  before(async () => {
    database = await openTestDatabase();
    node = await startNode({ databaseUrl: database.url });
  });
  after(async () => {
    await node.stop();
    await database.drop();
  });

  const login = async (address: string): Promise<Pop3Client> => {
    const client = await Pop3Client.connect({ port: node.pop3, patienceMs: 60_000 });
    await client.login(address, testSecret);
    return client;
  };

  /** Rows as deliveries would have made them, without as many deliveries. */
  const fill = async (address: string, messages: number, octets: number): Promise<void> => {
    const { mailboxId } = await database.addMailbox(address);
    await database.query(
      `insert into message (mailbox_id, message_id, guid, octets, wire_octets, header_octets, received_at)
       select $1, nextval('message_id_seq'), gen_random_uuid(), $3, $3, 14, now()
       from generate_series(1, $2)`,
      [mailboxId, messages, octets],
    );
    await database.query(
      `update maildrop set messages = $2, octets = $2::bigint * $3, version = version + 1
       where mailbox_id = $1`,
      [mailboxId, messages, octets],
    );
  };

  test('100,000 messages are listed completely, and the same again from memory', async () => {
    const count = 100_000;
    await fill('many@example.org', count, 20);
    for (const visit of ['first', 'second']) {
      const client = await login('many@example.org');
      assert.equal((await client.ok('STAT')).text, `${count} ${count * 20}`, visit);
      const sizes = await client.listing('LIST');
      assert.equal(sizes.length, count);
      assert.deepEqual([sizes[0], sizes[count - 1]], ['1 20', `${count} 20`]);
      const uidls = await client.listing('UIDL');
      const distinct = new Set(uidls.map((line) => line.slice(line.indexOf(' ') + 1)));
      assert.equal(distinct.size, count);
      for (const uidl of distinct) assert.equal(uidl.length, 32);
      await client.quit();
    }
  });

  test('DELE of all 100,000 and QUIT flag every row', async () => {
    const count = 100_000;
    const client = await login('many@example.org');
    const commands = Array.from({ length: count }, (_, i) => `DELE ${i + 1}\r\n`);
    client.wire.write(commands.join(''));
    for (let i = 0; i < count; i += 1) assert.ok((await client.reply()).ok);
    assert.equal((await client.ok('STAT')).text, '0 0');
    await client.quit();
    const [row] = await database.query(
      `select d.messages, d.octets,
              (select count(*) from message m where m.mailbox_id = d.mailbox_id
                 and m.deleted_at is null) as left
       from maildrop d join mailbox b using (mailbox_id) where b.address = $1`,
      ['many@example.org'],
    );
    assert.deepEqual([row?.messages, row?.octets, row?.left].map(Number), [0, 0, 0]);
  });

  test('more than 4 GiB in a maildrop and in one message are counted right', async () => {
    const octets = 3 * 1024 ** 3 + 1;
    await fill('heavy@example.org', 3, octets);
    const client = await login('heavy@example.org');
    assert.equal((await client.ok('STAT')).text, `3 ${octets * 3}`);
    assert.equal((await client.ok('LIST 3')).text, `3 ${octets}`);
    await client.ok('DELE 2');
    assert.equal((await client.ok('STAT')).text, `2 ${octets * 2}`);
    await client.quit();
    const [row] = await database.query(
      'select octets from maildrop join mailbox using (mailbox_id) where address = $1',
      ['heavy@example.org'],
    );
    assert.equal(Number(row?.octets), octets * 2);
  });

  test('a message of 100 MB comes in by LMTP and goes out as it came', {
    timeout: 90_000,
  }, async () => {
    const mailbox = await database.addMailbox('huge@example.org');
    const line = `${'abcdefghijklmnopqrstuvwxyz0123456789'.repeat(2)}\r\n`;
    const block = Buffer.from(line.repeat(10_000));
    const blocks = Math.ceil((100 * megaoctet) / block.length);
    const header = Buffer.from('Subject: huge\r\n\r\n');
    const sent = createHash('sha256').update(header);
    for (let i = 0; i < blocks; i += 1) sent.update(block);

    const before = residentOctets(node);
    const peak = await residentPeak(node, deliverBlocks(node.lmtp, { header, block, blocks }));
    assert.ok(peak - before < 400 * megaoctet, `the node grew by ${peak - before} octets`);
    assert.equal((await database.visible(mailbox)).length, 1);

    const client = await login(mailbox.address);
    const octets = Number((await client.ok('LIST 1')).text.split(' ')[1]);
    await client.ok('RETR 1');
    const traceOctets = octets - header.length - block.length * blocks;
    const got = createHash('sha256');
    await client.wire.octets(traceOctets);
    for (let left = octets - traceOctets; left > 0; ) {
      const piece = await client.wire.octets(Math.min(left, megaoctet));
      got.update(Buffer.from(piece, 'latin1'));
      left -= piece.length;
    }
    assert.equal(await client.wire.line(), '.');
    assert.equal(got.digest('hex'), sent.digest('hex'));
    const top = await client.content('TOP 1 1');
    assert.ok(top.endsWith(`Subject: huge\r\n\r\n${line}`));
    await client.quit();
  });
});

interface Blocks {
  readonly header: Buffer;
  readonly block: Buffer;
  readonly blocks: number;
}

/** A sender that keeps to the socket's pace and waits for the 250. */
async function deliverBlocks(port: number, { header, block, blocks }: Blocks): Promise<void> {
  const socket = connect({ host: '127.0.0.1', port });
  let said = '';
  socket.on('data', (bytes: Buffer) => {
    said += bytes.toString('latin1');
  });
  socket.write('LHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<huge@example.org>\r\nDATA\r\n');
  for (const piece of [header, ...Array.from({ length: blocks }, () => block)]) {
    if (!socket.write(piece)) await once(socket, 'drain');
  }
  socket.write('.\r\nQUIT\r\n');
  await once(socket, 'close');
  assert.match(said, /^250 2\.0\.0 .*\r\n221 /m);
}
